#include "model/backbone.h"

namespace mdn {

int64_t output_side(int64_t side, int64_t kernel, int64_t stride, int64_t pad) {
    return (side + 2 * pad - kernel) / stride + 1;
}

std::vector<BlockPlan> plan_blocks(const Config::Backbone& config) {
    const bool bottleneck = config.block == Block::bottleneck;
    // MMAction2's rule: in the deep networks every other block is shifted.
    const int64_t shift_every = config.depths[2] >= 23 ? 2 : 1;
    std::vector<BlockPlan> plan;
    int64_t channels = config.width;
    for (size_t stage = 0; stage < 4; ++stage) {
        const int64_t width = config.width << stage;
        const int64_t out = bottleneck ? 4 * width : width;
        for (int64_t j = 0; j < config.depths[stage]; ++j) {
            const int64_t stride = j == 0 ? config.strides[stage] : 1;
            plan.push_back({.name = "layer" + std::to_string(stage + 1) + "." + std::to_string(j),
                            .in = channels,
                            .width = width,
                            .out = out,
                            .stride = stride,
                            .bottleneck = bottleneck,
                            .shifted = j % shift_every == 0,
                            .downsample = j == 0 && (stride != 1 || channels != out)});
            channels = out;
        }
    }
    return plan;
}

namespace {

/// conv1 is the 1×1 of a bottleneck or the first 3×3 of a basic block; either may be shifted.
Convolution first_convolution(const Scope& scope, const BlockPlan& plan, int64_t frames) {
    const int64_t shift_frames = plan.shifted ? frames : 0;
    if (plan.bottleneck) return {scope, plan.in, plan.width, 1, {.shift_frames = shift_frames}};
    return {scope,
            plan.in,
            plan.width,
            3,
            {.stride = plan.stride, .pad = 1, .shift_frames = shift_frames}};
}

}  // namespace

ResidualBlock::ResidualBlock(const Scope& scope, const BlockPlan& plan, int64_t frames)
    : module(scope.module()),
      conv1(first_convolution(scope / "conv1", plan, frames)),
      bn1(scope / "bn1", plan.width),
      conv2(scope / "conv2", plan.width, plan.width, 3,
            {.stride = plan.bottleneck ? plan.stride : 1, .pad = 1}),
      bn2(scope / "bn2", plan.width) {
    if (plan.bottleneck) {
        conv3.emplace(scope / "conv3", plan.width, plan.out, 1);
        bn3.emplace(scope / "bn3", plan.out);
    }
    if (plan.downsample) {
        downsample.emplace(scope / "downsample" / "0", plan.in, plan.out, 1,
                           Conv2d{.stride = plan.stride});
        downsample_bn.emplace(scope / "downsample" / "1", plan.out);
    }
}

Tensor ResidualBlock::forward(const Tensor& x, const ForwardOptions& options) {
    const ModuleScope in(module);
    // F(x) = BN(conv(… relu(BN(conv1(shift(x))))))
    Normalized residual = bn1.forward(conv1.forward(x), options);
    residual = bn2.forward(conv2.forward(residual), options);
    if (conv3) residual = bn3->forward(conv3->forward(residual), options);
    // y = relu(F(x) + x), x not shifted
    if (downsample)
        return in.output(
            add_relu(residual, downsample_bn->forward(downsample->forward(x), options)));
    return in.output(add_relu(residual, x));
}

Backbone::Backbone(const Scope& scope, const Config::Backbone& config, int64_t frames)
    : module(scope.module()),
      conv1(scope / "conv1", 3, config.width, 7, {.stride = 2, .pad = 3}),
      bn1(scope / "bn1", config.width) {
    for (const BlockPlan& plan : plan_blocks(config))
        blocks.emplace_back(scope / plan.name, plan, frames);
}

Tensor Backbone::forward(const Tensor& frames, const ForwardOptions& options) {
    const ModuleScope in(module);
    Tensor x = normalize_relu(bn1.forward(conv1.forward(frames), options));
    x = in.output(max_pool2d(x, {.kernel = 3, .stride = 2, .pad = 1}), "stem");
    for (ResidualBlock& block : blocks) x = block.forward(x, options);
    return in.output(x);
}

}  // namespace mdn
