#include "model/transformer.h"

#include <array>
#include <cmath>

#include "model/onnx/modules.h"

namespace mdn::onnx {

namespace {

/// Which axes of [B,T,K,h,d] the heads of one product lie on: batch, then rows and columns.
struct Axes {
    std::vector<int64_t> rows;     // of q and v: [B,·,h,L,d]
    std::vector<int64_t> columns;  // of k: [B,·,h,d,L]
    std::vector<int64_t> back;     // [B,·,h,L,d] → [B,T,K,h,d]
};

const Axes& axes_of(TokenAxis axis) {
    static const Axes over_entities = {{0, 1, 3, 2, 4}, {0, 1, 3, 4, 2}, {0, 1, 3, 2, 4}};
    static const Axes over_frames = {{0, 2, 3, 1, 4}, {0, 2, 3, 4, 1}, {0, 3, 1, 2, 4}};
    return axis == TokenAxis::entities ? over_entities : over_frames;
}

/// softmax(q kᵀ/√d) v along one axis: rows [B·T·K,3D] → [B·T·K,D].
Edge attention(GraphBuilder& graph, const Edge& qkv, TokenAxis axis, const Config& config) {
    const int64_t T = config.frames, K = config.entity_count(), D = config.dim, h = config.heads;
    const Axes& axes = axes_of(axis);
    const auto place = graph.module(
        axis == TokenAxis::entities ? "spatial_attention" : "temporal_attention",
        axis == TokenAxis::entities ? "SpatialAttention" : "TemporalAttention",
        axis == TokenAxis::entities ? "softmax(q kᵀ/√d) v over the entities of a frame"
                                    : "softmax(q kᵀ/√d) v over the frames of an entity");
    std::vector<Edge> parts = graph.split(qkv, 1, {D, D, D});
    for (Edge& part : parts) part = graph.reshape(part, {1, T, K, h, D / h});
    const Edge q = graph.transpose(parts[0], axes.rows);
    const Edge k = graph.transpose(parts[1], axes.columns);
    const Edge v = graph.transpose(parts[2], axes.rows);
    const Edge scale = graph.constant(1 / std::sqrt(static_cast<float>(D / h)));
    const Edge weights = graph.softmax(graph.multiply(graph.matmul(q, k), scale));
    return graph.reshape(graph.transpose(graph.matmul(weights, v), axes.back), {T * K, D});
}

Edge encoder_layer(GraphBuilder& graph, const std::string& name, const Edge& x, TokenAxis axis,
                   const Config& config) {
    const auto place = graph.module(
        name, axis == TokenAxis::entities ? "SpatialEncoderLayer" : "TemporalEncoderLayer",
        "y = x + Proj(Attention(LN1 x)); y + FC2(GELU(FC1(LN2 y)))");
    // x += Proj(Attention(LN1 x))
    const Edge qkv = linear(graph, "attn/qkv", layer_norm(graph, "norm1", x));
    const Edge attended = attention(graph, qkv, axis, config);
    const Edge y = graph.add(x, linear(graph, "attn/proj", attended));
    // x += FC2(GELU(FC1(LN2 x)))
    return graph.add(y, mlp(graph, "mlp", layer_norm(graph, "norm2", y)));
}

}  // namespace

Edge encoder(GraphBuilder& graph, const std::string& name, const Edge& x, TokenAxis axis,
             const Config& config) {
    const auto place = graph.at(name);
    Edge y = x;
    for (int64_t l = 0; l < config.layers; ++l)
        y = encoder_layer(graph, "layers/" + std::to_string(l), y, axis, config);
    return layer_norm(graph, "norm", y);
}

}  // namespace mdn::onnx
