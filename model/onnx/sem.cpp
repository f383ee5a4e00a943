#include "model/onnx/modules.h"

namespace mdn::onnx {

Edge sem(GraphBuilder& graph, const Edge& features, const Edge& boxes, const Config& config) {
    const int64_t K = config.entity_count(), P = config.roi, D = config.dim;
    const int64_t N = features.dim(0), C = features.dim(1);
    const auto place = graph.module(
        "sem", "SemanticEntityModule",
        "ROIAlign, depthwise 3×3, BN, ReLU, pointwise 1×1, BN, ReLU, mean, and embeddings");
    // ROIAlign: P×P bins of every entity of every frame
    Edge x = graph.roi_align(features, graph.reshape(boxes, {N * K, 4}),
                             graph.row_numbers(features, K), config.size, P);
    // depthwise 3×3 → BN → ReLU → pointwise 1×1 C→D → BN → ReLU
    {
        const auto depthwise = graph.at("depthwise");
        x = graph.conv2d(x, graph.parameter("weight"), 1, 1, C);
    }
    x = graph.relu(batch_norm(graph, "bn1", x));
    x = graph.relu(batch_norm(graph, "bn2", convolution(graph, "pointwise", x)));
    // mean over the bins
    x = graph.reshape(graph.mean(x, {2, 3}), {N * K, D});
    return add_embeddings(graph, x, config);
}

}  // namespace mdn::onnx
