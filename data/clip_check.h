// Everything that is wrong with the files of one clip.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/keypoints/joint_survey.h"
#include "data/keypoints/keypoints.h"

namespace mdn {

/// What a look at all of a clip's files found.
struct ClipFindings {
    struct Finding {
        bool is_error = true;  // else only odd
        std::string message;   // begins with the clip's line in its list
        std::string hint;
    };
    std::vector<Finding> findings;
    std::int64_t frames = 0;             // 0: could not be told
    std::int64_t width = 0, height = 0;  // 0: no frame could be read
    std::int64_t frames_with_keypoints = 0, frames_without_person = 0;
    std::int64_t people_listed = 0;  // whether a joint of theirs was seen or not
    JointSurvey joints;              // of the clip's person
};

/// Looks at the frames and keypoints that are needed, all of them or with `quick` the first and the
/// last. Of what is wrong in the same way with many frames the first is told, with their number.
/// Throws nothing that a user's mistake could cause.
ClipFindings check_clip(const ListedClip& clip, ClipNeeds needs, bool quick,
                        const KeypointOptions& keypoints = {}, const DatasetOptions& dataset = {});

}  // namespace mdn
