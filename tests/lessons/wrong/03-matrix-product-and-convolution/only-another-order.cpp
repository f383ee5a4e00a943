// Task 2 says: c is right, but 33792 lines had to come from memory, and at most 10000 may
// The loops are in a better order, but there are no blocks.
#define blocked_product right_blocked_product
#include "tests/lessons/solutions/03-matrix-product-and-convolution.cpp"
#undef blocked_product

namespace mdn::lesson {

void blocked_product(CachedMatrix& a, CachedMatrix& b, CachedMatrix& c) {
    for (int64_t i = 0; i < a.rows(); ++i)
        for (int64_t k = 0; k < b.rows(); ++k)
            for (int64_t j = 0; j < b.columns(); ++j) c(i, j) += a(i, k) * b(k, j);
}

}  // namespace mdn::lesson
