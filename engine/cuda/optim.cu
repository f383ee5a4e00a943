// Optimizer updates: all parameters in one pass, and nothing that waits for the host.
//
// A kernel is told where the parameters are by value: a group of them fits in what a kernel may be
// given (4 KiB), so a few hundred parameters take a handful of launches. Arguments are copied when
// a launch is captured in a graph: nothing has to be uploaded, or kept alive, for a replay.
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"
#include "engine/cuda/reduce.h"

namespace mdn {

namespace {

struct Slot {
    float* value;
    const float* grad;
    float *momentum, *second_moment;
    double weight_decay, rate;
    int64_t count;
    int64_t first_block;  // of those that share the slot's elements
};

struct SlotGroup {
    static constexpr int most = 56;
    Slot slots[most];
    int count = 0;
};
static_assert(sizeof(SlotGroup) <= 3840, "leaves room for a kernel's other arguments");

/// Elements of one slot that one block takes.
constexpr int64_t elements_per_block = 16 * block_threads;

/// The slot that this block works on: the last one whose first block is not after it.
__device__ __forceinline__ int slot_of_block(const SlotGroup& group) {
    int low = 0, high = group.count;
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        (group.slots[middle].first_block <= blockIdx.x ? low : high) = middle;
    }
    return low;
}

/// Calls f(i) for the elements of the slot that fall to this thread, neighbours to neighbours.
template <class F>
__device__ __forceinline__ void for_each_element(const Slot& slot, F&& f) {
    const int64_t begin = (blockIdx.x - slot.first_block) * elements_per_block;
    const int64_t end = min(begin + elements_per_block, slot.count);
    for (int64_t i = begin + threadIdx.x; i < end; i += block_threads) f(i);
}

__global__ void sgd_kernel(SlotGroup group, float keep, const double* schedule) {
    const Slot& slot = group.slots[slot_of_block(group)];
    const auto rate = static_cast<float>(schedule[0] * slot.rate);
    const auto factor = static_cast<float>(schedule[2]);
    if (factor != factor) return;  // not a number: change nothing
    const auto decay = static_cast<float>(slot.weight_decay);
    for_each_element(slot, [&](int64_t i) {
        // All loads before the first store, so that they are on their way together.
        const float value = slot.value[i], grad = slot.grad[i];
        const float momentum = keep * slot.momentum[i] + (factor * grad + decay * value);
        slot.momentum[i] = momentum;
        slot.value[i] = value - rate * momentum;
    });
}

/// What the update takes from the step's number, in double and once for all blocks.
struct BiasCorrection {
    double rate;  // learning rate/(1 − β₁ᵗ)
    float scale;  // 1/√(1 − β₂ᵗ)
};

__global__ void bias_correction_kernel(double beta1, double beta2, const double* schedule,
                                       BiasCorrection* corrected) {
    if (threadIdx.x > 0) return;
    corrected->rate = schedule[0] / (1 - pow(beta1, schedule[1]));
    corrected->scale = static_cast<float>(1 / sqrt(1 - pow(beta2, schedule[1])));
}

/// 1 − β is rounded once: 1 − (float)0.999 would be off in the fifth digit.
struct AdamWFactors {
    float beta1, new1, beta2, new2, eps;
};

__global__ void adamw_kernel(SlotGroup group, AdamWFactors by, const double* schedule,
                             const BiasCorrection* corrected) {
    const Slot& slot = group.slots[slot_of_block(group)];
    const auto factor = static_cast<float>(schedule[2]);
    if (factor != factor) return;
    const auto rate = static_cast<float>(corrected->rate * slot.rate);
    const float scale = corrected->scale;
    const auto keep = static_cast<float>(1 - schedule[0] * slot.rate * slot.weight_decay);
    for_each_element(slot, [&](int64_t i) {
        const float value = slot.value[i], g = factor * slot.grad[i];
        const float first = by.beta1 * slot.momentum[i] + by.new1 * g;
        const float second = by.beta2 * slot.second_moment[i] + by.new2 * g * g;
        slot.momentum[i] = first;
        slot.second_moment[i] = second;
        slot.value[i] = keep * value - rate * first / (sqrtf(second) * scale + by.eps);
    });
}

/// Σ g² of each block's elements.
__global__ void squares_kernel(SlotGroup group, double* partial) {
    const Slot& slot = group.slots[slot_of_block(group)];
    double squares = 0;
    for_each_element(slot, [&](int64_t i) {
        const double g = slot.grad[i];
        squares += g * g;
    });
    squares = block_sum(squares, dynamic_shared<double>());
    if (threadIdx.x == 0) partial[blockIdx.x] = squares;
}

/// One block.
__global__ void norm_kernel(int64_t count, const double* partial, double* norm) {
    double squares = 0;
    for (int64_t i = threadIdx.x; i < count; i += blockDim.x) squares += partial[i];
    squares = block_sum(squares, dynamic_shared<double>());
    if (threadIdx.x == 0) *norm = sqrt(squares);
}

__global__ void clip_factor_kernel(const double* norm, double limit, double* schedule) {
    if (threadIdx.x > 0) return;
    const double size = *norm;
    const double wanted = limit > 0 ? limit / (size + 1e-6) : 1;  // the small term is PyTorch's
    const bool finite = size - size == 0;
    schedule[2] = !finite ? NAN : wanted < 1 ? wanted : 1;
}

/// Calls f(group, blocks) for all parameters in groups, each to be launched with `blocks` blocks.
template <class F>
void for_each_group(const std::vector<ParameterSlot>& parameters, F&& f) {
    const auto pointer = [](const Tensor& x) { return x.defined() ? x.data<float>() : nullptr; };
    SlotGroup group{};
    int64_t blocks = 0;
    for (const ParameterSlot& slot : parameters) {
        if (slot.grad.numel() == 0) continue;
        group.slots[group.count++] = {pointer(slot.value),    pointer(slot.grad),
                                      pointer(slot.momentum), pointer(slot.second_moment),
                                      slot.weight_decay,      slot.rate,
                                      slot.grad.numel(),      blocks};
        blocks += ceil_divide(slot.grad.numel(), elements_per_block);
        if (group.count < SlotGroup::most) continue;
        f(group, blocks);
        group.count = 0;
        blocks = 0;
    }
    if (group.count > 0) f(group, blocks);
}

}  // namespace

void CudaKernels::sgd_step(std::vector<ParameterSlot>& parameters, const SgdOptions& options,
                           const Tensor& schedule) {
    for_each_group(parameters, [&](const SlotGroup& group, int64_t blocks) {
        launch(sgd_kernel, blocks_for(blocks), block_threads, 0, group, options.momentum,
               schedule.data<double>());
    });
}

void CudaKernels::adamw_step(std::vector<ParameterSlot>& parameters, const AdamWOptions& options,
                             const Tensor& schedule) {
    const Tensor scratch = Tensor::empty({sizeof(BiasCorrection)}, DType::u8, Device::cuda);
    auto* corrected = elements<BiasCorrection>(scratch);
    launch(bias_correction_kernel, 1, warp_threads, 0, options.beta1, options.beta2,
           schedule.data<double>(), corrected);
    const AdamWFactors by{static_cast<float>(options.beta1), static_cast<float>(1 - options.beta1),
                          static_cast<float>(options.beta2), static_cast<float>(1 - options.beta2),
                          static_cast<float>(options.eps)};
    for_each_group(parameters, [&](const SlotGroup& group, int64_t blocks) {
        launch(adamw_kernel, blocks_for(blocks), block_threads, 0, group, by,
               schedule.data<double>(), corrected);
    });
}

void CudaKernels::global_norm(const std::vector<ParameterSlot>& parameters, Tensor& norm) {
    int64_t all_blocks = 0;
    for_each_group(parameters, [&](const SlotGroup&, int64_t blocks) { all_blocks += blocks; });
    const Tensor partial = Tensor::empty({all_blocks}, DType::f64, Device::cuda);
    int64_t first = 0;
    for_each_group(parameters, [&](const SlotGroup& group, int64_t blocks) {
        launch(squares_kernel, blocks_for(blocks), block_threads, block_sum_bytes, group,
               partial.data<double>() + first);
        first += blocks;
    });
    launch(norm_kernel, 1, block_threads, block_sum_bytes, all_blocks, partial.data<double>(),
           norm.data<double>());
}

void CudaKernels::clip_factor(const Tensor& norm, double limit, Tensor& schedule) {
    launch(clip_factor_kernel, 1, warp_threads, 0, norm.data<double>(), limit,
           schedule.data<double>());
}

}  // namespace mdn
