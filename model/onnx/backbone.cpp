#include "model/onnx/modules.h"

namespace mdn::onnx {

namespace {

/// x [B·T,C,H,W]: channels [0,C/8) from t+1, [C/8,2·(C/8)) from t−1, 0 beyond the clip (SPEC §2).
Edge temporal_shift(GraphBuilder& graph, const Edge& x, int64_t T) {
    const int64_t C = x.dim(1), H = x.dim(2), W = x.dim(3), fold = C / 8;
    if (fold == 0) return x;
    const auto place = graph.module(
        "shift", "TemporalShift",
        "the first eighth of the channels from the next frame, the second from the one before, 0 "
        "beyond the clip");
    const Edge clips = graph.reshape(x, {x.dim(0) / T, T, C, H * W});
    const std::vector<Edge> parts = graph.split(clips, 2, {fold, fold, C - 2 * fold});
    const Edge next = graph.slice(graph.pad(parts[0], 1, 0, 1), 1, 1, T + 1);
    const Edge before = graph.slice(graph.pad(parts[1], 1, 1, 0), 1, 0, T);
    return graph.reshape(graph.concat({next, before, parts[2]}, 2), x.shape());
}

Edge residual_block(GraphBuilder& graph, const Edge& x, const BlockPlan& plan, int64_t frames) {
    const std::string type = plan.bottleneck ? "Bottleneck" : "BasicBlock";
    const auto place =
        graph.module(plan.name, plan.shifted ? "Shifted" + type : type,
                     plan.bottleneck ? "relu(BN3(conv3(relu(BN2(conv2(relu(BN1(conv1 x))))))) + x)"
                                     : "relu(BN2(conv2(relu(BN1(conv1 x)))) + x)");
    const Edge shifted = plan.shifted ? temporal_shift(graph, x, frames) : x;
    // F(x) = BN(conv(… relu(BN(conv1(shift(x))))))
    Edge residual = plan.bottleneck ? convolution(graph, "conv1", shifted)
                                    : convolution(graph, "conv1", shifted, plan.stride, 1);
    residual = graph.relu(batch_norm(graph, "bn1", residual));
    residual = convolution(graph, "conv2", residual, plan.bottleneck ? plan.stride : 1, 1);
    residual = batch_norm(graph, "bn2", residual);
    if (plan.bottleneck) {
        residual = convolution(graph, "conv3", graph.relu(residual));
        residual = batch_norm(graph, "bn3", residual);
    }
    // y = relu(F(x) + x), x not shifted
    if (!plan.downsample) return graph.relu(graph.add(residual, x));
    const Edge narrowed = convolution(graph, "downsample/0", x, plan.stride);
    return graph.relu(graph.add(residual, batch_norm(graph, "downsample/1", narrowed)));
}

Edge stem(GraphBuilder& graph, const Edge& images) {
    // The parameters are named as if there were no place for the stem.
    const auto place = graph.at("backbone");
    const Edge x = batch_norm(graph, "bn1", convolution(graph, "conv1", images, 2, 3));
    return graph.max_pool2d(graph.relu(x), 3, 2, 1);
}

}  // namespace

Edge backbone(GraphBuilder& graph, const Edge& images, const Config& config) {
    Edge x = stem(graph, images);
    const auto place = graph.at("backbone");
    for (const BlockPlan& plan : plan_blocks(config.backbone))
        x = residual_block(graph, x, plan, config.frames);
    return x;
}

}  // namespace mdn::onnx
