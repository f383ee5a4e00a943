// What the two norms do to small numbers, and what a shortcut does to a gradient.
#include <cmath>
#include <cstdio>

#include "engine/ops.h"

using namespace mdn;

namespace {

void print_layer_norm(const Tensor& x) {
    const Tensor y = layer_norm(x, Tensor::full({4}, 1), Tensor::zeros({4}));
    std::printf("layer norm of");
    for (float value : x.to_vector<float>()) std::printf(" %4g", value);
    std::printf(":");
    for (float value : y.to_vector<float>()) std::printf(" %5.2f", value);
    std::printf("\n");
}

double length(const Tensor& x) {
    double squares = 0;
    for (double value : x.to_vector<double>()) squares += value * value;
    return std::sqrt(squares);
}

/// How long a gradient of length 1 is when it has come back through `depth` layers.
double arriving(int depth, bool norm, bool shortcut) {
    Random random(1);
    const int64_t width = 64;
    const Tensor gamma = Tensor::full({width}, 1, DType::f64);
    const Tensor beta = Tensor::zeros({width}, DType::f64);
    Tensor x = random.normal_tensor({1, width}, 1, DType::f64);
    x.set_requires_grad();
    Tensor y = x;
    for (int i = 0; i < depth; ++i) {
        const Tensor weight =
            random.normal_tensor({width, width}, 1 / std::sqrt(1.0 * width), DType::f64);
        const Tensor read = norm ? layer_norm(y, gamma, beta) : y;
        const Tensor changed = gelu(linear(read, weight, beta));
        y = shortcut ? add(y, changed) : changed;
    }
    const Tensor dy = random.normal_tensor({1, width}, 1, DType::f64);
    backward(y, dy);
    return length(x.grad()) / length(dy);
}

}  // namespace

int main() {
    print_layer_norm(Tensor::from<float>({1, 2, 3, 6}, {1, 4}));
    print_layer_norm(Tensor::from<float>({100, 200, 300, 600}, {1, 4}));
    print_layer_norm(Tensor::from<float>({901, 902, 903, 906}, {1, 4}));

    // One channel, and again and again the same batch.
    const Tensor x = Tensor::from<float>({1, 3, 5, 7}, {4, 1});
    const Tensor gamma = Tensor::full({1}, 1), beta = Tensor::zeros({1});
    RunningStatistics running = {Tensor::zeros({1}), Tensor::full({1}, 1)};
    std::printf("\nbatch norm of 1 3 5 7 in training: ");
    for (int batch = 1; batch <= 50; ++batch) {
        const Normalized trained = batch_norm(x, gamma, beta, running, {.training = true});
        if (batch == 1)
            for (float value : normalize(trained).to_vector<float>()) std::printf(" %5.2f", value);
        if (batch != 1 && batch != 10 && batch != 50) continue;
        const Normalized evaluated = batch_norm(x, gamma, beta, running, {.training = false});
        std::printf("\n  in evaluation, after %2d batches:  ", batch);
        for (float value : normalize(evaluated).to_vector<float>()) std::printf(" %5.2f", value);
        std::printf("   running mean %.2f, variance %.2f", running.mean.item(), running.var.item());
    }

    std::printf("\n\na gradient of length 1, after n layers:\n");
    std::printf("   n  neither  norm alone  shortcut alone     both\n");
    for (const int depth : {1, 10, 30})
        std::printf("  %2d  %7.0e  %10.1f  %14.1f  %7.1f\n", depth, arriving(depth, false, false),
                    arriving(depth, true, false), arriving(depth, false, true),
                    arriving(depth, true, true));
}
