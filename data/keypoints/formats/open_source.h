// From a file or folder of an unknown pose estimator's to a reader of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "data/keypoints/formats/keypoint_source.h"

namespace mdn {

/// What was found at a place.
struct OpenedSource {
    std::unique_ptr<KeypointSource> source;
    std::int64_t files = 0;                       // that it reads
    std::int64_t others = 0;                      // files of the folder that hold no keypoints
    std::vector<std::filesystem::path> examples;  // of those, a few
};

/// Looks at what is in the file, or in each .json, .txt and .pkl file of the folder and those in
/// it, whatever they are called, and opens it. Builder and path must outlive the source. Throws
/// Error naming the files where nothing is recognised (saying what lies there), or where files are
/// of two formats.
OpenedSource open_keypoint_source(const SourceOptions& options, PersonBuilder& builder);

}  // namespace mdn
