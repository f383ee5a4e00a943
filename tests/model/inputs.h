// Small configurations and random inputs for tests of the model.
#pragma once

#include "engine/random.h"
#include "model/micro_dualnet.h"

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

struct Batch {
    Inputs inputs;
    Tensor labels;
};

/// Normal pixels, boxes of random corners (some reach outside the image), random labels.
inline Batch random_batch(const Config& config, int64_t clips, uint64_t seed,
                          DType dtype = DType::f32) {
    Random random(seed);
    const int64_t T = config.frames, S = config.size, K = config.entity_count();
    const auto side = static_cast<double>(S);
    Tensor boxes = Tensor::empty({clips, T, K, 4}, DType::f64);
    for (int64_t box = 0; box < clips * T * K; ++box)
        for (int64_t axis = 0; axis < 2; ++axis) {
            const double low = random.uniform(-0.2, 0.6) * side;
            boxes.data<double>()[box * 4 + axis] = low;
            boxes.data<double>()[box * 4 + 2 + axis] = low + random.uniform(0.2, 0.6) * side;
        }
    std::vector<int64_t> labels;
    for (int64_t b = 0; b < clips; ++b) labels.push_back(random.below(config.classes));
    return {{.frames = random.normal_tensor({clips, T, S, S, 3}, 1, dtype),
             .boxes = dtype == DType::f64 ? boxes : boxes.to(dtype)},
            Tensor::from(labels, {clips})};
}

}  // namespace mdn::test
