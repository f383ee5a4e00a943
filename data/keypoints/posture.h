// Whether the joints of a pose lie as a body has them. Joints that were read in another order do
// not.
#pragma once

#include <cstdint>
#include <optional>

#include "data/keypoints/body25.h"

namespace mdn {

/// Whether the head (nose and eyes) is below the hips; y grows downwards. Nothing unless a joint of
/// each is seen.
std::optional<bool> head_is_below_hips(const Pose& pose);

/// Whether the left one of two joints is on one side, and the left one of two others on the other.
/// Nothing unless all four are seen.
struct SidePair {
    Body25 left, right;
};
std::optional<bool> sides_disagree(const Pose& pose, SidePair one, SidePair other);

inline constexpr SidePair both_eyes{left_eye, right_eye};
inline constexpr SidePair both_shoulders{left_shoulder, right_shoulder};
inline constexpr SidePair both_hips{left_hip, right_hip};

/// In how many poses something could be told, and in how many of them it held.
struct PostureCount {
    std::int64_t told = 0, held = 0;

    void add(std::optional<bool> holds) {
        if (!holds) return;
        ++told;
        held += *holds;
    }
    void add(const PostureCount& other) {
        told += other.told;
        held += other.held;
    }
    /// Whether it held in most, of at least so many.
    bool mostly(std::int64_t fewest) const { return told >= fewest && 2 * held > told; }
};

}  // namespace mdn
