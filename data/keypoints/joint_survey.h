// Where the joints of a dataset lie, and whether that is where a body has them: keypoints that were
// read in a wrong way look like others file by file, but not over a whole dataset.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/keypoints/posture.h"
#include "data/keypoints/track.h"
#include "data/transform.h"

namespace mdn {

/// Counts over clips, in shares of their frames' sides (0 to 1 is inside): how far the joints of
/// all people reach, and how those of the person lie that a clip is about.
class JointSurvey {
  public:
    /// Adds the people of one clip and the one of them that it is about, in pixels of its frames.
    void add(const std::vector<std::vector<Pose>>& people, const Track& person, FrameSize frame);
    void add(const JointSurvey& other);

    bool empty() const { return joints_ == 0; }
    std::int64_t clips() const { return clips_; }
    std::int64_t joints() const { return joints_; }
    /// Joints that lie outside by more than 5 % of the side: estimators guess a little beyond the
    /// border.
    std::int64_t outside() const { return outside_; }
    /// From 2 % of the joints outside.
    bool is_outside() const { return joints_ > 0 && 50 * outside_ >= joints_; }

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
    /// of
    ///   both sides, with the centre of the clips' bounds below 0.42 on both. Keypoints that
    ///   were found in pictures of another size look like this;
    /// - in most frames the head is below the hips, or shoulders and hips disagree about what is
    ///   left: joints of another order (Human3.6M's 17 read as COCO's, BODY_25B read as BODY_25).
    std::vector<Finding> findings() const;

  private:
    std::int64_t clips_ = 0, joints_ = 0, outside_ = 0;
    double left_ = 0, top_ = 0, right_ = 0, bottom_ = 0;
    double centre_x_ = 0, centre_y_ = 0;  // sums over clips
    PostureCount heads_below_;            // over frames that show head and hips
    PostureCount sides_crossed_;          // over frames that show both shoulders and both hips
};

}  // namespace mdn
