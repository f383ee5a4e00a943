// Task 3 says: y[0, 0, 0, 0] is
// α[…,0] goes to TS.
#define mixed right_mixed
#include "tests/lessons/solutions/08-dual-path-and-router.cpp"
#undef mixed

namespace mdn::lesson {

Tensor mixed(const Tensor& st, const Tensor& ts, const Tensor& alpha) {
    return right_mixed(ts, st, alpha);
}

}  // namespace mdn::lesson
