// y = x·keep/(1−p), with the CPU's mask to the bit (cpu/dropout.cpp says how it is drawn).
#include <cmath>

#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"
#include "engine/cuda/pack.h"

namespace mdn {

namespace {

/// A thread draws one Philox block at a time: the masks of four neighbouring elements.
template <class T>
__global__ void dropout_kernel(int64_t count, const T* x, uint32_t least_kept, float factor,
                               const int64_t* seed_and_step, uint32_t op, int64_t first, T* y) {
    using Four = Pack<T, 4>;
    const uint64_t seed = static_cast<uint64_t>(seed_and_step[0]);
    const uint32_t step = static_cast<uint32_t>(seed_and_step[1]);
    const int unused = static_cast<int>(first % 4);  // words of the first block
    for (int64_t part = first_index(); 4 * part < unused + count; part += index_step()) {
        const int64_t block = first / 4 + part, begin = 4 * part - unused;
        const auto words = philox(
            {static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), step, op}, seed);
        const auto dropped = [&](int i, T value) {
            return from_float<T>((words[i] >> 8) >= least_kept ? factor * to_float(value) : 0.f);
        };
        if (unused == 0 && begin + 4 <= count) {
            Four values = reinterpret_cast<const Four*>(x)[part];
            for (int i = 0; i < 4; ++i) values.at[i] = dropped(i, values.at[i]);
            reinterpret_cast<Four*>(y)[part] = values;
        } else {
            for (int i = 0; i < 4; ++i)
                if (begin + i >= 0 && begin + i < count) y[begin + i] = dropped(i, x[begin + i]);
        }
    }
}

}  // namespace

void CudaKernels::dropout(const Tensor& x, double p, const RandomStream& stream, Tensor& y) {
    const auto least_kept = static_cast<uint32_t>(std::ceil(p * 0x1p24));
    const uint32_t op = 0x80000000u + static_cast<uint32_t>(stream.op);
    with_activation_type(x, [&]<class T>(T) {
        launch_over(ceil_divide(stream.first % 4 + x.numel(), 4), dropout_kernel<T>, x.numel(),
                    elements<T>(x), least_kept, 1 / (1 - p), stream.seed_and_step.data<int64_t>(),
                    op, stream.first, elements<T>(y));
    });
}

}  // namespace mdn
