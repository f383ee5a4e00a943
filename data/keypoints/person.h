// Which of the people that OpenPose saw is the one the clip is about.
#pragma once

#include <vector>

#include "data/keypoints/body25.h"
#include "data/keypoints/track.h"

namespace mdn {

/// One person per frame, consistent over the clip; nothing in frames where that person is not seen.
///
/// people[t] are the detections of frame t in any order. The choice is the chain of detections,
/// at most one a frame, with the largest
///     sum of support(detection) - sum of cost(move between consecutive ones of the chain),
/// where support is the sum of the confidences (each at most 1) of valid joints, and the cost of a
/// move grows with the mean distance of joints valid in both, up to that of a jump, which is worth
/// a whole person (25). It is found exactly by dynamic programming, so one bad frame cannot derail
/// it as it can a greedy tracker. Hence a ghost of a few joints loses to the person beside it, a
/// frame that shows only a ghost or only somebody else is left out (going there and back costs
/// more than it brings), the order in the file does not matter, and of a person split in two the
/// better supported part is taken. Ties go to the earlier detection. Of more than 100 detections in
/// a frame the 100 best supported are looked at.
Track choose_person(const std::vector<std::vector<Pose>>& people);

}  // namespace mdn
