// Task 4 says: the gradient of node 0[0, 0
// A second share takes the place of the first.
#define gradients_of right_gradients_of
#include "tests/lessons/solutions/02-reverse-mode-autograd.cpp"
#undef gradients_of

namespace mdn::lesson {

std::vector<Tensor> gradients_of(const std::vector<GraphNode>& graph, int64_t result,
                                 const Tensor& dy) {
    std::vector<std::vector<int64_t>> inputs;
    for (const GraphNode& node : graph) inputs.push_back(node.inputs);
    std::vector<Tensor> gradients(graph.size());
    gradients[result] = dy;
    for (int64_t n : backward_order(inputs, result)) {
        const GraphNode& node = graph[n];
        if (!node.backward) continue;
        const std::vector<Tensor> shares = node.backward(gradients[n]);
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            Tensor& sum = gradients[node.inputs[i]];
            sum = shares[i];
        }
    }
    return gradients;
}

}  // namespace mdn::lesson
