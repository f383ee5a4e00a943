#include "train/playground/scene.h"

#include <cmath>
#include <numeric>

#include "engine/error.h"
#include "train/explain/occlusion.h"

namespace mdn {

namespace {

void check_scene(const Scene& scene, const Config& config) {
    if (std::ssize(scene.order) != config.frames)
        throw Error("order has " + std::to_string(scene.order.size()) +
                    " moments, but the model reads " + std::to_string(config.frames));
    for (const int64_t frame : scene.order)
        if (frame < 0 || frame >= config.frames)
            throw Error("order names frame " + std::to_string(frame) + " of " +
                        std::to_string(config.frames));
    if (std::ssize(scene.parts) != config.entity_count())
        throw Error("parts are " + std::to_string(scene.parts.size()) + ", but the model has " +
                    std::to_string(config.entity_count()) + " body parts");
    for (size_t k = 0; k < scene.parts.size(); ++k) {
        const ChangedPart& part = scene.parts[k];
        const std::string name = config.entities[k];
        if (!std::isfinite(part.dx) || !std::isfinite(part.dy) || !(part.scale > 0) ||
            !std::isfinite(part.scale))
            throw Error("the box of " + name + " cannot be moved so");
        if (part.alpha_st && !(*part.alpha_st >= 0 && *part.alpha_st <= 1))
            throw Error("alpha of " + name + " must lie between 0 and 1");
    }
}

/// Moves the boxes [1,T,K,4] of body part k, and scales them about their centres.
void move_boxes(Tensor& boxes, int64_t k, const ChangedPart& part) {
    for (int64_t i = k; i < boxes.numel() / 4; i += boxes.dim(2)) {
        float* box = boxes.data<float>() + 4 * i;
        const float shift[] = {part.dx, part.dy};
        for (int axis = 0; axis < 2; ++axis) {
            const float centre = (box[axis] + box[axis + 2]) / 2 + shift[axis];
            const float half = (box[axis + 2] - box[axis]) / 2 * part.scale;
            box[axis] = centre - half;
            box[axis + 2] = centre + half;
        }
    }
}

}  // namespace

Scene unchanged_scene(const Config& config) {
    Scene scene{.order = std::vector<int64_t>(static_cast<size_t>(config.frames)),
                .parts = std::vector<ChangedPart>(static_cast<size_t>(config.entity_count()))};
    std::iota(scene.order.begin(), scene.order.end(), 0);
    return scene;
}

Inputs staged(const Inputs& clip, const Scene& scene, const Config& config) {
    check_scene(scene, config);
    Inputs result = clip.each([&](const Tensor& x) { return with_frames(x, scene.order); });
    const auto each_part = [&](auto&& change) {
        for (int64_t k = 0; k < std::ssize(scene.parts); ++k) change(k, scene.parts[k]);
    };
    each_part([&](int64_t k, const ChangedPart& part) {
        // A box that stays keeps its very bits.
        if (part.dx != 0 || part.dy != 0 || part.scale != 1) move_boxes(result.boxes, k, part);
    });
    each_part([&](int64_t k, const ChangedPart& part) {
        if (part.covered)
            result = occluded(result, {.kind = Occlusion::Kind::covered, .entity = k}, config);
    });
    each_part([&](int64_t k, const ChangedPart& part) {
        if (part.unseen)
            result = occluded(result, {.kind = Occlusion::Kind::unseen, .entity = k}, config);
    });
    return result;
}

}  // namespace mdn
