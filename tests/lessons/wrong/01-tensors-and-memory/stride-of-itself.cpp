// Task 1 says: strides[0] is 4, but must be 1
// An axis's own size is counted too.
#define strides_of right_strides_of
#include "tests/lessons/solutions/01-tensors-and-memory.cpp"
#undef strides_of

namespace mdn::lesson {

std::vector<int64_t> strides_of(const Shape& shape) {
    std::vector<int64_t> strides(shape.size());
    int64_t elements = 1;
    for (size_t axis = shape.size(); axis-- > 0;) strides[axis] = elements *= shape[axis];
    return strides;
}

}  // namespace mdn::lesson
