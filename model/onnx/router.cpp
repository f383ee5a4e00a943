#include "model/router.h"

#include "model/onnx/modules.h"

namespace mdn::onnx {

Edge router(GraphBuilder& graph, const Edge& st, const Edge& ts, const Config& config) {
    const auto place = graph.module(
        "router", "Router", "softmax((W2_k GELU(W1_k g + b1_k) + b2_k)/τ), g of both paths' means");
    // g[b,i] = [mean_t X_st ; mean_t X_ts]
    const Edge g =
        graph.concat({mean_over_frames(graph, st, config), mean_over_frames(graph, ts, config)}, 2);
    // α[b,i] = softmax((W2_i GELU(W1_i g + b1_i) + b2_i)/τ)
    const Edge hidden = gelu(graph, grouped_linear(graph, "fc1", g));
    const Edge scores = grouped_linear(graph, "fc2", hidden);
    const auto temperature = static_cast<float>(config.router_temperature);
    return graph.softmax(graph.divide(scores, graph.constant(temperature)));
}

Edge mix(GraphBuilder& graph, const Edge& st, const Edge& ts, const Edge& alpha,
         const Config& config) {
    const int64_t T = config.frames, K = config.entity_count(), D = config.dim;
    const auto place = graph.module("mix", "Mix", "α_st·X_st + α_ts·X_ts");
    const std::vector<Edge> parts = graph.split(alpha, 2, {1, 1});
    const auto weighted = [&](const Edge& x, const Edge& weight) {
        return graph.multiply(graph.reshape(x, {1, T, K, D}), graph.reshape(weight, {1, 1, K, 1}));
    };
    const Edge fused = graph.add(weighted(st, parts[0]), weighted(ts, parts[1]));
    return graph.reshape(fused, {T * K, D});
}

}  // namespace mdn::onnx
