// Attention along the entities of a frame and along the frames of an entity, and what the scale and
// the largest score are good for.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "engine/ops.h"

using namespace mdn;

namespace {

const int64_t frames = 3, entities = 2;

void print_row(const double* numbers, int64_t count) {
    for (int64_t i = 0; i < count; ++i) std::printf(" %5.2f", numbers[i]);
    std::printf("\n");
}

/// The largest weight of a softmax over 8 random products of width `width`, on average.
double largest_weight(int64_t width, double scale) {
    Random random(1);
    double sum = 0;
    for (int i = 0; i < 200; ++i) {
        const Tensor q = random.normal_tensor({1, width}, 1, DType::f64),
                     k = random.normal_tensor({8, width}, 1, DType::f64);
        double largest = 0;
        for (const double weight : softmax(matmul_nt(q, k, scale)).to_vector<double>())
            largest = std::max(largest, weight);
        sum += largest / 200;
    }
    return sum;
}

}  // namespace

int main() {
    // One clip, 3 frames, 2 entities: a hand that goes from (2, 0) to (0, 2) and back, and a torso
    // that stays at (0, 1). Each token is its own query, key and value.
    const char* entity[] = {"hand", "torso"};
    const Tensor x =
        Tensor::from<double>({2, 0, 0, 1, 0, 2, 0, 1, 2, 0, 0, 1}, {1, frames, entities, 2});
    const Tensor qkv = concat(concat(x, x), x);
    Tensor weights;

    attention(qkv, 1, TokenAxis::entities, &weights);
    std::printf("Along entities, to    hand torso\n");
    for (int t = 0; t < frames; ++t)
        for (int k = 0; k < entities; ++k) {
            std::printf("  t = %d, %-5s      ", t, entity[k]);
            print_row(weights.data<double>() + (t * entities + k) * entities, entities);
        }

    attention(qkv, 1, TokenAxis::frames, &weights);
    std::printf("Along frames, to     t = 0     1     2\n");
    for (int k = 0; k < entities; ++k)
        for (int t = 0; t < frames; ++t) {
            std::printf("  %-5s at t = %d    ", entity[k], t);
            print_row(weights.data<double>() + (k * frames + t) * frames, frames);
        }

    std::printf("\nThe largest of 8 weights, random q and k\n");
    std::printf("  width   not scaled   scaled by 1/sqrt(width)\n");
    for (const int64_t wide : {4, 64, 1024})
        std::printf("  %5d %12.2f %25.2f\n", static_cast<int>(wide), largest_weight(wide, 1),
                    largest_weight(wide, 1 / std::sqrt(static_cast<double>(wide))));

    const double scores[] = {1000, 1001, 1002};
    double naive[3], sum = 0;
    for (int i = 0; i < 3; ++i) sum += naive[i] = std::exp(scores[i]);
    std::printf("\nThe softmax of 1000, 1001, 1002\n");
    std::printf("  exp(1000) is %g, and the first weight %s\n", naive[0],
                std::isnan(naive[0] / sum) ? "is not a number" : "is a number");
    std::printf("  with 1002 taken away first:");
    print_row(softmax(Tensor::from<double>({1000, 1001, 1002}, {1, 3})).data<double>(), 3);
}
