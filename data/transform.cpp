#include "data/transform.h"

#include <utility>

namespace mdn {

Pose moved(const Transform& transform, const Pose& pose) {
    Pose out = pose;
    for (Joint& joint : out) {
        joint.x = joint.x * transform.scale_x + transform.offset_x;
        joint.y = joint.y * transform.scale_y + transform.offset_y;
    }
    if (transform.mirrors()) {
        constexpr std::pair<Body25, Body25> sides[] = {
            {right_shoulder, left_shoulder}, {right_elbow, left_elbow},
            {right_wrist, left_wrist},       {right_hip, left_hip},
            {right_knee, left_knee},         {right_ankle, left_ankle},
            {right_eye, left_eye},           {right_ear, left_ear},
            {right_big_toe, left_big_toe},   {right_small_toe, left_small_toe},
            {right_heel, left_heel},
        };
        for (const auto& [right, left] : sides) std::swap(out[right], out[left]);
    }
    return out;
}

}  // namespace mdn
