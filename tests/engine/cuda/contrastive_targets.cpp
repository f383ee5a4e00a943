#include <doctest/doctest.h>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/contrastive_targets") {
    TEST_CASE("contrastive_targets, one clip and many, one entity and many") {
        Random random(1);
        for (const auto& [clips, entities] : {std::pair{1, 1}, {1, 7}, {5, 1}, {9, 4}, {33, 3}}) {
            Tensor labels = Tensor::empty({clips}, DType::i64);
            for (int64_t b = 0; b < clips; ++b) labels.data<int64_t>()[b] = random.below(3);
            const int64_t rows = clips * entities;
            test::check_kernel(
                {.inputs = {labels},
                 .outputs = {{rows}, {rows, rows}},
                 .call = [](Kernels& k, auto& in,
                            auto& out) { k.contrastive_targets(in[0], out[0], out[1]); },
                 .output_dtypes = {DType::i64, DType::u8},
                 .bf16 = false});
        }
    }
}
