// Task 2 says: c is right, but 295424 lines had to come from memory, and at most 10000 may
// Three loops in the order of the formula.
#define blocked_product right_blocked_product
#include "tests/lessons/solutions/03-matrix-product-and-convolution.cpp"
#undef blocked_product

namespace mdn::lesson {

void blocked_product(CachedMatrix& a, CachedMatrix& b, CachedMatrix& c) {
    for (int64_t i = 0; i < a.rows(); ++i)
        for (int64_t j = 0; j < b.columns(); ++j)
            for (int64_t k = 0; k < b.rows(); ++k) c(i, j) += a(i, k) * b(k, j);
}

}  // namespace mdn::lesson
