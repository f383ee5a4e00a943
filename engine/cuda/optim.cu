// Optimizer updates: all parameters in one launch, and nothing that waits for the host.
//
// The kernels find the parameters in a table in device memory. What changes from step to step are
// the places of the gradients: they are sent by value, some hundreds to a launch, and so are copied
// when a step is captured in a graph. Nothing has to be uploaded, or kept alive, for a replay, and
// a replay works whatever other steps have left in the table.
#include <algorithm>
#include <vector>

#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"
#include "engine/cuda/reduce.h"

namespace mdn {

namespace {

struct Slot {
    float* value;
    const float* grad;  // null: skipped
    float *momentum, *second_moment;
    double weight_decay, rate;
    int64_t count;
    int64_t first_block;  // of those that share the slot's elements
};

/// Elements of one slot that one block takes.
constexpr int64_t elements_per_block = 16 * block_threads;

/// What is in ParameterTable::on_device: the slots, then for each block the slot it works on.
struct Table {
    Slot* slots;
    int32_t* slot_of_block;
    int64_t blocks;

    static int64_t bytes(size_t slots, size_t blocks) {
        return static_cast<int64_t>(slots * sizeof(Slot) + blocks * sizeof(int32_t));
    }
    Table(const Tensor& memory, size_t slot_count)
        : slots(elements<Slot>(memory)),
          slot_of_block(reinterpret_cast<int32_t*>(slots + slot_count)),
          blocks((memory.bytes() - bytes(slot_count, 0)) / int64_t{sizeof(int32_t)}) {}
    explicit Table(const ParameterTable& parameters)
        : Table(parameters.on_device, parameters.slots.size()) {}
};

/// Calls f(i) for the elements of the slot that fall to this thread, neighbours to neighbours.
template <class F>
__device__ __forceinline__ void for_each_element(const Slot& slot, F&& f) {
    if (!slot.grad) return;
    const int64_t begin = (blockIdx.x - slot.first_block) * elements_per_block;
    const int64_t end = min(begin + elements_per_block, slot.count);
    for (int64_t i = begin + threadIdx.x; i < end; i += block_threads) f(i);
}

/// As many as a kernel may be given by value (4 KiB), its other arguments beside them.
struct Gradients {
    static constexpr int most = 480;
    const float* at[most];
};

/// One block.
__global__ void gradients_kernel(Gradients gradients, int count, Slot* slots) {
    for (int i = threadIdx.x; i < count; i += block_threads) slots[i].grad = gradients.at[i];
}

__global__ void sgd_kernel(Table table, float keep, const double* schedule) {
    const Slot slot = table.slots[table.slot_of_block[blockIdx.x]];
    const auto rate = static_cast<float>(schedule[0] * slot.rate);
    const auto factor = static_cast<float>(schedule[1]);
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

/// What a slot's update takes from the number of its updates, in double and once for its blocks.
struct BiasCorrection {
    double rate;  // learning rate/(1 − β₁ᵗ)
    float scale;  // 1/√(1 − β₂ᵗ)
};

/// A thread per slot. Counts this update, unless it is to change nothing.
__global__ void bias_correction_kernel(const Slot* slots, int64_t count, double beta1, double beta2,
                                       const double* schedule, int64_t* steps,
                                       BiasCorrection* corrected) {
    const int64_t i = blockIdx.x * int64_t{block_threads} + threadIdx.x;
    if (i >= count) return;
    if (slots[i].grad && schedule[1] == schedule[1]) ++steps[i];
    const auto step = static_cast<double>(steps[i]);
    corrected[i].rate = schedule[0] / (1 - pow(beta1, step));
    corrected[i].scale = static_cast<float>(1 / sqrt(1 - pow(beta2, step)));
}

/// 1 − β is rounded once: 1 − (float)0.999 would be off in the fifth digit.
struct AdamWFactors {
    float beta1, new1, beta2, new2, eps;
};

__global__ void adamw_kernel(Table table, AdamWFactors by, const double* schedule,
                             const BiasCorrection* corrected) {
    const int32_t place = table.slot_of_block[blockIdx.x];
    const Slot slot = table.slots[place];
    const auto factor = static_cast<float>(schedule[1]);
    if (factor != factor) return;
    const auto rate = static_cast<float>(corrected[place].rate * slot.rate);
    const float scale = corrected[place].scale;
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
__global__ void squares_kernel(Table table, double* partial) {
    const Slot slot = table.slots[table.slot_of_block[blockIdx.x]];
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
    schedule[1] = !finite ? NAN : wanted < 1 ? wanted : 1;
}

float* pointer(const Tensor& x) { return x.defined() ? x.data<float>() : nullptr; }

/// Makes parameters.on_device.
void build_table(ParameterTable& parameters) {
    std::vector<Slot> slots;
    std::vector<int32_t> slot_of_block;
    for (const ParameterSlot& slot : parameters.slots) {
        const int64_t count = slot.value.numel();
        const auto first_block = static_cast<int64_t>(slot_of_block.size());
        slot_of_block.insert(slot_of_block.end(), ceil_divide(count, elements_per_block),
                             static_cast<int32_t>(slots.size()));
        slots.push_back({pointer(slot.value), pointer(slot.grad), pointer(slot.momentum),
                         pointer(slot.second_moment), slot.weight_decay, slot.rate, count,
                         first_block});
    }
    const Tensor on_host =
        Tensor::empty({Table::bytes(slots.size(), slot_of_block.size())}, DType::u8);
    const Table table(on_host, slots.size());
    std::copy(slots.begin(), slots.end(), table.slots);
    std::copy(slot_of_block.begin(), slot_of_block.end(), table.slot_of_block);
    parameters.on_device = on_host.to(Device::cuda);
}

}  // namespace

void CudaKernels::update_table(ParameterTable& parameters) {
    if (!parameters.on_device.defined()) return build_table(parameters);
    const Table table(parameters);
    const size_t count = parameters.slots.size();
    for (size_t first = 0; first < count; first += Gradients::most) {
        Gradients gradients{};
        const size_t here = std::min<size_t>(count - first, Gradients::most);
        for (size_t i = 0; i < here; ++i)
            gradients.at[i] = pointer(parameters.slots[first + i].grad);
        launch(gradients_kernel, 1, block_threads, 0, gradients, here, table.slots + first);
    }
}

void CudaKernels::sgd_step(ParameterTable& parameters, const SgdOptions& options,
                           const Tensor& schedule) {
    const Table table(parameters);
    launch(sgd_kernel, blocks_for(table.blocks), block_threads, 0, table, options.momentum,
           schedule.data<double>());
}

void CudaKernels::adamw_step(ParameterTable& parameters, const AdamWOptions& options,
                             const Tensor& schedule) {
    const Table table(parameters);
    const auto count = static_cast<int64_t>(parameters.slots.size());
    const Tensor scratch =
        Tensor::empty({count * int64_t{sizeof(BiasCorrection)}}, DType::u8, Device::cuda);
    auto* corrected = elements<BiasCorrection>(scratch);
    launch(bias_correction_kernel, blocks_for(ceil_divide(count, block_threads)), block_threads, 0,
           table.slots, count, options.beta1, options.beta2, schedule.data<double>(),
           parameters.steps.data<int64_t>(), corrected);
    const AdamWFactors by{static_cast<float>(options.beta1), static_cast<float>(1 - options.beta1),
                          static_cast<float>(options.beta2), static_cast<float>(1 - options.beta2),
                          static_cast<float>(options.eps)};
    launch(adamw_kernel, blocks_for(table.blocks), block_threads, 0, table, by,
           schedule.data<double>(), corrected);
}

void CudaKernels::global_norm(const ParameterTable& parameters, Tensor& norm) {
    const Table table(parameters);
    const Tensor partial = Tensor::empty({table.blocks}, DType::f64, Device::cuda);
    launch(squares_kernel, blocks_for(table.blocks), block_threads, block_sum_bytes, table,
           partial.data<double>());
    launch(norm_kernel, 1, block_threads, block_sum_bytes, table.blocks, partial.data<double>(),
           norm.data<double>());
}

void CudaKernels::clip_factor(const Tensor& norm, double limit, Tensor& schedule) {
    launch(clip_factor_kernel, 1, warp_threads, 0, norm.data<double>(), limit,
           schedule.data<double>());
}

}  // namespace mdn
