#include <doctest/doctest.h>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/add_embeddings") {
    TEST_CASE("add_embeddings, widths around a warp, and sums over many tokens") {
        using test::Role;
        Random random(1);
        for (const Shape& shape :
             {Shape{1, 1, 1, 1}, Shape{2, 3, 5, 7}, Shape{3, 2, 4, 32}, Shape{1, 9, 3, 33},
              Shape{2, 1, 17, 31}, Shape{40, 7, 8, 3}, Shape{1, 2, 2, 257}}) {
            const Shape entity{shape[2], shape[3]}, frame{shape[1], shape[3]};
            test::check_kernel(
                {.inputs = {random.normal_tensor(shape), random.normal_tensor(entity),
                            random.normal_tensor(frame)},
                 .outputs = {shape},
                 .call = [](Kernels& k, auto& in,
                            auto& out) { k.add_embeddings_forward(in[0], in[1], in[2], out[0]); },
                 .input_roles = {Role::activation, Role::parameter, Role::parameter}});
            test::check_kernel(
                {.inputs = {random.normal_tensor(shape)},
                 .outputs = {entity, frame},
                 .call = [](Kernels& k, auto& in,
                            auto& out) { k.add_embeddings_backward(in[0], out[0], out[1]); },
                 .output_roles = {Role::parameter, Role::parameter}});
        }
    }
}
