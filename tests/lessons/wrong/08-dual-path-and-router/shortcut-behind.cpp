// Task 1 says: X_ts[0, 0, 0, 0] is
// The shortcut is added after the second transformer.
#define ts_path right_ts_path
#include "tests/lessons/solutions/08-dual-path-and-router.cpp"
#undef ts_path

namespace mdn::lesson {

Tensor ts_path(const Tensor& x, const PathParts& parts) {
    return add(parts.spatial(parts.temporal(x)), parts.mlp(x));
}

}  // namespace mdn::lesson
