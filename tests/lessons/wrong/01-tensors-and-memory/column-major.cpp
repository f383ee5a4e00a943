// Task 1 says: strides[0] is 1, but must be 3
// The first axis is taken for the one that lies together.
#define strides_of right_strides_of
#include "tests/lessons/solutions/01-tensors-and-memory.cpp"
#undef strides_of

namespace mdn::lesson {

std::vector<int64_t> strides_of(const Shape& shape) {
    std::vector<int64_t> strides(shape.size(), 1);
    for (size_t axis = 1; axis < shape.size(); ++axis)
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    return strides;
}

}  // namespace mdn::lesson
