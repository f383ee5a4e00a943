#include "train/checkpoints/check_numbers.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "engine/error.h"
#include "engine/threads.h"

namespace mdn {

namespace {

template <class T>
bool is_wrong(T number, float least) {
    const auto value = static_cast<float>(number);
    return !(value >= least && value <= std::numeric_limits<float>::max());
}

/// The place of the first wrong number; `count` where there is none.
template <class T>
int64_t first_wrong(const T* numbers, int64_t count, float least) {
    constexpr int64_t block = 1 << 16;
    std::atomic<int64_t> first = count;
    run_shares((count + block - 1) / block, [&](int64_t share) {
        const int64_t begin = share * block, end = std::min(begin + block, count);
        // Without a branch, so that the loop is as fast as memory.
        int any = 0;
#pragma omp simd reduction(| : any)
        for (int64_t i = begin; i < end; ++i) any |= is_wrong(numbers[i], least);
        if (!any) return;
        const int64_t found = std::find_if(numbers + begin, numbers + end,
                                           [&](T number) { return is_wrong(number, least); }) -
                              numbers;
        for (int64_t known = first; found < known && !first.compare_exchange_weak(known, found);) {
        }
    });
    return first;
}

template <class T>
void check(const std::string& path, const std::string& name, const Tensor& tensor) {
    const bool is_variance = name.ends_with("running_var");
    const float least = is_variance ? 0 : std::numeric_limits<float>::lowest();
    const T* const numbers = tensor.data<T>();
    const int64_t place = first_wrong(numbers, tensor.numel(), least);
    if (place == tensor.numel()) return;
    const bool negative = std::isfinite(static_cast<float>(numbers[place]));
    throw Error(path + ": tensor '" + name + "' holds " + std::to_string(numbers[place]) +
                    (negative ? ", and a variance is never negative" : ""),
                "the file is damaged, or its run had diverged: take an older one");
}

}  // namespace

void check_numbers(const std::string& path, const std::string& name, const Tensor& tensor) {
    if (tensor.dtype() == DType::f32) check<float>(path, name, tensor);
    if (tensor.dtype() == DType::f64) check<double>(path, name, tensor);
}

}  // namespace mdn
