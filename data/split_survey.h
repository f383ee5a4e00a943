// A look at the keypoints of a split before a model is trained or tested on it.
#pragma once

#include <string>
#include <vector>

#include "data/clip.h"
#include "data/dataset.h"
#include "data/keypoints/joint_survey.h"

namespace mdn {

/// What is odd about the keypoints of a split's clips (JointSurvey::findings, from the persons of
/// 64 clips spread evenly over it; and how many clips have fewer keypoints than frames). Nothing
/// where no keypoints are read. Clips that cannot be read are left to whoever reads them in
/// earnest. Throws Error naming the split if nobody is visible in any of its clips.
std::vector<JointSurvey::Finding> survey_split(const std::vector<ListedClip>& clips,
                                               const std::string& split,
                                               const ClipOptions& options);

}  // namespace mdn
