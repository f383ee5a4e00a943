// Everything that is wrong with a dataset, found before a training run finds it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "data/dataset.h"
#include "data/keypoints/joint_survey.h"
#include "data/keypoints/keypoints.h"

namespace mdn {

struct CheckOptions {
    ClipNeeds needs;           // of the model that is to be trained
    std::int64_t classes = 0;  // of that model; 0: as many as the dataset has
    bool quick = false;        // the first and last frame of each clip only
    std::int64_t workers = 1;
    KeypointOptions keypoints = {};
    DatasetOptions dataset = {};
};

/// One thing that is wrong, or odd.
struct Problem {
    enum class Severity {
        fatal,    // training stops on it
        error,    // evaluation of another split does
        warning,  // neither, but it may not be what the user wants
    };
    Severity severity = Severity::warning;
    std::string message;  // begins with the file, and the line where there is one
    std::string hint;     // may be empty
};

struct SplitSummary {
    std::string split;
    std::int64_t clips = 0, unlabelled = 0;
    std::int64_t frames = 0, shortest = 0, longest = 0;  // of clips whose length is known
    std::vector<std::int64_t> clips_of_class;
};

struct DatasetSummary {
    std::string format;
    ClassNames classes;
    std::vector<SplitSummary> splits;  // those that have a list, in the order train, val, test
    std::int64_t fatal = 0, errors = 0, warnings = 0;
    /// Of the frames whose keypoints were read.
    std::int64_t frames_with_keypoints = 0, frames_without_person = 0;
    std::int64_t clips_with_keypoints = 0, clips_without_person = 0;
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> clips_of_size;  // width, height
    JointSurvey joints;  // of the clips' persons

    bool trains() const { return fatal == 0; }
};

/// Reads the lists, counts files, decodes every frame (see `quick`) and reads every keypoint file
/// that is needed. Each problem is given to `report` in the order of the lists; `progress` is told
/// how many of all clips are done. Memory does not grow with the frames. Throws Error only where
/// there is nothing to check: no folder, no known format, malformed class names.
DatasetSummary check_dataset(const std::filesystem::path& dataset, const CheckOptions& options,
                             const std::function<void(const Problem&)>& report,
                             const std::function<void(std::int64_t, std::int64_t)>& progress = {});

}  // namespace mdn
