#include "model/dual_path.h"

#include "model/onnx/modules.h"

namespace mdn::onnx {

Edge path(GraphBuilder& graph, PathOrder order, const Edge& x, const Config& config) {
    const auto spatial = [&](const Edge& tokens) {
        return encoder(graph, "spatial", tokens, TokenAxis::entities, config);
    };
    const auto temporal = [&](const Edge& tokens) {
        return encoder(graph, "temporal", tokens, TokenAxis::frames, config);
    };
    const auto place = graph.at(order == PathOrder::st ? "st" : "ts");
    if (order == PathOrder::st)  // X_st = Temporal-T(Spatial-T(X) + MLP_s(X))
        return temporal(graph.add(spatial(x), mlp(graph, "mlp", x)));
    // X_ts = Spatial-T(Temporal-T(X) + MLP_t(X))
    return spatial(graph.add(temporal(x), mlp(graph, "mlp", x)));
}

}  // namespace mdn::onnx
