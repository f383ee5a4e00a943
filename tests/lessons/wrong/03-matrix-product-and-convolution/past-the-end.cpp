// Task 2 says: lies outside a, which is [3, 4]
// The last block is as long as the others.
#define blocked_product right_blocked_product
#include "tests/lessons/solutions/03-matrix-product-and-convolution.cpp"
#undef blocked_product

namespace mdn::lesson {

void blocked_product(CachedMatrix& a, CachedMatrix& b, CachedMatrix& c) {
    constexpr int64_t block = 8;
    for (int64_t i0 = 0; i0 < a.rows(); i0 += block)
        for (int64_t j0 = 0; j0 < b.columns(); j0 += block)
            for (int64_t k0 = 0; k0 < b.rows(); k0 += block)
                for (int64_t i = i0; i < i0 + block; ++i)
                    for (int64_t j = j0; j < j0 + block; ++j)
                        for (int64_t k = k0; k < k0 + block; ++k) c(i, j) += a(i, k) * b(k, j);
}

}  // namespace mdn::lesson
