#include <doctest/doctest.h>

#include "engine/ops.h"

using namespace mdn;

TEST_SUITE("engine/ops/contrastive_targets") {
    TEST_CASE("the mask leaves out same entity, same label, other clip") {
        // Clips 0 and 2 share label 5; pairs are (clip, entity) = (0,0) (0,1) (1,0) (1,1) (2,0) …
        const Tensor labels = Tensor::from(std::vector<int64_t>{5, 1, 5}, {3});
        const std::vector<uint8_t> expected = {
            1, 1, 1, 1, 0, 1,  //
            1, 1, 1, 1, 1, 0,  //
            1, 1, 1, 1, 1, 1,  //
            1, 1, 1, 1, 1, 1,  //
            0, 1, 1, 1, 1, 1,  //
            1, 0, 1, 1, 1, 1,
        };
        const ContrastiveTargets targets = contrastive_targets(labels, 2);
        CHECK(targets.included.to_vector<uint8_t>() == expected);
        CHECK(targets.positives.to_vector<int64_t>() == std::vector<int64_t>{0, 1, 2, 3, 4, 5});
    }

    TEST_CASE("labels of another dtype or rank, and no entities, are refused") {
        CHECK_THROWS_WITH_AS(contrastive_targets(Tensor::full({3}, 1), 2),
                             doctest::Contains("labels must be i64 [B]"), Error);
        CHECK_THROWS_WITH_AS(contrastive_targets(Tensor::full({3}, 1, DType::i64), 0),
                             doctest::Contains("at least one entity"), Error);
    }
}
