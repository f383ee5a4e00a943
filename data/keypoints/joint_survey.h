// Where the joints of a dataset lie, and whether that is where a body has them: keypoints that were
// read in a wrong way look like others file by file, but not over a whole dataset.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/keypoints/posture.h"
#include "data/keypoints/track.h"
#include "data/transform.h"

namespace mdn {

/// Counts over clips: how far the joints of all people reach, in shares of the frames' sides (0 to
/// 1 is inside), and how those of the person lie that a clip is about.
class JointSurvey {
  public:
    /// Adds the people of one clip and the one of them that it is about, in pixels of its frames.
    /// Without frames only how the person's joints lie to each other is looked at.
    void add(const std::vector<std::vector<Pose>>& people, const Track& person,
             std::optional<FrameSize> frame);
    void add(const JointSurvey& other);

    /// Whether no joint was added of which the frame is known.
    bool empty() const { return joints_ == 0; }
    std::int64_t clips() const { return clips_; }
    std::int64_t joints() const { return joints_; }
    /// Joints that lie outside by more than 5 % of the side: estimators guess a little beyond the
    /// border.
    std::int64_t outside() const { return outside_; }
    /// From 2 % of the joints outside.
    bool is_outside() const { return joints_ > 0 && 50 * outside_ >= joints_; }

    /// Whether each joint of the persons has the confidence 1, as where the estimator gave none.
    bool is_all_certain() const { return seen_ > 0 && certain_ == seen_; }

    /// Of 98 % of each clip's joints, for a table: "x from 12 % to 96 % of the width, y from 3 % to
    /// 99 % of the height".
    std::string extent() const;
    /// The same in pixels of frames of one size: "x from 12 to 330, y from 8 to 250".
    std::string extent_in(FrameSize frame) const;

    struct Finding {
        std::string message, hint;
    };
    /// What is odd over all clips together:
    /// - 2 % of the joints are outside (is_outside);
    /// - joints keep to the left or the upper half in all clips, or to the upper left: within 0.8
    ///   of both sides, with the centre of the clips' bounds below 0.42 on both. Keypoints that
    ///   were found in pictures of another size look like this, and shares of the sides that were
    ///   taken for pixels;
    /// - in most frames the head is below the hips, or shoulders disagree with hips or eyes about
    ///   what is left: joints of another order (Human3.6M's 17 read as COCO's, BODY_25B read as
    ///   BODY_25);
    /// - in most frames that show a face, left and right are exchanged (sides_are_exchanged);
    /// - in most frames joints are at exactly the same place (CoincidenceCount).
    std::vector<Finding> findings() const;

  private:
    void add_places(const std::vector<std::vector<Pose>>& people, const Track& person,
                    FrameSize frame);
    void find_other_sizes(std::vector<Finding>& found) const;
    void find_other_orders(std::vector<Finding>& found) const;

    std::int64_t clips_ = 0, joints_ = 0, outside_ = 0;
    std::int64_t seen_ = 0, certain_ = 0;  // joints of the persons, with or without frames
    double left_ = 0, top_ = 0, right_ = 0, bottom_ = 0;
    double centre_x_ = 0, centre_y_ = 0;  // sums over clips
    PostureCount heads_below_;            // over frames that show head and hips
    PostureCount sides_crossed_;          // over frames that show both shoulders and both hips
    PostureCount eyes_crossed_;           // over frames that show both shoulders and both eyes
    PostureCount sides_exchanged_;        // over frames that show a face and both shoulders
    CoincidenceCount coincidences_;
};

}  // namespace mdn
