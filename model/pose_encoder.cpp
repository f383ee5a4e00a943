#include "model/pose_encoder.h"

namespace mdn {

PoseEncoder::PoseEncoder(const Scope& scope, const Config& config)
    : module(scope.module()),
      fc1_weight(
          scope.linear("fc1_weight", {config.entity_count(), config.dim, 3 * joints_per_entity})),
      fc1_bias(scope.bias("fc1_bias", {config.entity_count(), config.dim})),
      fc2_weight(scope.linear("fc2_weight", {config.entity_count(), config.dim, config.dim})),
      fc2_bias(scope.bias("fc2_bias", {config.entity_count(), config.dim})),
      entity_embedding(scope.embedding("entity_embedding", {config.entity_count(), config.dim})),
      frame_embedding(scope.embedding("frame_embedding", {config.frames, config.dim})) {}

Tensor PoseEncoder::forward(const Tensor& joints) const {
    const ModuleScope in(module);
    const int64_t B = joints.dim(0), T = joints.dim(1), K = joints.dim(2);
    // x[b,t,k] = W2_k GELU(W1_k joints[b,t,k] + b1_k) + b2_k
    Tensor x = joints.view({B * T, K, 3 * joints_per_entity});
    x = gelu(grouped_linear(x, fc1_weight, fc1_bias));
    x = grouped_linear(x, fc2_weight, fc2_bias);
    // X[b,t,k] = x[b,t,k] + entity_embedding[k] + frame_embedding[t]
    return in.output(add_embeddings(reshape(x, {B, T, K, fc2_weight.dim(1)}), entity_embedding,
                                    frame_embedding));
}

}  // namespace mdn
