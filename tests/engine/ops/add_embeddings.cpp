#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

namespace {

// [B,T,K,D]: ordinary; one clip; one frame; one entity; width 1.
const std::vector<Shape> shapes = {
    {2, 3, 4, 5}, {1, 3, 2, 4}, {2, 1, 3, 3}, {3, 4, 1, 2}, {1, 1, 1, 1}};

std::vector<Tensor> random_inputs(const Shape& s, uint64_t seed) {
    Random random(seed);
    return {random.normal_tensor(s, 1, DType::f64),
            random.normal_tensor({s[2], s[3]}, 1, DType::f64),
            random.normal_tensor({s[1], s[3]}, 1, DType::f64)};
}

Tensor apply(const std::vector<Tensor>& in) { return add_embeddings(in[0], in[1], in[2]); }

}  // namespace

TEST_SUITE("engine/ops/add_embeddings") {
    TEST_CASE("add_embeddings equals plain loops") {
        for (const Shape& s : shapes) {
            const std::vector<Tensor> in = random_inputs(s, 1);
            Tensor expected = in[0].clone();
            for (int64_t b = 0; b < s[0]; ++b)
                for (int64_t t = 0; t < s[1]; ++t)
                    for (int64_t k = 0; k < s[2]; ++k)
                        for (int64_t d = 0; d < s[3]; ++d)
                            expected.data<double>()[((b * s[1] + t) * s[2] + k) * s[3] + d] +=
                                in[1].data<double>()[k * s[3] + d] +
                                in[2].data<double>()[t * s[3] + d];
            CHECK(test::relative_error(apply(in), expected) <= 1e-15);
        }
    }

    TEST_CASE("add_embeddings gradient") {
        for (const Shape& s : shapes) test::check_gradients(apply, random_inputs(s, 2));
    }

    TEST_CASE("add_embeddings in float") {
        test::check_float(apply, random_inputs({5, 8, 6, 70}, 3));
    }

    TEST_CASE("add_embeddings names the shapes that do not fit") {
        const Tensor x = Tensor::full({2, 3, 4, 5}, 1);
        const Tensor entity = Tensor::full({4, 5}, 1), frame = Tensor::full({3, 5}, 1);
        CHECK_THROWS_WITH_AS(add_embeddings(x, frame, frame),
                             "[add_embeddings] entity has shape [3, 5], expected [4, 5]", Error);
        CHECK_THROWS_WITH_AS(add_embeddings(x, entity, entity),
                             "[add_embeddings] frame has shape [4, 5], expected [3, 5]", Error);
    }
}
