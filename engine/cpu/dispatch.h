// From a tensor's dtype to a C++ type, and loops over threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/tensor.h"
#include "engine/threads.h"

namespace mdn {

/// Calls f(T{}) with T = float or double, the dtype of x. Throws Error for other dtypes.
template <class F>
void with_float_type(const Tensor& x, F&& f) {
    switch (x.dtype()) {
        case DType::f32:
            return f(float{});
        case DType::f64:
            return f(double{});
        default:
            throw Error("[cpu] expected a floating dtype, got " + to_string(x.dtype()));
    }
}

/// Elements below which a loop is not worth waking other threads for.
inline constexpr int64_t parallel_grain = 16384;

/// Calls body(piece, begin, end) on contiguous pieces of [0, count), in parallel when `work`
/// (elements touched in all) is large enough. There are at most threads() pieces, and the split
/// depends only on their number.
template <class F>
void parallel_pieces(int64_t count, int64_t work, F&& body) {
    const int64_t pieces = work >= parallel_grain ? threads() : 1;
    run_shares(pieces, [&](int64_t piece) {
        const int64_t begin = count * piece / pieces, end = count * (piece + 1) / pieces;
        if (begin < end) body(piece, begin, end);
    });
}

/// Pieces per thread of a loop whose pieces do not matter: a thread that is slower, or that the
/// system interrupts, leaves some to the others.
inline constexpr int64_t pieces_per_thread = 4;

/// The same where it does not matter which piece it is, and what the pieces are.
template <class F>
void parallel_for(int64_t count, int64_t work, F&& body) {
    const int64_t threads = mdn::threads(), largest = threads * pieces_per_thread;
    const int64_t pieces =
        threads == 1 ? 1 : std::clamp<int64_t>(work / parallel_grain * 2, 1, largest);
    run_shares(pieces, [&](int64_t piece) {
        const int64_t begin = count * piece / pieces, end = count * (piece + 1) / pieces;
        if (begin < end) body(begin, end);
    });
}

}  // namespace mdn
