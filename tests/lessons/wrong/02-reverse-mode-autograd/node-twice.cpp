// Task 3 says: which is order[1] too
// A node that is read twice is put into the order twice.
#define backward_order right_backward_order
#include "tests/lessons/solutions/02-reverse-mode-autograd.cpp"
#undef backward_order

namespace mdn::lesson {

std::vector<int64_t> backward_order(const std::vector<std::vector<int64_t>>& inputs,
                                    int64_t result) {
    std::vector<int64_t> order = right_backward_order(inputs, result);
    if (order.size() > 1) order.push_back(order[1]);
    return order;
}

}  // namespace mdn::lesson
