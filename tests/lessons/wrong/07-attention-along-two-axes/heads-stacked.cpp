// Task 3 says: y has the shape [4, 4, 3, 5], but must have [2, 4, 3, 10]
// The heads are not merged again.
#define attend_along right_attend_along
#include "tests/lessons/solutions/07-attention-along-two-axes.cpp"
#undef attend_along

namespace mdn::lesson {

Tensor attend_along(const Tensor& qkv, int64_t heads, TokenAxis axis) {
    const Tensor y = right_attend_along(qkv, heads, axis);
    return y.view({y.dim(0) * heads, y.dim(1), y.dim(2), y.dim(3) / heads});
}

}  // namespace mdn::lesson
