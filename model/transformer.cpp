#include "model/transformer.h"

namespace mdn {

namespace {

/// What the last weights of both branches begin with, in units of Xavier's: the layer begins near
/// the identity. So the entities' tokens first reach the classifier almost unchanged, and are not
/// drowned by layers that have learnt nothing. At 0, the other weights of a branch would get no
/// gradient in the first step.
constexpr double branch_gain = 0.1;

}  // namespace

EncoderLayer::EncoderLayer(const Scope& scope, const Config& config, DropoutSites& sites)
    : module(scope.module()),
      heads(config.heads),
      norm1(scope / "norm1", config.dim),
      qkv(scope / "attn" / "qkv", config.dim, 3 * config.dim),
      proj(scope / "attn" / "proj", config.dim, config.dim, branch_gain),
      norm2(scope / "norm2", config.dim),
      mlp(scope / "mlp", config.dim, config.mlp_ratio * config.dim, config.dim, branch_gain),
      attention_dropout(sites, config.dropout),
      mlp_dropout(sites, config.dropout) {}

Tensor EncoderLayer::forward(const Tensor& x, TokenAxis axis, const ForwardOptions& options,
                             Tensor* weights) const {
    const ModuleScope in(module);
    // x += Proj(Attention(LN1 x))
    const Tensor attended = attention(qkv.forward(norm1.forward(x)), heads, axis, weights);
    const Tensor y = add(x, attention_dropout.forward(proj.forward(attended), options));
    // x += FC2(GELU(FC1(LN2 x)))
    return add(y, mlp_dropout.forward(mlp.forward(norm2.forward(y)), options));
}

namespace {

std::vector<EncoderLayer> build_layers(const Scope& scope, const Config& config,
                                       DropoutSites& sites) {
    std::vector<EncoderLayer> layers;
    for (int64_t l = 0; l < config.layers; ++l)
        layers.emplace_back(scope / std::to_string(l), config, sites);
    return layers;
}

}  // namespace

Encoder::Encoder(const Scope& scope, const Config& config, TokenAxis axis, DropoutSites& sites)
    : module(scope.module()),
      axis(axis),
      layers(build_layers(scope / "layers", config, sites)),
      norm(scope / "norm", config.dim) {}

Tensor Encoder::forward(const Tensor& x, const ForwardOptions& options) const {
    const ModuleScope in(module);
    Tensor y = x;
    for (const EncoderLayer& layer : layers) {
        Tensor weights;
        y = layer.forward(y, axis, options, options.attention ? &weights : nullptr);
        if (options.attention) (*options.attention)[module].push_back(weights);
    }
    return in.output(norm.forward(y));
}

}  // namespace mdn
