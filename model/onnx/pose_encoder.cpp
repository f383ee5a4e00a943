#include "model/pose_encoder.h"

#include "model/onnx/modules.h"

namespace mdn::onnx {

Edge pose_encoder(GraphBuilder& graph, const Edge& joints, const Config& config) {
    const int64_t T = config.frames, K = config.entity_count(), D = config.dim;
    const auto place =
        graph.module("pose", "PoseEncoder", "W2_k GELU(W1_k joints + b1_k) + b2_k, and embeddings");
    // x[b,t,k] = W2_k GELU(W1_k joints[b,t,k] + b1_k) + b2_k
    Edge x = graph.reshape(joints, {T, K, 3 * joints_per_entity});
    x = grouped_linear(graph, "fc2", gelu(graph, grouped_linear(graph, "fc1", x)));
    return add_embeddings(graph, graph.reshape(x, {T * K, D}), config);
}

}  // namespace mdn::onnx
