// Two orders of looking at a clip give two results, and the router chooses between them.
#include <algorithm>
#include <cstdio>
#include <utility>

#include "engine/ops.h"

using namespace mdn;

namespace {

/// Stands for a transformer: adds to every token how far it lies above the mean along an axis. Like
/// attention, it lets the tokens of one axis see each other, and it is not linear.
Tensor look(const Tensor& x, bool along_frames) {
    const int64_t frames = x.dim(1), entities = x.dim(2);
    Tensor y = empty_like(x);
    const float* in = x.data<float>();
    for (int64_t i = 0; i < x.numel(); ++i) {
        const int64_t t = i / entities, k = i % entities;
        const int64_t length = along_frames ? frames : entities;
        float sum = 0;
        for (int64_t n = 0; n < length; ++n)
            sum += along_frames ? in[n * entities + k] : in[t * entities + n];
        y.data<float>()[i] = in[i] + std::max(0.f, in[i] - sum / static_cast<float>(length));
    }
    return y;
}

/// The two entities in the last frame.
void print(const char* name, const Tensor& x) {
    const float* last = x.data<float>() + x.numel() - 2;
    std::printf("  %-20s %6.2f %6.2f\n", name, last[0], last[1]);
}

}  // namespace

int main() {
    // One clip, 3 frames, 2 entities of one number each: a hand that moves, a torso that does not.
    const Tensor moving = Tensor::from<float>({0, 1, 4, 1, 8, 1}, {1, 3, 2, 1});
    const Tensor frozen = Tensor::from<float>({8, 1, 8, 1, 8, 1}, {1, 3, 2, 1});
    for (const auto& [name, x] : {std::pair{"moving", moving}, std::pair{"frozen", frozen}}) {
        std::printf("%s, last frame        hand  torso\n", name);
        print("space, then time", look(look(x, false), true));
        print("time, then space", look(look(x, true), false));
    }

    std::printf("\nThe router's logits are 1 for ST and 0 for TS:\n");
    const Tensor logits = Tensor::from<float>({1, 0}, {1, 1, 2});
    for (const double temperature : {10.0, 1.0, 0.1}) {
        const Tensor alpha = softmax(logits, temperature);
        std::printf("temperature %4.1f: %.2f of ST, %.2f of TS\n", temperature,
                    alpha.data<float>()[0], alpha.data<float>()[1]);
    }
}
