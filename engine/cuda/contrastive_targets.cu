// A thread for every pair of rows.
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"

namespace mdn {

namespace {

__global__ void contrastive_targets_kernel(int64_t rows, int64_t entities, const int64_t* label,
                                           int64_t* positives, uint8_t* included) {
    for (int64_t i = first_index(); i < rows * rows; i += index_step()) {
        const int64_t row = i / rows, column = i % rows;
        const bool same_entity = row % entities == column % entities;
        const bool same_label = label[row / entities] == label[column / entities];
        included[i] = row == column || !(same_entity && same_label);
        if (row == column) positives[row] = row;
    }
}

}  // namespace

void CudaKernels::contrastive_targets(const Tensor& labels, Tensor& positives, Tensor& included) {
    const int64_t rows = positives.dim(0);
    if (rows == 0) return;
    launch_over(rows * rows, contrastive_targets_kernel, rows, rows / labels.dim(0),
                labels.data<int64_t>(), positives.data<int64_t>(), included.data<uint8_t>());
}

}  // namespace mdn
