// Task 3 says: is missing: the order is
// A reader that does not lead to the result is waited for, and never comes.
#define backward_order right_backward_order
#include "tests/lessons/solutions/02-reverse-mode-autograd.cpp"
#undef backward_order

namespace mdn::lesson {

std::vector<int64_t> backward_order(const std::vector<std::vector<int64_t>>& inputs,
                                    int64_t result) {
    std::vector<int64_t> readers(inputs.size()), order = {result};
    for (const std::vector<int64_t>& of_one : inputs)
        for (int64_t input : of_one) ++readers[input];
    for (size_t i = 0; i < order.size(); ++i)
        for (int64_t input : inputs[order[i]])
            if (--readers[input] == 0) order.push_back(input);
    return order;
}

}  // namespace mdn::lesson
