// y = x·keep/(1−p). The mask is never stored: the backward pass draws it again.
//
// Element number i (the flat tensor's first has number stream.first) takes word i % 4 of the Philox
// block with
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

namespace {

/// Philox blocks that are computed at once, one in each lane of some vectors.
constexpr int64_t at_once = 32;

/// philox() (random.h) of `at_once` blocks from `first` on, word after word as they are numbered.
void philox_words(uint64_t first, uint32_t step, uint32_t op, uint64_t seed, uint32_t* words) {
    uint32_t c0[at_once], c1[at_once], c2[at_once], c3[at_once];
    for (int64_t i = 0; i < at_once; ++i) {
        c0[i] = static_cast<uint32_t>(first + static_cast<uint64_t>(i));
        c1[i] = static_cast<uint32_t>((first + static_cast<uint64_t>(i)) >> 32);
        c2[i] = step;
        c3[i] = op;
    }
    PhiloxKey key(seed);
    for (int round = 0; round < philox_rounds; ++round, key.next())
#pragma omp simd
        for (int64_t i = 0; i < at_once; ++i) philox_round(c0[i], c1[i], c2[i], c3[i], key);
    for (int64_t i = 0; i < at_once; ++i) {
        words[4 * i] = c0[i];
        words[4 * i + 1] = c1[i];
        words[4 * i + 2] = c2[i];
        words[4 * i + 3] = c3[i];
    }
}

}  // namespace

void CpuKernels::dropout(const Tensor& x, double p, const RandomStream& stream, Tensor& y) {
    const int64_t* seed_and_step = stream.seed_and_step.data<int64_t>();
    const uint64_t seed = static_cast<uint64_t>(seed_and_step[0]);
    const uint32_t step = static_cast<uint32_t>(seed_and_step[1]);
    const uint32_t op = 0x80000000u + static_cast<uint32_t>(stream.op);
    const uint32_t least_kept = static_cast<uint32_t>(std::ceil(p * 0x1p24));
    const int64_t count = x.numel();
    constexpr int64_t elements = 4 * at_once;
    with_float_type(x, [&]<class T>(T) {
        const T* in = x.data<T>();
        T* out = y.data<T>();
        const T factor = static_cast<T>(1 / (1 - p));
        // Words of the first block that belong to elements before the tensor's.
        const int64_t block = stream.first / 4, unused = stream.first % 4;
        const int64_t parts = (unused + count + elements - 1) / elements;
        parallel_for(parts, count, [=](int64_t begin, int64_t end) {
            uint32_t words[elements];
            for (int64_t part = begin; part < end; ++part) {
                philox_words(static_cast<uint64_t>(block + part * at_once), step, op, seed, words);
                const int64_t first = part * elements - unused;
                const int64_t size = std::min(elements, count - first);
#pragma omp simd
                for (int64_t i = std::max<int64_t>(0, -first); i < size; ++i)
                    out[first + i] = (words[i] >> 8) >= least_kept ? factor * in[first + i] : T{0};
            }
        });
    });
}

}  // namespace mdn
