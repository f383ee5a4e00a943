// The matrix product that everything fast on the CPU is built on.
#pragma once

#include <cstdint>

namespace mdn {

/// C [m,n] = alpha · op(A) · op(B) + beta · C (+ bias [n] on every row, where given).
/// op(A) [m,k] is A or, if transpose_a, A stored as [k,m]; likewise op(B) [k,n]. lda, ldb, ldc are
/// the distances between stored rows, in elements. beta = 0 ignores what C held. T is float or
/// double. Uses all threads; the order of summation depends only on the sizes.
template <class T>
void gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, T alpha, const T* a,
          int64_t lda, const T* b, int64_t ldb, T beta, T* c, int64_t ldc, const T* bias = nullptr);

}  // namespace mdn
