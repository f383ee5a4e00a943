#include <cmath>

#include "model/onnx/modules.h"

namespace mdn::onnx {

namespace {

constexpr float norm_eps = 1e-5f;  // of batch norm and layer norm (layers.h)

}  // namespace

Edge convolution(GraphBuilder& graph, const std::string& name, const Edge& x, int64_t stride,
                 int64_t pad) {
    const auto place = graph.at(name);
    return graph.conv2d(x, graph.parameter("weight"), stride, pad);
}

Edge batch_norm(GraphBuilder& graph, const std::string& name, const Edge& x) {
    const auto place = graph.at(name);
    return graph.batch_norm(x, graph.parameter("weight"), graph.parameter("bias"),
                            graph.parameter("running_mean"), graph.parameter("running_var"),
                            norm_eps);
}

Edge layer_norm(GraphBuilder& graph, const std::string& name, const Edge& x) {
    const auto place = graph.at(name);
    return graph.layer_norm(x, graph.parameter("weight"), graph.parameter("bias"), norm_eps);
}

Edge linear(GraphBuilder& graph, const std::string& name, const Edge& x) {
    const auto place = graph.at(name);
    return graph.linear(x, graph.parameter("weight"), graph.parameter("bias"));
}

Edge gelu(GraphBuilder& graph, const Edge& x) {
    // The operator Gelu came with opset 20. Runtimes know this form of it and fuse it.
    const auto place = graph.module("gelu", "Gelu", "x·Φ(x) = ½·x·(1 + erf(x/√2))");
    const Edge erf = graph.erf(graph.divide(x, graph.constant(std::sqrt(2.0f))));
    const Edge twice = graph.multiply(x, graph.add(erf, graph.constant(1.0f)));
    return graph.multiply(twice, graph.constant(0.5f));
}

Edge mlp(GraphBuilder& graph, const std::string& name, const Edge& x, const std::string& type) {
    const auto place = graph.module(name, type, "FC2(GELU(FC1 x))");
    return linear(graph, "fc2", gelu(graph, linear(graph, "fc1", x)));
}

Edge grouped_linear(GraphBuilder& graph, const std::string& layer, const Edge& x) {
    const Edge weight = graph.parameter(layer + "_weight"), bias = graph.parameter(layer + "_bias");
    const int64_t N = x.dim(0), K = x.dim(1), I = x.dim(2), O = weight.dim(1);
    // W [K,O,I] · x [N,K,I,1], the axis N broadcast
    const Edge product = graph.matmul(weight, graph.reshape(x, {N, K, I, 1}));
    return graph.add(graph.reshape(product, {N, K, O}), bias);
}

Edge add_embeddings(GraphBuilder& graph, const Edge& x, const Config& config) {
    const int64_t T = config.frames, K = config.entity_count(), D = config.dim;
    const Edge entity = graph.parameter("entity_embedding");
    const Edge frame = graph.reshape(graph.parameter("frame_embedding"), {T, 1, D});
    const Edge tokens = graph.add(graph.add(graph.reshape(x, {1, T, K, D}), entity), frame);
    return graph.reshape(tokens, {T * K, D});
}

Edge mean_over_frames(GraphBuilder& graph, const Edge& tokens, const Config& config) {
    const int64_t T = config.frames, K = config.entity_count(), D = config.dim;
    return graph.mean(graph.reshape(tokens, {1, T, K, D}), {1});
}

}  // namespace mdn::onnx
