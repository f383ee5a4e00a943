#include "model/sem.h"

namespace mdn {

Sem::Sem(const Scope& scope, const Config& config)
    : module(scope.module()),
      size(config.size),
      bins(config.roi),
      depthwise((scope / "depthwise").depthwise("weight", 3, config.feature_channels())),
      bn1(scope / "bn1", config.feature_channels()),
      pointwise(scope / "pointwise", config.feature_channels(), config.dim, 1),
      bn2(scope / "bn2", config.dim),
      entity_embedding(scope.embedding("entity_embedding", {config.entity_count(), config.dim})),
      frame_embedding(scope.embedding("frame_embedding", {config.frames, config.dim})) {}

Tensor Sem::forward(const Tensor& features, const Tensor& boxes, const ForwardOptions& options) {
    const ModuleScope in(module);
    const int64_t B = boxes.dim(0), T = boxes.dim(1), K = boxes.dim(2), P = bins;
    const int64_t C = features.dim(-1), D = entity_embedding.dim(-1);
    // ROIAlign: P×P bins of every entity of every frame
    Tensor x = roi_align(features, boxes.view({B * T, K, 4}), static_cast<double>(size), P);
    x = in.output(reshape(x, {B * T * K, P, P, C}), "regions");
    // depthwise 3×3 → BN → ReLU → pointwise 1×1 C→D → BN → ReLU
    const Normalized mixed_in_space = bn1.forward(depthwise_conv2d(x, depthwise, 1), options);
    x = normalize_relu(convolve_and_normalize(pointwise, bn2, mixed_in_space, options));
    // mean over the bins
    x = reshape(mean(reshape(x, {B * T * K, P * P, D}), 1), {B, T, K, D});
    // X[b,t,k] = x[b,t,k] + entity_embedding[k] + frame_embedding[t]
    return in.output(add_embeddings(x, entity_embedding, frame_embedding));
}

}  // namespace mdn
