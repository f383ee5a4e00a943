#include "model/backbone.h"

#include <algorithm>
#include <numeric>

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

int64_t BlockNumbers::of_convolutions() const {
    return std::accumulate(convolutions.begin(), convolutions.end(), int64_t{0});
}

BlockNumbers numbers_of(const BlockPlan& plan, int64_t& side) {
    const int64_t before = side * side;
    side = output_side(side, 3, plan.stride, 1);
    const int64_t after = side * side, out = after * plan.out;
    BlockNumbers numbers{.convolutions = {}, .output = out};
    if (plan.bottleneck)
        numbers.convolutions = {before * plan.width, after * plan.width, out};
    else
        numbers.convolutions = {after * plan.width, out};
    if (plan.downsample) numbers.convolutions.push_back(out);
    return numbers;
}

std::vector<bool> kept_outputs(const std::vector<BlockPlan>& plan, int64_t side,
                               Recompute recompute) {
    std::vector<bool> kept(plan.size(), true);
    if (recompute == Recompute::nothing) return kept;
    std::vector<BlockNumbers> numbers;
    for (const BlockPlan& block : plan) numbers.push_back(numbers_of(block, side));

    // The last output is read by what follows the backbone, and stays in any case.
    if (recompute == Recompute::outputs) {
        // An output is made of the one before it, unless there is a downsample: all of such a chain
        // is there at once.
        constexpr int64_t longest_chain = 4;
        int64_t chain = 0;
        for (size_t i = 0; i + 1 < plan.size(); ++i) {
            chain = plan[i].downsample ? 1 : chain + 1;
            kept[i] = chain > longest_chain;
            if (kept[i]) chain = 0;
        }
        return kept;
    }
    // All blocks behind a kept output are there at once. Such a segment may be as large as the
    // largest block, which has to be there in any case.
    const auto size = [](const BlockNumbers& n) { return n.of_convolutions() + n.output; };
    int64_t largest = 0, segment = 0;
    for (const BlockNumbers& n : numbers) largest = std::max(largest, size(n));
    for (size_t i = 0; i + 1 < plan.size(); ++i) {
        segment += size(numbers[i]);
        kept[i] = segment + size(numbers[i + 1]) > largest;
        if (kept[i]) segment = 0;
    }
    return kept;
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

ForBackward of_convolutions(const ForwardOptions& options) {
    return options.recompute == Recompute::convolutions ? ForBackward::recompute
                                                        : ForBackward::keep;
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

Tensor ResidualBlock::evaluate(const Tensor& x) const {
    const Tensor identity = downsample ? convolve_folded(*downsample, *downsample_bn, x, false) : x;
    const Tensor first = convolve_folded(conv1, bn1, x, true);
    if (!conv3) return convolve_folded(conv2, bn2, first, true, identity);
    return convolve_folded(*conv3, *bn3, convolve_folded(conv2, bn2, first, true), true, identity);
}

Tensor ResidualBlock::forward(const Tensor& x, const ForwardOptions& options, ForBackward output) {
    const ModuleScope in(module);
    if (evaluates_folded(x, options)) return in.output(evaluate(x));
    const ForBackward raw = of_convolutions(options);
    // F(x) = BN(conv(… relu(BN(conv1(shift(x))))))
    Normalized residual = convolve_and_normalize(conv1, bn1, x, options, raw);
    residual = convolve_and_normalize(conv2, bn2, residual, options, raw);
    if (conv3) residual = convolve_and_normalize(*conv3, *bn3, residual, options, raw);
    // y = relu(F(x) + x), x not shifted
    if (downsample)
        return in.output(
            add_relu(residual, convolve_and_normalize(*downsample, *downsample_bn, x, options, raw),
                     output));
    return in.output(add_relu(residual, x, output));
}

Backbone::Backbone(const Scope& scope, const Config::Backbone& config, int64_t frames)
    : module(scope.module()),
      conv1(scope / "conv1", 3, config.width, 7, {.stride = 2, .pad = 3}),
      bn1(scope / "bn1", config.width),
      plan(plan_blocks(config)) {
    for (const BlockPlan& block : plan) blocks.emplace_back(scope / block.name, block, frames);
}

Tensor Backbone::forward(const Tensor& frames, const ForwardOptions& options) {
    const ModuleScope in(module);
    Tensor x = evaluates_folded(frames, options)
                   ? convolve_folded(conv1, bn1, frames, true)
                   : normalize_relu(convolve_and_normalize(conv1, bn1, frames, options,
                                                           of_convolutions(options)));
    x = in.output(max_pool2d(x, {.kernel = 3, .stride = 2, .pad = 1}), "stem");
    const std::vector<bool> kept = kept_outputs(plan, x.dim(1), options.recompute);
    for (size_t i = 0; i < blocks.size(); ++i)
        x = blocks[i].forward(x, options, kept[i] ? ForBackward::keep : ForBackward::recompute);
    return in.output(x);
}

}  // namespace mdn
