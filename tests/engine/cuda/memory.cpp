#include <doctest/doctest.h>
#include <cmath>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/memory") {
    TEST_CASE("casts of many tensors at once are those of each: none, odd sizes, more than fit") {
        Random random(2);
        for (const size_t tensors : {0, 1, 3, 160, 161, 333}) {
            std::vector<Tensor> from, to, back;
            for (size_t i = 0; i < tensors; ++i) {
                // Of more elements than a row of blocks takes in one stride, and of none.
                const int64_t count = i == 1 ? 70001 : static_cast<int64_t>(i * 7 % 23);
                from.push_back(random.normal_tensor({count}).to(Device::cuda));
                to.push_back(Tensor::full({count}, NAN, DType::bf16, Device::cuda));
                back.push_back(Tensor::full({count}, NAN, DType::f32, Device::cuda));
            }
            kernels(Device::cuda).cast_all(from, to);
            kernels(Device::cuda).cast_all(to, back);
            for (size_t i = 0; i < tensors; ++i)
                CHECK(back[i].to_vector<float>() ==
                      from[i].to(DType::bf16).to(DType::f32).to_vector<float>());
        }
    }

    TEST_CASE("the sum of all elements, of none, and of more blocks than a warp adds up at once") {
        Random random(1);
        for (const int64_t count : {0, 1, 31, 32, 33, 255, 257, 4095, 4097, 13001, 140001})
            test::check_kernel(
                {.inputs = {random.uniform_tensor({count}, -1, 2)},
                 .outputs = {{1}},
                 .call = [](Kernels& k, auto& in, auto& out) { k.sum(in[0], out[0]); }});
    }
}
