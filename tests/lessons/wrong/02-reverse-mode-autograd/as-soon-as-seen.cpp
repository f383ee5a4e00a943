// Task 3 says: reads it and comes later
// A node is taken when it is seen first, and does not wait for its other readers.
#define backward_order right_backward_order
#include "tests/lessons/solutions/02-reverse-mode-autograd.cpp"
#undef backward_order

namespace mdn::lesson {

std::vector<int64_t> backward_order(const std::vector<std::vector<int64_t>>& inputs,
                                    int64_t result) {
    std::vector<bool> seen(inputs.size());
    std::vector<int64_t> order = {result};
    seen[result] = true;
    for (size_t i = 0; i < order.size(); ++i)
        for (int64_t input : inputs[order[i]]) {
            if (seen[input]) continue;
            seen[input] = true;
            order.push_back(input);
        }
    return order;
}

}  // namespace mdn::lesson
