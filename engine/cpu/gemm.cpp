#include "engine/cpu/gemm.h"

namespace mdn {

template <class T>
void gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, T alpha, const T* a,
          int64_t lda, const T* b, int64_t ldb, T beta, T* c, int64_t ldc, const T* bias) {
#pragma omp parallel for
    for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j) {
            T total = 0;
            for (int64_t p = 0; p < k; ++p)
                total += (transpose_a ? a[p * lda + i] : a[i * lda + p]) *
                         (transpose_b ? b[j * ldb + p] : b[p * ldb + j]);
            T& out = c[i * ldc + j];
            out = alpha * total + (beta == 0 ? 0 : beta * out) + (bias ? bias[j] : 0);
        }
}

template void gemm<float>(bool, bool, int64_t, int64_t, int64_t, float, const float*, int64_t,
                          const float*, int64_t, float, float*, int64_t, const float*);
template void gemm<double>(bool, bool, int64_t, int64_t, int64_t, double, const double*, int64_t,
                           const double*, int64_t, double, double*, int64_t, const double*);

}  // namespace mdn
