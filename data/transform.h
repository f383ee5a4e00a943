// The one geometric transform that moves both the pixels and the joints of a clip.
#pragma once

#include <cstdint>

#include "data/keypoints/body25.h"

namespace mdn {

/// In pixels.
struct FrameSize {
    std::int64_t width = 0;
    std::int64_t height = 0;
};

/// From a decoded frame to the network's input, per axis: output = scale · input + offset, in
/// coordinates where pixel i covers [i, i+1). A flip is a negative x scale.
struct Transform {
    double scale_x = 1;
    double scale_y = 1;
    double offset_x = 0;
    double offset_y = 0;

    bool mirrors() const { return scale_x < 0; }
};

/// The pose as it appears in the network's input. A mirrored person's left hand is a right hand
/// (nobody could tell otherwise from the picture), so a flip also swaps left and right joints.
Pose moved(const Transform& transform, const Pose& pose);

}  // namespace mdn
