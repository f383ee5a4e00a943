// The first step of AdamW, a schedule, and two models that are right equally often.
#include <algorithm>
#include <cstdio>

#include "engine/ops.h"
#include "engine/optim.h"
#include "engine/schedule.h"
#include "train/metrics.h"

using namespace mdn;

namespace {

/// Prints the confusion matrix of four classes and what it comes to.
void evaluate(const char* model, const std::vector<int64_t>& truth,
              const std::vector<int64_t>& predicted) {
    const char* names[] = {"nod", "shake", "wave", "stretch"};
    std::printf("%s:\n", model);
    for (int64_t t = 0; t < 4; ++t) {
        std::printf("  %-8s", names[t]);
        for (int64_t p = 0; p < 4; ++p) {
            int count = 0;
            for (size_t i = 0; i < truth.size(); ++i) count += truth[i] == t && predicted[i] == p;
            std::printf(" %2d", count);
        }
        std::printf("\n");
    }
    const F1 scores = f1_scores(truth, predicted);
    std::printf("  F1 micro %.1f, F1 macro %.1f\n", scores.micro, scores.macro);
}

}  // namespace

int main() {
    ParameterStore store;
    const Tensor value = store.add("value", Tensor::full({3}, 1), Role::bias);
    const Tensor gradient = Tensor::from<float>({100, 1, -0.01f}, {3});
    backward(sum(multiply(value, gradient)));
    Optimizer(store, {}).step(0.1);
    std::printf("One step of AdamW from 1, with the learning rate 0.1:\n");
    for (int i = 0; i < 3; ++i)
        std::printf("  gradient %6.2f: %.4f\n", gradient.data<float>()[i], value.data<float>()[i]);

    std::printf("\nRates of 12 updates, the first 4 warm up to 1:\n ");
    const Schedule schedule = {.base = 1, .total_steps = 12, .warmup_steps = 4};
    for (int64_t step = 0; step < 12; ++step) std::printf(" %.2f", learning_rate(schedule, step));

    std::printf("\n\nTen clips. A row per true class, a column per prediction.\n");
    const std::vector<int64_t> truth = {0, 0, 0, 0, 0, 0, 0, 0, 1, 2};
    evaluate("always nod", truth, std::vector<int64_t>(10, 0));
    evaluate("one that looks", truth, {0, 0, 0, 0, 0, 0, 1, 2, 1, 2});
}
