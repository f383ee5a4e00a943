#include "model/onnx/micro_dualnet.h"

#include "model/onnx/modules.h"
#include "model/pose_encoder.h"

namespace mdn::onnx {

namespace {

/// Pixels [B,T,S,S,3] → normalised images [B·T,3,S,S]
Edge images_of(GraphBuilder& graph, const Edge& frames, const Preprocessing& preprocessing) {
    const int64_t T = frames.dim(1), S = frames.dim(2);
    const auto place =
        graph.module("normalise", "Normalise", "(pixel − mean)/deviation, then channels first");
    const auto per_channel = [&](const char* name, const std::array<float, 3>& values) {
        return graph.tensor(name, Tensor::from(std::vector(values.begin(), values.end()), {3}));
    };
    const Edge normalised =
        graph.divide(graph.subtract(frames, per_channel("rgb_mean", preprocessing.mean)),
                     per_channel("rgb_deviation", preprocessing.deviation));
    return graph.reshape(graph.transpose(normalised, {0, 1, 4, 2, 3}), {T, 3, S, S});
}

/// Boxes of all frames, [B·T,K,4]: an input, or the same for all.
Edge boxes_of(GraphBuilder& graph, const Edge& features, const Config& config,
              const Preprocessing& preprocessing) {
    const int64_t T = config.frames, K = config.entity_count();
    if (config.regions == Regions::fixed) {
        const auto place = graph.module("regions", "FixedRegions", "the same boxes in every frame");
        return graph.repeat_like(graph.tensor("fixed_boxes", preprocessing.fixed_boxes), features);
    }
    const Edge boxes =
        graph.input("boxes", {T, K, 4},
                    "Box of each entity in each frame: x1, y1, x2, y2 in pixels of the frame as it "
                    "is given, x to the right and y down.");
    return graph.reshape(boxes, {T, K, 4});
}

/// f_cnn [B,C]: the mean over T, H and W
Edge pooled(GraphBuilder& graph, const Edge& features, const Config& config) {
    const auto place = graph.module("pool", "MeanOverFramesAndPlaces", "the mean over T, H and W");
    const Edge per_frame = graph.mean(features, {2, 3});
    return graph.mean(graph.reshape(per_frame, {1, config.frames, features.dim(1)}), {1});
}

struct EntityFeatures {
    Edge f_entity;  // [B,K·D]
    Edge alpha;     // [B,K,2]; nameless without a router
};

/// From X [B·T·K,D] through the paths to the mean over T.
EntityFeatures entity_features(GraphBuilder& graph, const Edge& x, const Config& config) {
    const int64_t K = config.entity_count(), D = config.dim;
    Edge st, ts, fused, alpha;
    if (config.has_st()) st = fused = path(graph, PathOrder::st, x, config);
    if (config.has_ts()) ts = fused = path(graph, PathOrder::ts, x, config);
    if (config.has_router()) {
        alpha = router(graph, st, ts, config);
        fused = mix(graph, st, ts, alpha, config);
    } else if (config.has_both_paths()) {
        const auto place = graph.module("mix", "Mix", "½·(X_st + X_ts)");
        fused = graph.multiply(graph.add(st, ts), graph.constant(0.5f));
    }
    const auto place = graph.module("entities", "MeanOverFrames", "the mean over T, entity-major");
    return {graph.reshape(mean_over_frames(graph, fused, config), {1, K * D}), alpha};
}

}  // namespace

Model graph_of(const Config& config, const ParameterStore& parameters,
               const Preprocessing& preprocessing) {
    const int64_t T = config.frames, S = config.size, K = config.entity_count();
    GraphBuilder graph(parameters);
    std::vector<Edge> classified;  // [f_cnn ; f_entity]
    Edge x;                        // X [B·T·K,D]
    if (config.has_frames()) {
        const Edge frames = graph.input(
            "frames", {T, S, S, 3},
            "Frames of each clip in order of time: pixels in 0..255, red, green, blue, not "
            "normalised.");
        const Edge features = backbone(graph, images_of(graph, frames, preprocessing), config);
        classified.push_back(pooled(graph, features, config));
        if (config.has_entities())
            x = sem(graph, features, boxes_of(graph, features, config, preprocessing), config);
    } else {
        x = pose_encoder(
            graph,
            graph.input("joints", {T, K, joints_per_entity, 3},
                        "Joints of each entity in each frame: x, y in units of the body, and "
                        "confidence; 0 where there is none."),
            config);
    }
    Edge alpha;
    if (config.has_entities()) {
        const EntityFeatures entities = entity_features(graph, x, config);
        classified.push_back(entities.f_entity);
        alpha = entities.alpha;
    }
    const Edge f = classified.size() == 1 ? classified.front() : graph.concat(classified, 1);
    graph.output(classifier(graph, f), "logits",
                 "Score of each class before softmax, in the order of the classes.");
    if (config.has_router())
        graph.output(alpha, "alpha",
                     "Weight of each path for each entity: 0 is space first (ST), 1 is time first "
                     "(TS); they add up to 1.");
    Model model = graph.finish();
    model.name = "micro_dualnet";
    return model;
}

}  // namespace mdn::onnx
