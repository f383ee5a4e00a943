// Task 2 says: a = [16, 32], b = [32, 24]
// Each block of k overwrites the sum of the one before.
#define blocked_product right_blocked_product
#include "tests/lessons/solutions/03-matrix-product-and-convolution.cpp"
#undef blocked_product

namespace mdn::lesson {

void blocked_product(CachedMatrix& a, CachedMatrix& b, CachedMatrix& c) {
    constexpr int64_t block = 8;
    for (int64_t i0 = 0; i0 < a.rows(); i0 += block)
        for (int64_t j0 = 0; j0 < b.columns(); j0 += block)
            for (int64_t k0 = 0; k0 < b.rows(); k0 += block)
                for (int64_t i = i0; i < std::min(i0 + block, a.rows()); ++i)
                    for (int64_t j = j0; j < std::min(j0 + block, b.columns()); ++j) {
                        double sum = 0;
                        for (int64_t k = k0; k < std::min(k0 + block, b.rows()); ++k)
                            sum += a(i, k) * b(k, j);
                        c(i, j) = sum;
                    }
}

}  // namespace mdn::lesson
