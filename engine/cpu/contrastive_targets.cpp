#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

void CpuKernels::contrastive_targets(const Tensor& labels, Tensor& positives, Tensor& included) {
    const int64_t rows = positives.dim(0), entities = rows / labels.dim(0);
    const int64_t* label = labels.data<int64_t>();
    parallel_for(rows, included.numel(), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            positives.data<int64_t>()[row] = row;
            for (int64_t column = 0; column < rows; ++column) {
                const bool same_entity = row % entities == column % entities;
                const bool same_label = label[row / entities] == label[column / entities];
                included.data<uint8_t>()[row * rows + column] =
                    row == column || !(same_entity && same_label);
            }
        }
    });
}

}  // namespace mdn
