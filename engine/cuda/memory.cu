// Filling, copying and converting memory, and the sum of all elements.
#include <algorithm>

#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"
#include "engine/cuda/pack.h"
#include "engine/cuda/reduce.h"

namespace mdn {

namespace {

template <class T>
__global__ void fill_kernel(int64_t count, T value, T* y) {
    for (int64_t i = first_index(); i < count; i += index_step()) y[i] = value;
}

template <class From, class To>
__global__ void cast_kernel(int64_t count, const From* x, To* y) {
    for (int64_t i = first_index(); i < count; i += index_step())
        y[i] = from_float<To>(to_float(x[i]));
}

/// As many casts as a kernel may be told of by value (4 KiB): a launch for each would take longer
/// than the cast of a small weight.
template <class From, class To>
struct Casts {
    static constexpr int most = 160;
    const From* x[most];
    To* y[most];
    int64_t count[most];
};

/// blockIdx.y is the cast, whose elements the blocks along x stride over, four at a time.
template <class From, class To>
__global__ void cast_all_kernel(Casts<From, To> casts) {
    const From* const x = casts.x[blockIdx.y];
    To* const y = casts.y[blockIdx.y];
    const int64_t count = casts.count[blockIdx.y], packs = count / 4;
    float values[4];
    for (int64_t i = first_index(); i < packs; i += index_step()) {
        load(x + 4 * i, values);
        store(values, y + 4 * i);
    }
    for (int64_t i = packs * 4 + first_index(); i < count; i += index_step())
        y[i] = from_float<To>(to_float(x[i]));
}

/// The sum of what each block strides over, in double as on the CPU.
template <class T>
__global__ void partial_sums_kernel(int64_t count, const T* x, double* partial) {
    double total = 0;
    for (int64_t i = first_index(); i < count; i += index_step()) total += to_float(x[i]);
    total = block_sum(total, dynamic_shared<double>());
    if (threadIdx.x == 0) partial[blockIdx.x] = total;
}

/// One warp.
template <class T>
__global__ void total_kernel(int64_t count, const double* partial, T* y) {
    double total = 0;
    for (int64_t i = threadIdx.x; i < count; i += warp_threads) total += partial[i];
    total = warp_sum(total);
    if (threadIdx.x == 0) *y = from_float<T>(static_cast<float>(total));
}

template <class T>
void fill_with(T value, Tensor& y) {
    launch_over(y.numel(), fill_kernel<T>, y.numel(), value, elements<T>(y));
}

}  // namespace

void CudaKernels::fill(double value, Tensor& y) {
    if (value == 0) {  // all bits of a zero are zero, whatever the dtype
        check(cudaMemsetAsync(y.raw(), 0, static_cast<size_t>(y.bytes()), cuda_context().stream()),
              "clearing memory");
        return;
    }
    switch (y.dtype()) {
        case DType::f32:
            return fill_with(static_cast<float>(value), y);
        case DType::f64:
            return fill_with(value, y);
        case DType::i64:
            return fill_with(static_cast<int64_t>(value), y);
        case DType::u8:
            return fill_with(static_cast<uint8_t>(value), y);
        case DType::bf16:
            return fill_with(__float2bfloat16(static_cast<float>(value)), y);
    }
}

void CudaKernels::copy(const Tensor& x, const Tensor& y) {
    check(cudaMemcpyAsync(y.raw(), x.raw(), static_cast<size_t>(x.bytes()), cudaMemcpyDefault,
                          cuda_context().stream()),
          "copying memory");
    // Host memory may be read, overwritten or freed as soon as this returns.
    if (x.device() != y.device()) cuda_context().synchronize();
}

void CudaKernels::cast(const Tensor& x, Tensor& y) {
    if (x.dtype() == y.dtype()) return copy(x, y);
    with_activation_type(x, [&]<class From>(From) {
        with_activation_type(y, [&]<class To>(To) {
            launch_over(x.numel(), cast_kernel<From, To>, x.numel(), elements<From>(x),
                        elements<To>(y));
        });
    });
}

void CudaKernels::cast_all(const std::vector<Tensor>& x, const std::vector<Tensor>& y) {
    if (x.empty()) return;
    constexpr int64_t most_blocks = 64;  // along a tensor; the tensors together fill a GPU
    with_activation_type(x[0], [&]<class From>(From) {
        with_activation_type(y[0], [&]<class To>(To) {
            using Some = Casts<From, To>;
            for (size_t first = 0; first < x.size(); first += Some::most) {
                const size_t here = std::min<size_t>(x.size() - first, Some::most);
                Some casts{};
                int64_t largest = 0;
                for (size_t i = 0; i < here; ++i) {
                    casts.x[i] = elements<From>(x[first + i]);
                    casts.y[i] = elements<To>(y[first + i]);
                    casts.count[i] = x[first + i].numel();
                    largest = std::max(largest, casts.count[i]);
                }
                dim3 grid = blocks_for(std::min(most_blocks, ceil_divide(largest, block_threads)));
                grid.y = static_cast<unsigned>(here);
                launch(cast_all_kernel<From, To>, grid, block_threads, 0, casts);
            }
        });
    });
}

void CudaKernels::sum(const Tensor& x, Tensor& y) {
    // As many blocks on any GPU, so that the order of additions, and so the sum, is the same.
    constexpr int64_t elements_per_block = 16 * block_threads, most_blocks = 1024;
    const int64_t wanted = ceil_divide(x.numel(), elements_per_block);
    const int64_t blocks = wanted < most_blocks ? wanted : most_blocks;
    const Tensor partial = Tensor::empty({blocks}, DType::f64, Device::cuda);
    with_activation_type(x, [&]<class T>(T) {
        launch(partial_sums_kernel<T>, blocks_for(blocks), block_threads, block_sum_bytes,
               x.numel(), elements<T>(x), partial.data<double>());
        launch(total_kernel<T>, 1, warp_threads, 0, blocks, partial.data<double>(), elements<T>(y));
    });
}

}  // namespace mdn
