// Task 3 says: reads it and comes later
// The numbers are taken for the order in which the nodes were made.
#define backward_order right_backward_order
#include "tests/lessons/solutions/02-reverse-mode-autograd.cpp"
#undef backward_order

namespace mdn::lesson {

std::vector<int64_t> backward_order(const std::vector<std::vector<int64_t>>& inputs,
                                    int64_t result) {
    std::vector<int64_t> order = right_backward_order(inputs, result);
    std::sort(order.rbegin(), order.rend());
    return order;
}

}  // namespace mdn::lesson
