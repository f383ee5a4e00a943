// From joints to the box of each body entity in each frame (SPEC §3), and the constant layout that
// stands in for it when a model is trained without keypoints (SPEC §8, `regions: fixed`).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "data/entity.h"
#include "data/keypoints/body25.h"

namespace mdn {

/// In pixels of the network's input, x to the right and y down.
struct Box {
    double x1 = 0;
    double y1 = 0;
    double x2 = 0;
    double y2 = 0;
};

/// Bounds of the valid ones of these joints; nothing when none is valid.
std::optional<Box> bounds_of(const Pose& pose, std::span<const Body25> joints);

/// u of SPEC §3 as far as the body gives it, in the pose's units: |Neck-MidHip|, else 1.3
/// |RShoulder-LShoulder|; nothing where both are missing or 0.
std::optional<double> body_length(const Pose& pose);

/// u of SPEC §3, in pixels: body_length(), else 0.4 S. Never 0.
double unit_of_length(const Pose& pose, double size);

/// The box of one entity in one frame, clipped to [0,size]² and at least size/16 wide and high;
/// nothing when the entity is not visible.
std::optional<Box> entity_box(Entity entity, const Pose& pose, double size);

/// Boxes [T,K,4] (x1,y1,x2,y2) of one clip, written to `boxes`. poses[t] is the chosen person of
/// sampled frame t, in pixels of the network's input; nothing when nobody was seen. An entity that
/// is not visible takes its box of the nearest frame where it is, the earlier on a tie, and the
/// whole frame when there is none. Returns whether any entity was visible in any frame.
bool keypoint_boxes(const std::vector<Entity>& entities,
                    const std::vector<std::optional<Pose>>& poses, std::int64_t size, float* boxes);

/// The constant layout of SPEC §8, [T,K,4].
void fixed_boxes(const std::vector<Entity>& entities, std::int64_t frames, std::int64_t size,
                 float* boxes);

/// The whole frame for every entity, [T,K,4]: for models that look at no region.
void whole_frame_boxes(const std::vector<Entity>& entities, std::int64_t frames, std::int64_t size,
                       float* boxes);

}  // namespace mdn
