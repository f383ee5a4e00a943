#include <doctest/doctest.h>
#include <cmath>

#include "engine/ops.h"
#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/l2_normalize") {
    TEST_CASE("l2_normalize, rows longer and shorter than eps, and one of zeros") {
        using test::Role;
        constexpr double eps = 0.5;
        Random random(1);
        for (const Shape& shape :
             {Shape{2, 2}, Shape{9, 7}, Shape{8, 31}, Shape{7, 32}, Shape{17, 33}, Shape{3, 257}}) {
            const Tensor x = random.normal_tensor(shape, 2), dy = random.normal_tensor(shape);
            for (int64_t d = 0; d < shape[1]; ++d) x.data<float>()[d] *= 0.01f;
            for (int64_t d = 0; shape[0] > 2 && d < shape[1]; ++d)
                x.data<float>()[2 * shape[1] + d] = 0;
            test::check_kernel(
                {.inputs = {x},
                 .outputs = {shape, {shape[0]}},
                 .call = [](Kernels& k, auto& in,
                            auto& out) { k.l2_normalize_forward(in[0], eps, out[0], out[1]); },
                 .output_roles = {Role::activation, Role::parameter}});
            Tensor y = Tensor::empty(shape), norm = Tensor::empty({shape[0]});
            kernels(x).l2_normalize_forward(x, eps, y, norm);
            test::check_kernel({.inputs = {y, norm, dy},
                                .outputs = {shape},
                                .call =
                                    [](Kernels& k, auto& in, auto& out) {
                                        k.l2_normalize_backward(in[0], in[1], eps, in[2], out[0]);
                                    },
                                .input_roles = {Role::activation, Role::parameter}});
        }
    }

    TEST_CASE("l2_normalize of a row with a NaN is NaN, not the row divided by eps") {
        Random random(2);
        const Tensor x = random.normal_tensor({3, 33}), dy = random.normal_tensor({3, 33});
        x.data<float>()[33 + 5] = NAN;
        const Tensor leaf = x.to(Device::cuda).set_requires_grad();
        const Tensor y = l2_normalize(leaf);
        backward(y, dy.to(Device::cuda));
        const auto values = y.to_vector<float>(), gradients = leaf.grad().to_vector<float>();
        for (int64_t i = 0; i < x.numel(); ++i) {
            const bool in_its_row = i / 33 == 1;
            CHECK(std::isnan(values[i]) == in_its_row);
            CHECK(std::isnan(gradients[i]) == in_its_row);
        }
    }
}
