// Task 1 says: some joints not seen: joints = f64 [3, 4, 3]
// The confidence is not looked at: a joint that was not seen pulls the box to where it lies.
#define part_boxes right_part_boxes
#include "tests/lessons/solutions/06-roi-align-and-entities.cpp"
#undef part_boxes

namespace mdn::lesson {

Tensor part_boxes(const Tensor& joints, double margin, double size) {
    const Tensor all = joints.clone();
    for (int64_t i = 2; i < all.numel(); i += 3) all.data<double>()[i] = 1;
    return right_part_boxes(all, margin, size);
}

}  // namespace mdn::lesson
