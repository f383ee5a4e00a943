// From what a source of keypoints holds to this project's files: which of its frames is which, in
// what units its people are, and the writing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/keypoints/formats/keypoint_source.h"

namespace mdn {

struct ConversionOptions {
    std::filesystem::path dataset;  // DIR of DIR/keypoints/CLIP; DIR/frames/CLIP is looked at
    /// The number that the source gives a clip's first frame, where its format does not fix it;
    /// `lowest_first`: in every clip the lowest number that is there.
    std::optional<std::int64_t> first_frame;
    bool lowest_first = false;
    bool overwrite = false;
};

/// What is to be written for one clip.
struct PlannedClip {
    std::size_t index = 0;  // in the source
    std::string name;
    std::int64_t first = 0;   // number, in the source, of the clip's first frame
    std::int64_t length = 0;  // frames
    std::optional<std::int64_t> label;
};

/// What was found, for the user.
struct ConversionPlan {
    std::vector<PlannedClip> clips;
    /// Empty are frames without anybody of whom a joint was seen: one with a confidence above
    /// default_keypoint_threshold.
    std::int64_t frames = 0, empty_frames = 0, people = 0;
    std::size_t most_people = 0;  // in a frame
    std::int64_t joints = 0;      // that have a place, whatever their confidence
    double least_confidence = 0, largest_confidence = 0;  // of these
    std::string scale;      // "pixels; joints lie from (12, 8) to (1270, 715)"
    std::string numbering;  // "frame 0 of the source is img_00001"
    std::vector<std::string> warnings;
};

/// Reads all of the source, decides, and checks that each clip can be written. Throws Error where
/// something is wrong in the source, where nothing tells which frame is the first, for frames that
/// DIR/frames does not have, and for clips that exist (see AtomicFolder).
ConversionPlan plan_conversion(KeypointSource& source, const ConversionOptions& options,
                               const std::function<void(std::size_t)>& progress);

/// Writes DATASET/keypoints/CLIP/img_00001_keypoints.json … for each clip; every clip whole or not
/// at all. People are in BODY_25, in pixels of the frames where their size is known. Throws Error
/// as plan_conversion does, and where the source changed since.
void write_conversion(KeypointSource& source, const ConversionOptions& options,
                      const ConversionPlan& plan, const std::function<void(std::size_t)>& progress);

/// Where a clip's files go, and what their names end in.
std::string keypoint_folder(const ConversionOptions& options, const std::string& clip);
inline constexpr const char* keypoint_suffix = "_keypoints.json";

/// A frame's file: {"version":1.3,"people":[{"person_id":[-1],"pose_keypoints_2d":[…]}]}.
std::string keypoint_file_text(const std::vector<Pose>& people);

}  // namespace mdn
