// The rows of iMiGUE's tables: which gesture is seen when, and whom a video shows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "data/formats/dataset_format.h"

namespace mdn {

/// One row of labels, whichever file it is from.
struct Gesture {
    std::int64_t video = 0;
    std::int64_t label = 0;           // 0..31, or `unlabelled`
    std::int64_t start = 0, end = 0;  // frames of the video as numbered there, the end included
    std::string where;                // of the row, for messages
};

/// A video's number. Throws Error beginning with `where` for anything but a whole number from 1.
std::int64_t parse_video(const std::string& text, const std::string& where);

/// The gestures of labels_20200831.csv whose subject, 1..72, is `wanted`. `first_frame` is the
/// number of a video's first frame. A row that cannot be taken goes to `report`. Throws Error
/// naming the file if it is empty or its header lacks one of the columns, and as read_file does.
std::vector<Gesture> read_label_table(const std::filesystem::path& file,
                                      const std::function<bool(std::int64_t subject)>& wanted,
                                      std::int64_t first_frame, const Report& report);

/// The gestures of a video's own file: rows class,start,end. Class 0 stands for a label that is not
/// given where that `may_be_missing`. A row that cannot be taken goes to `report`; throws as
/// read_file does.
std::vector<Gesture> read_label_file(const std::filesystem::path& file, std::int64_t video,
                                     bool may_be_missing, std::int64_t first_frame,
                                     const Report& report);

/// Whether a video's own file has no class but 0. Throws as read_file does.
bool lacks_labels(const std::filesystem::path& file);

/// The subject of each video in subjects.csv; reports and throws as read_label_table does.
std::map<std::int64_t, std::int64_t> read_subjects(const std::filesystem::path& file,
                                                   const Report& report);

}  // namespace mdn
