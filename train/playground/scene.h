// What the reader of the playground has changed in a clip, and what the model is then shown.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/config.h"
#include "model/inputs.h"

namespace mdn {

/// What happens to one body part, in every frame alike.
struct ChangedPart {
    bool covered = false;  // its box is painted in the mean colour, as Occlusion::Kind::covered
    bool unseen = false;   // its box is the whole frame, as Occlusion::Kind::unseen
    /// Its box is moved by so many pixels of S×S, and its sides become so many times as long.
    float dx = 0, dy = 0, scale = 1;
    /// α of the ST path, instead of the router's; TS has the rest.
    std::optional<float> alpha_st = std::nullopt;
};

struct Scene {
    /// [T]: which of the clip's T frames each moment shows. Boxes go with their frames.
    std::vector<int64_t> order;
    std::vector<ChangedPart> parts;  // [K]
};

/// Nothing changed.
Scene unchanged_scene(const Config& config);

/// The input of the clip so changed, in memory of its own: first time, then the boxes, then what
/// they cover. Throws Error where the scene is not of this model's T and K, or has a frame, scale
/// or α that there cannot be.
Inputs staged(const Inputs& clip, const Scene& scene, const Config& config);

}  // namespace mdn
