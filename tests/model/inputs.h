// Small configurations and random inputs for tests of the model.
#pragma once

#include <algorithm>
#include <string>

#include "engine/random.h"
#include "model/micro_dualnet.h"
#include "model/pose_encoder.h"

namespace mdn::test {

/// The least model in which every part is there: a shifted fold of one channel, a downsample, two
/// heads, three frames, two entities.
inline Config small_config() {
    Config config = preset_config("tiny");
    config.classes = 3;
    config.frames = 3;
    config.size = 16;
    config.entities = {"face", "torso"};
    config.backbone = {Block::basic, {1, 1, 1, 1}, 8, {1, 2, 1, 1}};
    config.roi = 2;
    config.dim = 8;
    config.heads = 2;
    config.layers = 1;
    config.mlp_ratio = 2;
    config.router_hidden = 4;
    config.head_hidden = 8;
    return config;
}

/// The same with joints instead of frames.
inline Config small_pose_config() {
    Config config = small_config();
    config.modality = Modality::pose;
    return config;
}

struct Batch {
    Inputs inputs;
    Tensor labels;
};

/// Normal pixels, boxes of random corners (some reach outside the image), or normal joints, a fifth
/// of them missing; random labels.
inline Batch random_batch(const Config& config, int64_t clips, uint64_t seed,
                          DType dtype = DType::f32) {
    Random random(seed);
    const int64_t T = config.frames, S = config.size, K = config.entity_count();
    const auto side = static_cast<double>(S);
    const auto as_asked = [&](const Tensor& x) { return x.dtype() == dtype ? x : x.to(dtype); };
    Inputs inputs;
    if (config.has_frames()) {
        Tensor boxes = Tensor::empty({clips, T, K, 4}, DType::f64);
        for (int64_t box = 0; box < clips * T * K; ++box)
            for (int64_t axis = 0; axis < 2; ++axis) {
                const double low = random.uniform(-0.2, 0.6) * side;
                boxes.data<double>()[box * 4 + axis] = low;
                boxes.data<double>()[box * 4 + 2 + axis] = low + random.uniform(0.2, 0.6) * side;
            }
        inputs.boxes = as_asked(boxes);
    } else {
        const Tensor joints =
            random.normal_tensor({clips, T, K, joints_per_entity, 3}, 1, DType::f64);
        for (int64_t joint = 0; joint < joints.numel() / 3; ++joint)
            if (random.below(5) == 0) std::fill_n(joints.data<double>() + 3 * joint, 3, 0.0);
        inputs.joints = as_asked(joints);
    }
    std::vector<int64_t> labels;
    for (int64_t b = 0; b < clips; ++b) labels.push_back(random.below(config.classes));
    if (config.has_frames()) inputs.frames = random.normal_tensor({clips, T, S, S, 3}, 1, dtype);
    return {inputs, Tensor::from(labels, {clips})};
}

/// Gives the branches of encoder layers the weight that training gives them. They begin with a
/// tenth of Xavier's values, so what goes wrong inside one would hardly move a new model's answer.
inline void give_branches_weight(const MicroDualNet& model) {
    for (const Parameter& parameter : model.parameters().all()) {
        const std::string& name = parameter.name;
        if (name.find(".layers.") == std::string::npos) continue;
        if (!name.ends_with(".attn.proj.weight") && !name.ends_with(".mlp.fc2.weight")) continue;
        const Tensor host = parameter.value.detach().to(Device::cpu).clone();
        for (int64_t i = 0; i < host.numel(); ++i) host.data<float>()[i] *= 10;
        parameter.value.copy_from(host);
    }
}

}  // namespace mdn::test
