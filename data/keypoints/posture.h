// Whether the joints of a pose lie as a body has them. Joints that were read in another order do
// not.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "data/keypoints/body25.h"
#include "data/transform.h"

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

/// Whether the left shoulder is where a person who faces the camera has the right one, seen from
/// the head: in an upright picture, to the left. Such a person shows the nose and both eyes;
/// nothing unless these and both shoulders are seen with a confidence of at least one half, and the
/// shoulders are apart. (Estimators guess at the eyes of people who turn their backs, with small
/// confidences.)
std::optional<bool> sides_are_exchanged(const Pose& pose);

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

/// In how many poses two joints are at exactly the same place.
class CoincidenceCount {
  public:
    /// Joints on the border of the frame, if its size is known, tell nothing: some estimators move
    /// there what they place outside. Nor do toes and heel of one foot: no box depends on them.
    void add(const Pose& pose, std::optional<FrameSize> frame);
    void add(const CoincidenceCount& other);

    struct Group {
        std::vector<Body25> joints;
        PostureCount count;  // of the two of them that coincide most often
    };
    /// Joints that coincide in most of at least `fewest` poses that show both.
    std::vector<Group> groups(std::int64_t fewest) const;

  private:
    std::array<std::array<PostureCount, body25_joints>, body25_joints> pairs_{};  // [i][j], i < j
};

}  // namespace mdn
