#include "data/entity_boxes.h"

#include <algorithm>
#include <cmath>

namespace mdn {

namespace {

std::optional<Box> grown(std::optional<Box> box, double margin) {
    if (box) *box = {box->x1 - margin, box->y1 - margin, box->x2 + margin, box->y2 + margin};
    return box;
}

std::optional<Box> hand_box(const Joint& wrist, const Joint& elbow, double u) {
    if (!wrist.valid()) return std::nullopt;
    Joint centre = wrist;
    if (elbow.valid()) {
        // The hand lies beyond the wrist, on the line of the forearm.
        centre.x += 0.35 * (wrist.x - elbow.x);
        centre.y += 0.35 * (wrist.y - elbow.y);
    }
    return grown(Box{centre.x, centre.y, centre.x, centre.y}, 0.22 * u);
}

/// The table of SPEC §3: the box before clipping.
std::optional<Box> unclipped_box(Entity entity, const Pose& pose, double u) {
    switch (entity) {
        case Entity::face:
            return grown(bounds_of(pose, joints_of(entity)), 0.15 * u);
        case Entity::head: {
            auto box = grown(bounds_of(pose, joints_of(entity)), 0.15 * u);
            if (box) box->y1 -= 0.25 * u;
            return box;
        }
        case Entity::torso:
        case Entity::lower_body:
            return grown(bounds_of(pose, joints_of(entity)), 0.10 * u);
        case Entity::left_hand:
            return hand_box(pose[left_wrist], pose[left_elbow], u);
        case Entity::right_hand:
            return hand_box(pose[right_wrist], pose[right_elbow], u);
    }
    return std::nullopt;
}

/// A side shorter than `shortest` grows around its centre and is moved back into [0,size].
void lengthen(double& low, double& high, double shortest, double size) {
    if (high - low >= shortest) return;
    const double centre = (low + high) / 2;
    low = std::clamp(centre - shortest / 2, 0.0, size - shortest);
    high = low + shortest;
}

void store(const Box& box, float* out) {
    out[0] = static_cast<float>(box.x1);
    out[1] = static_cast<float>(box.y1);
    out[2] = static_cast<float>(box.x2);
    out[3] = static_cast<float>(box.y2);
}

/// SPEC §8, for a frontal seated or standing person, in units of the side of the input.
Box fixed_box(Entity entity) {
    switch (entity) {
        case Entity::face:
            return {.40, .08, .60, .25};
        case Entity::head:
            return {.36, .04, .64, .30};
        case Entity::torso:
            return {.28, .25, .72, .60};
        case Entity::left_hand:
            return {.50, .40, .80, .70};
        case Entity::right_hand:
            return {.20, .40, .50, .70};
        case Entity::lower_body:
            return {.20, .55, .80, 1.0};
    }
    return {0, 0, 1, 1};
}

}  // namespace

std::optional<Box> bounds_of(const Pose& pose, std::span<const Body25> joints) {
    std::optional<Box> box;
    for (const Body25 index : joints) {
        const Joint& joint = pose[index];
        if (!joint.valid()) continue;
        if (!box) box = Box{joint.x, joint.y, joint.x, joint.y};
        box->x1 = std::min(box->x1, joint.x);
        box->y1 = std::min(box->y1, joint.y);
        box->x2 = std::max(box->x2, joint.x);
        box->y2 = std::max(box->y2, joint.y);
    }
    return box;
}

std::optional<double> body_length(const Pose& pose) {
    const auto distance = [&](Body25 a, Body25 b) {
        if (!pose[a].valid() || !pose[b].valid()) return 0.0;
        return std::hypot(pose[a].x - pose[b].x, pose[a].y - pose[b].y);
    };
    if (const double spine = distance(neck, mid_hip); spine > 0) return spine;
    if (const double shoulders = distance(right_shoulder, left_shoulder); shoulders > 0) {
        return 1.3 * shoulders;
    }
    return std::nullopt;
}

double unit_of_length(const Pose& pose, double size) {
    return body_length(pose).value_or(0.4 * size);
}

std::optional<Box> entity_box(Entity entity, const Pose& pose, double size) {
    std::optional<Box> box = unclipped_box(entity, pose, unit_of_length(pose, size));
    if (!box) return std::nullopt;
    box->x1 = std::max(box->x1, 0.0);
    box->y1 = std::max(box->y1, 0.0);
    box->x2 = std::min(box->x2, size);
    box->y2 = std::min(box->y2, size);
    if (!(box->x1 < box->x2 && box->y1 < box->y2)) return std::nullopt;
    lengthen(box->x1, box->x2, size / 16, size);
    lengthen(box->y1, box->y2, size / 16, size);
    return box;
}

bool keypoint_boxes(const std::vector<Entity>& entities,
                    const std::vector<std::optional<Pose>>& poses, std::int64_t size,
                    float* boxes) {
    const std::int64_t count = static_cast<std::int64_t>(poses.size());
    const std::int64_t stride = 4 * static_cast<std::int64_t>(entities.size());
    const double side = static_cast<double>(size);
    bool anything_visible = false;
    std::vector<std::optional<Box>> seen(poses.size());
    for (std::size_t k = 0; k < entities.size(); ++k) {
        for (std::int64_t t = 0; t < count; ++t) {
            seen[t] = poses[t] ? entity_box(entities[k], *poses[t], side) : std::nullopt;
            anything_visible |= seen[t].has_value();
        }
        for (std::int64_t t = 0; t < count; ++t) {
            Box box{0, 0, side, side};
            for (std::int64_t away = 0; away < count; ++away) {
                if (t - away >= 0 && seen[t - away]) {
                    box = *seen[t - away];
                    break;
                }
                if (t + away < count && seen[t + away]) {
                    box = *seen[t + away];
                    break;
                }
            }
            store(box, boxes + t * stride + 4 * static_cast<std::int64_t>(k));
        }
    }
    return anything_visible;
}

void fixed_boxes(const std::vector<Entity>& entities, std::int64_t frames, std::int64_t size,
                 float* boxes) {
    const double side = static_cast<double>(size);
    for (std::int64_t t = 0; t < frames; ++t) {
        for (const Entity entity : entities) {
            const Box part = fixed_box(entity);
            store({part.x1 * side, part.y1 * side, part.x2 * side, part.y2 * side}, boxes);
            boxes += 4;
        }
    }
}

void whole_frame_boxes(const std::vector<Entity>& entities, std::int64_t frames, std::int64_t size,
                       float* boxes) {
    const double side = static_cast<double>(size);
    const std::int64_t count = frames * static_cast<std::int64_t>(entities.size());
    for (std::int64_t i = 0; i < count; ++i) store({0, 0, side, side}, boxes + 4 * i);
}

}  // namespace mdn
