// y = x·keep/(1−p). The mask is never stored: the backward pass draws it again.
//
// Element i of the flat tensor takes word i % 4 of the Philox block with
//     counter = {low 32 bits of i/4, high 32 bits of i/4, low 32 bits of step, 2³¹ + op},
//     key     = seed,
// and is kept when the word's upper 24 bits, as a fraction of 2²⁴, are at least p. The 2³¹ keeps
// these counters apart from those of `Random` under the same seed (random.h), whose streams are
// small numbers.
#include <algorithm>
#include <cmath>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

void CpuKernels::dropout(const Tensor& x, double p, const RandomStream& stream, Tensor& y) {
    const int64_t* seed_and_step = stream.seed_and_step.data<int64_t>();
    const uint64_t seed = static_cast<uint64_t>(seed_and_step[0]);
    const uint32_t step = static_cast<uint32_t>(seed_and_step[1]);
    const uint32_t op = 0x80000000u + static_cast<uint32_t>(stream.op);
    const uint32_t least_kept = static_cast<uint32_t>(std::ceil(p * 0x1p24));
    const int64_t count = x.numel();
    with_float_type(x, [&]<class T>(T) {
        const T* in = x.data<T>();
        T* out = y.data<T>();
        const T factor = static_cast<T>(1 / (1 - p));
        parallel_for((count + 3) / 4, count, [=](int64_t begin, int64_t end) {
            for (int64_t block = begin; block < end; ++block) {
                const uint64_t position = static_cast<uint64_t>(block);
                const auto words = philox({static_cast<uint32_t>(position),
                                           static_cast<uint32_t>(position >> 32), step, op},
                                          seed);
                const int64_t first = 4 * block, size = std::min<int64_t>(4, count - first);
                for (int64_t i = 0; i < size; ++i)
                    out[first + i] = (words[i] >> 8) >= least_kept ? factor * in[first + i] : T{0};
            }
        });
    });
}

}  // namespace mdn
