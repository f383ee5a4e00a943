// What the people of a whole source look like: in what units they are, how sure the estimator was,
// and whether their joints lie as a body has them.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "data/keypoints/keypoint_scale.h"
#include "data/keypoints/posture.h"

namespace mdn {

/// Counts over all people of a source, in the source's units.
class SourceSurvey {
  public:
    void add(const Pose& pose);

    /// Whether a dataset shows this person, unless it is read with another threshold than
    /// default_keypoint_threshold.
    static bool is_seen(const Pose& pose);

    std::int64_t people() const { return people_; }
    /// Joints that have a place, whatever their confidence; and the confidences of these, 0 where
    /// there are none.
    std::int64_t joints() const { return joints_; }
    double least_confidence() const { return joints_ > 0 ? least_confidence_ : 0; }
    double largest_confidence() const { return joints_ > 0 ? largest_confidence_ : 0; }

    /// "pixels; joints lie from (12, 8) to (1270, 715)". `normalised`: the format says that
    /// coordinates are divided by width and height.
    std::string scale_text(bool normalised) const;

    /// What is odd:
    /// - most heads are below the hips, or eyes and shoulders disagree about what is left;
    /// - left and right are exchanged in most people who face the camera (sides_are_exchanged);
    /// - joints are at exactly the same place in most people (CoincidenceCount);
    /// - people are listed, and none of them is seen.
    std::vector<std::string> warnings() const;

  private:
    std::int64_t people_ = 0, unseen_ = 0, joints_ = 0;
    double least_confidence_ = HUGE_VAL, largest_confidence_ = -HUGE_VAL;
    double left_ = HUGE_VAL, top_ = HUGE_VAL, right_ = -HUGE_VAL, bottom_ = -HUGE_VAL;
    ScaleSurvey scale_;
    PostureCount heads_below_, sides_crossed_, sides_exchanged_;
    CoincidenceCount coincidences_;
};

}  // namespace mdn
