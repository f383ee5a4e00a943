// TSM-ResNet: torchvision's ResNet v1.5 whose blocks look one frame ahead and back (SPEC §2).
#pragma once

#include <optional>
#include <vector>

#include "model/config.h"
#include "model/layers.h"

namespace mdn {

/// Side of the output of a convolution or pooling: ⌊(side + 2·pad − kernel)/stride⌋ + 1.
int64_t output_side(int64_t side, int64_t kernel, int64_t stride, int64_t pad);

/// One residual block before it has weights: what Backbone builds and summarize() counts.
struct BlockPlan {
    std::string name;        // "layer2.0"
    int64_t in, width, out;  // channels of the input, of conv1's output, of the output
    int64_t stride;          // in the first 3×3 convolution, and in the downsample
    bool bottleneck;         // 1×1, 3×3, 1×1 instead of 3×3, 3×3
    bool shifted;            // conv1 reads through the temporal shift
    bool downsample;         // the identity branch goes through a 1×1 convolution and BN
};

/// Every block of the four stages, in order.
std::vector<BlockPlan> plan_blocks(const Config::Backbone& config);

/// Numbers that a block computes of one image: of each convolution in the order of the forward
/// pass, and of its output.
struct BlockNumbers {
    std::vector<int64_t> convolutions;
    int64_t output;

    int64_t of_convolutions() const;
};
/// `side` is that of the block's input, and becomes that of its output.
BlockNumbers numbers_of(const BlockPlan& plan, int64_t& side);

/// Whether the output of each block is kept for the backward pass; the others are computed again.
/// `side` is that of the first block's input.
std::vector<bool> kept_outputs(const std::vector<BlockPlan>& plan, int64_t side,
                               Recompute recompute);

struct ResidualBlock {
    ModuleName module;
    Convolution conv1;
    BatchNorm bn1;
    Convolution conv2;
    BatchNorm bn2;
    std::optional<Convolution> conv3;  // bottleneck
    std::optional<BatchNorm> bn3;
    std::optional<Convolution> downsample;
    std::optional<BatchNorm> downsample_bn;

    ResidualBlock(const Scope& scope, const BlockPlan& plan, int64_t frames);
    /// [B·T,H,W,in] → [B·T,⌈H/stride⌉,⌈W/stride⌉,out]. `output` says what the backward pass finds
    /// of the result.
    Tensor forward(const Tensor& x, const ForwardOptions& options,
                   ForBackward output = ForBackward::keep);

  private:
    /// The same where evaluates_folded(): each convolution writes what the next one reads.
    Tensor evaluate(const Tensor& x) const;
};

struct Backbone {
    ModuleName module;
    Convolution conv1;
    BatchNorm bn1;
    std::vector<BlockPlan> plan;
    std::vector<ResidualBlock> blocks;  // one per plan

    Backbone(const Scope& scope, const Config::Backbone& config, int64_t frames);
    /// frames [B·T,S,S,3] → features [B·T,H,W,C]
    Tensor forward(const Tensor& frames, const ForwardOptions& options);
};

}  // namespace mdn
