#include <doctest/doctest.h>
#include <cmath>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/elementwise") {
    TEST_CASE("elementwise kernels, sizes around a pack, a warp, a block and a whole grid") {
        Random random(1);
        for (const int64_t count : {0, 1, 3, 4, 7, 8, 9, 31, 33, 255, 1023, 1025, 70001}) {
            const Shape shape{count};
            const Tensor a = random.normal_tensor(shape), b = random.normal_tensor(shape);
            const auto check = [&](const std::vector<Tensor>& inputs,
                                   const test::KernelCall& call) {
                test::check_kernel({.inputs = inputs, .outputs = {shape}, .call = call});
            };
            check({a, b}, [](Kernels& k, auto& in, auto& out) { k.add(in[0], in[1], out[0]); });
            check({a, b},
                  [](Kernels& k, auto& in, auto& out) { k.multiply(in[0], in[1], out[0]); });
            check({a}, [](Kernels& k, auto& in, auto& out) { k.scale(in[0], -0.7, out[0]); });
            check({a}, [](Kernels& k, auto& in, auto& out) { k.relu_forward(in[0], out[0]); });
            check({a, b},
                  [](Kernels& k, auto& in, auto& out) { k.relu_backward(in[0], in[1], out[0]); });
        }
    }

    TEST_CASE("add and scale may write over an operand") {
        Random random(2);
        const Shape shape{1037};
        const Tensor a = random.normal_tensor(shape), b = random.normal_tensor(shape);
        test::check_kernel({.inputs = {a, b},
                            .outputs = {shape, shape, shape},
                            .call = [](Kernels& k, auto& in, auto& out) {
                                for (Tensor& y : out) y.copy_from(in[0]);
                                k.add(out[0], in[1], out[0]);
                                k.add(in[1], out[1], out[1]);
                                k.scale(out[2], 3.5, out[2]);
                            }});
    }

    TEST_CASE("a ReLU passes on what is not a number and its gradient, and has no slope at 0") {
        const Tensor x = Tensor::from<float>({NAN, 0, -0.f, -1, 2}, {5}).to(Device::cuda);
        const Tensor dy = Tensor::from<float>({3, 4, 5, 6, 7}, {5}).to(Device::cuda);
        Tensor y = empty_like(x), dx = empty_like(x);
        kernels(x).relu_forward(x, y);
        kernels(x).relu_backward(x, dy, dx);
        CHECK(std::isnan(y.to_vector<float>()[0]));
        CHECK(dx.to_vector<float>() == std::vector<float>{3, 0, 0, 0, 7});
    }
}
