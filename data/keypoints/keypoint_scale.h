// What the coordinates of keypoint files mean, and how they become pixels of the frame.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/keypoints/body25.h"
#include "data/transform.h"

namespace mdn {

/// OpenPose's --keypoint_scale, for pictures of W×H.
enum class KeypointScale {
    automatic,             // found from the coordinates: one of the next three
    pixels,                // 0, 1, 2
    unit,                  // 3: x/(W-1), y/(H-1)
    symmetric,             // 4: 2x/(W-1) - 1, 2y/(H-1) - 1
    unit_by_longest,       // 5: x/(max(W,H)-1), y/(max(W,H)-1)
    symmetric_by_longest,  // 6: as 4 with max(W,H)-1 for both
};

/// Finds the scale from all valid joints, so that a single stray one does not decide.
class ScaleSurvey {
  public:
    void add(const Pose& pose);
    bool empty() const { return coordinates_ == 0; }
    /// `pixels` unless nine of ten coordinates are within [-3, 3]: nobody's joints fit in three
    /// pixels, but somebody close to the camera has feet far below the picture. Then `symmetric` if
    /// one of twenty is below -0.1, else `unit`. The scales by the longest side look like 3 and 4
    /// with smaller coordinates and are never found. Without a valid joint: pixels.
    KeypointScale scale() const;

  private:
    std::int64_t coordinates_ = 0, small_ = 0, negative_ = 0;
};

/// That of a clip's people [frames][people].
KeypointScale detect_scale(const std::vector<std::vector<Pose>>& people);

/// Moves every joint into pixels of a frame. `picture` is the size of the picture in which the
/// keypoints were found, if it was not `frame` itself (the video before its frames were resized):
/// with it pixels are scaled, and its longest side is what scales 5 and 6 refer to.
void to_pixels(std::vector<std::vector<Pose>>& people, KeypointScale scale, FrameSize frame,
               std::optional<FrameSize> picture);

}  // namespace mdn
