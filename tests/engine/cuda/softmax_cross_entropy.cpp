#include <doctest/doctest.h>
#include <utility>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/softmax_cross_entropy") {
    TEST_CASE("cross-entropy, masked and smoothed, classes and rows around a warp and a block") {
        Random random(1);
        for (const auto& [rows, classes] :
             {std::pair<int64_t, int64_t>{1, 1}, {3, 2}, {7, 31}, {8, 32}, {9, 33}, {257, 3}})
            for (const auto& [masked, smoothing] :
                 {std::pair{false, 0.0}, {false, 0.2}, {true, 0.0}, {true, 0.2}}) {
                // One class alone has no gradient but what is left of rounding.
                if (classes == 1 && smoothing > 0) continue;
                const Shape shape{rows, classes};
                const Tensor logits = random.normal_tensor(shape, 3);
                const Tensor targets = Tensor::empty({rows}, DType::i64);
                const Tensor included = Tensor::empty(shape, DType::u8);
                for (int64_t i = 0; i < rows * classes; ++i)
                    included.data<uint8_t>()[i] = random.below(3) > 0;
                for (int64_t n = 0; n < rows; ++n) {
                    const int64_t target = targets.data<int64_t>()[n] = random.below(classes);
                    included.data<uint8_t>()[n * classes + target] = 1;
                    // A target alone would have no gradient either.
                    included.data<uint8_t>()[n * classes + (target + 1) % classes] = 1;
                }
                // What is left out must not count, however large.
                for (int64_t i = 0; masked && i < rows * classes; ++i)
                    if (!included.data<uint8_t>()[i]) logits.data<float>()[i] += 200;
                const Tensor mask = masked ? included : Tensor();
                test::check_kernel({.inputs = {logits, targets, mask},
                                    .outputs = {{1}, shape},
                                    .call =
                                        [smoothing = smoothing](Kernels& k, auto& in, auto& out) {
                                            k.softmax_cross_entropy_forward(
                                                in[0], in[1], in[2], smoothing, out[0], out[1]);
                                        },
                                    .bf16 = false});
                Tensor loss = Tensor::empty({1}), probabilities = Tensor::empty(shape);
                kernels(loss).softmax_cross_entropy_forward(logits, targets, mask, smoothing, loss,
                                                            probabilities);
                test::check_kernel(
                    {.inputs = {probabilities, targets, mask, random.normal_tensor({1})},
                     .outputs = {shape},
                     .call =
                         [smoothing = smoothing](Kernels& k, auto& in, auto& out) {
                             k.softmax_cross_entropy_backward(in[0], in[1], in[2], smoothing, in[3],
                                                              out[0]);
                         },
                     .bf16 = false});
            }
    }
}
