#include "data/entity_joints.h"

#include <algorithm>
#include <array>

#include "data/entity_boxes.h"

namespace mdn {

namespace {

using Poses = std::vector<std::optional<Pose>>;

/// The median over the frames of what `measure` finds in a pose (of two in the middle their mean,
/// so that a mirrored clip has the mirrored median); nothing where it never finds any.
template <class Measure>
std::optional<double> median_over(const Poses& clip, Measure&& measure) {
    std::vector<double> values;
    for (const std::optional<Pose>& pose : clip) {
        const std::optional<double> value = pose ? measure(*pose) : std::nullopt;
        if (value) values.push_back(*value);
    }
    if (values.empty()) return std::nullopt;
    std::sort(values.begin(), values.end());
    const std::size_t count = values.size();
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

std::optional<Box> bounds(const Pose& pose) {
    static const auto every = [] {
        std::array<Body25, body25_joints> joints;
        for (std::size_t j = 0; j < joints.size(); ++j) joints[j] = static_cast<Body25>(j);
        return joints;
    }();
    return bounds_of(pose, every);
}

struct Point {
    double x, y;
};

std::optional<Point> place_of(const Joint& joint) {
    return joint.valid() ? std::optional(Point{joint.x, joint.y}) : std::nullopt;
}

std::optional<Point> centre_of(const Pose& pose) {
    const std::optional<Box> box = bounds(pose);
    return box ? std::optional(Point{(box->x1 + box->x2) / 2, (box->y1 + box->y2) / 2})
               : std::nullopt;
}

std::optional<double> larger_side(const Pose& pose) {
    const std::optional<Box> box = bounds(pose);
    return box ? std::optional(std::max(box->x2 - box->x1, box->y2 - box->y1)) : std::nullopt;
}

}  // namespace

BodyFrame body_frame(const Poses& clip) {
    constexpr std::optional<Point> (*origins[])(const Pose&) = {
        [](const Pose& pose) { return place_of(pose[neck]); },
        [](const Pose& pose) { return place_of(pose[mid_hip]); }, centre_of};
    BodyFrame body;
    for (const auto origin : origins) {
        const auto axis = [&](double Point::*coordinate) {
            return median_over(clip, [&](const Pose& pose) {
                const std::optional<Point> point = origin(pose);
                return point ? std::optional((*point).*coordinate) : std::nullopt;
            });
        };
        const std::optional<double> x = axis(&Point::x);
        if (!x) continue;
        body.x = *x;
        body.y = *axis(&Point::y);
        break;
    }
    body.unit = median_over(clip, body_length).value_or(0);
    if (!(body.unit > 0)) body.unit = median_over(clip, larger_side).value_or(0);
    return body;
}

Pose in_body_frame(const Pose& pose, const BodyFrame& body) {
    const auto position = [&](double coordinate, double origin) {
        if (!(body.unit > 0)) return 0.0;
        return std::clamp((coordinate - origin) / body.unit, -farthest_joint, farthest_joint);
    };
    Pose out;
    for (std::size_t j = 0; j < pose.size(); ++j) {
        if (!pose[j].valid()) continue;
        out[j] = {position(pose[j].x, body.x), position(pose[j].y, body.y),
                  std::min(pose[j].confidence, 1.0)};
    }
    return out;
}

bool entity_joints(const std::vector<Entity>& entities, const Poses& poses, float* joints) {
    bool any = false;
    for (const std::optional<Pose>& pose : poses) {
        for (const Entity entity : entities) {
            std::fill(joints, joints + 3 * entity_joint_slots, 0.0f);
            float* slot = joints;
            joints += 3 * entity_joint_slots;
            if (!pose) continue;
            for (const Body25 index : joints_of(entity)) {
                const Joint& joint = (*pose)[index];
                if (joint.valid()) {
                    slot[0] = static_cast<float>(joint.x);
                    slot[1] = static_cast<float>(joint.y);
                    slot[2] = static_cast<float>(joint.confidence);
                    any = true;
                }
                slot += 3;
            }
        }
    }
    return any;
}

}  // namespace mdn
