// Optimizer updates: every parameter in one parallel loop, split over their elements together.
#include <algorithm>
#include <cmath>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

namespace {

/// Elements to visit: none of a slot without a gradient.
int64_t elements_of(const ParameterSlot& slot) {
    return slot.grad.defined() ? slot.grad.numel() : 0;
}

/// Calls body(piece, slot, begin, end) in parallel for parts of slots that together cover all
/// elements of all parameters. The pieces are equal and in order; one may hold parts of many slots.
template <class Slots, class F>
void for_each_piece(Slots& slots, F&& body) {
    int64_t total = 0;
    for (const ParameterSlot& slot : slots) total += elements_of(slot);
    parallel_pieces(total, total, [&](int64_t piece, int64_t begin, int64_t end) {
        int64_t first = 0;  // place of the slot's first element among all
        for (auto& slot : slots) {
            const int64_t count = elements_of(slot);
            const int64_t from = std::max(begin - first, int64_t{0});
            const int64_t to = std::min(end - first, count);
            if (from < to) body(piece, slot, from, to);
            first += count;
        }
    });
}

struct ScheduleNow {
    double learning_rate, gradient_factor;
    explicit ScheduleNow(const Tensor& schedule)
        : learning_rate(schedule.data<double>()[0]), gradient_factor(schedule.data<double>()[1]) {}
};

}  // namespace

void CpuKernels::update_table(ParameterTable&) {}

void CpuKernels::sgd_step(ParameterTable& parameters, const SgdOptions& options,
                          const Tensor& schedule) {
    const ScheduleNow now(schedule);
    if (std::isnan(now.gradient_factor)) return;
    for_each_piece(parameters.slots, [&](int64_t, ParameterSlot& slot, int64_t begin, int64_t end) {
        with_float_type(slot.value, [&]<class T>(T) {
            T *value = slot.value.data<T>(), *momentum = slot.momentum.data<T>();
            const T* grad = slot.grad.data<T>();
            const auto rate = static_cast<T>(now.learning_rate * slot.rate);
            const auto factor = static_cast<T>(now.gradient_factor);
            const auto decay = static_cast<T>(slot.weight_decay);
            const auto keep = static_cast<T>(options.momentum);
#pragma omp simd
            for (int64_t i = begin; i < end; ++i) {
                const T g = factor * grad[i] + decay * value[i];
                momentum[i] = keep * momentum[i] + g;
                value[i] -= rate * momentum[i];
            }
        });
    });
}

void CpuKernels::adamw_step(ParameterTable& parameters, const AdamWOptions& options,
                            const Tensor& schedule) {
    const ScheduleNow now(schedule);
    if (std::isnan(now.gradient_factor)) return;
    std::vector<ParameterSlot>& slots = parameters.slots;
    int64_t* const steps = parameters.steps.data<int64_t>();
    for (size_t i = 0; i < slots.size(); ++i)
        if (slots[i].grad.defined()) ++steps[i];
    for_each_piece(slots, [&](int64_t, ParameterSlot& slot, int64_t begin, int64_t end) {
        const auto step = static_cast<double>(steps[&slot - slots.data()]);
        const double correction1 = 1 - std::pow(options.beta1, step);
        const double correction2 = 1 - std::pow(options.beta2, step);
        with_float_type(slot.value, [&]<class T>(T) {
            T *value = slot.value.data<T>(), *first = slot.momentum.data<T>(),
              *second = slot.second_moment.data<T>();
            const T* grad = slot.grad.data<T>();
            const double learning_rate = now.learning_rate * slot.rate;
            const auto keep = static_cast<T>(1 - learning_rate * slot.weight_decay);
            const auto rate = static_cast<T>(learning_rate / correction1);
            const auto scale = static_cast<T>(1 / std::sqrt(correction2));
            const auto eps = static_cast<T>(options.eps);
            const auto factor = static_cast<T>(now.gradient_factor);
            // 1 − β rounded once: 1 − (float)0.999 would be off in the fifth digit.
            const auto beta1 = static_cast<T>(options.beta1),
                       new1 = static_cast<T>(1 - options.beta1);
            const auto beta2 = static_cast<T>(options.beta2),
                       new2 = static_cast<T>(1 - options.beta2);
#pragma omp simd
            for (int64_t i = begin; i < end; ++i) {
                const T g = factor * grad[i];
                first[i] = beta1 * first[i] + new1 * g;
                second[i] = beta2 * second[i] + new2 * g * g;
                value[i] = keep * value[i] - rate * first[i] / (std::sqrt(second[i]) * scale + eps);
            }
        });
    });
}

void CpuKernels::global_norm(const ParameterTable& parameters, Tensor& norm) {
    // One sum per piece, added in their order.
    std::vector<double> sums(threads(), 0.0);
    for_each_piece(parameters.slots,
                   [&](int64_t piece, const ParameterSlot& slot, int64_t begin, int64_t end) {
                       with_float_type(slot.grad, [&]<class T>(T) {
                           const T* grad = slot.grad.data<T>();
                           double sum = 0;
#pragma omp simd reduction(+ : sum)
                           for (int64_t i = begin; i < end; ++i) {
                               const double g = grad[i];
                               sum += g * g;
                           }
                           sums[piece] += sum;
                       });
                   });
    double total = 0;
    for (double sum : sums) total += sum;
    *norm.data<double>() = std::sqrt(total);
}

void CpuKernels::clip_factor(const Tensor& norm, double limit, Tensor& schedule) {
    const double size = *norm.data<double>();
    double& factor = schedule.data<double>()[1];
    factor = limit > 0 ? std::min(1.0, limit / (size + 1e-6)) : 1.0;  // the small term is PyTorch's
    if (!std::isfinite(size)) factor = NAN;
}

}  // namespace mdn
