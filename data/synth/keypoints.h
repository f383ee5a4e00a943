// What a pose estimator would have said about a frame: OpenPose's JSON, with its faults.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "data/synth/pose.h"

namespace mdn::synth {

/// x, y in pixels and a confidence; all 0 when the joint is missing.
struct Keypoint {
    float x = 0, y = 0, confidence = 0;
};
using Person = std::array<Keypoint, kJoints>;

/// Imitates the faults of an estimator over one clip. Joints jitter around a small bias that stays
/// the same over the clip; a joint that is hidden or lies outside the picture is usually or always
/// missing; now and then another joint is missing, nobody is seen, or the list starts with a ghost
/// of 2 to 4 joints.
class PoseEstimator {
  public:
    /// Draws the clip's biases from `random`, which later frames go on using.
    PoseEstimator(const Camera& camera, int64_t size, double figure_height, Random& random);

    /// The people of the next frame, in the order of the file.
    std::vector<Person> people(const Figure& figure);

  private:
    Person see(const Figure& figure);
    Person ghost();

    const Camera& camera_;
    double size_, deviation_;
    Random& random_;
    std::array<Vec3, kJoints> bias_;
};

/// OpenPose's file, version 1.3, of one frame: numbers have 6 significant digits.
std::string openpose_json(const std::vector<Person>& people);

}  // namespace mdn::synth
