// Task 3 says: of which each but the first reads the one before twice
// Nothing is noted as seen, so that every path is walked.
#define backward_order right_backward_order
#include "tests/lessons/solutions/02-reverse-mode-autograd.cpp"
#undef backward_order

namespace mdn::lesson {

std::vector<int64_t> backward_order(const std::vector<std::vector<int64_t>>& inputs,
                                    int64_t result) {
    std::vector<int64_t> order;
    const std::function<void(int64_t)> walk = [&](int64_t node) {
        order.erase(std::remove(order.begin(), order.end(), node), order.end());
        order.push_back(node);
        for (int64_t input : inputs[node]) walk(input);
    };
    walk(result);
    return order;
}

}  // namespace mdn::lesson
