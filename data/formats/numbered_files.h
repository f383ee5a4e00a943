// Which numbered files, such as img_00001.jpg, a folder holds, found by listing the folder once.
#pragma once

#include <cstdint>
#include <filesystem>

#include "data/dataset.h"

namespace mdn {

/// A run of files whose names differ by a number that counts from 1.
struct NumberedFiles {
    std::int64_t count = 0;          // files
    std::int64_t last = 0;           // largest number; 0 without files
    std::int64_t first_missing = 1;  // smallest number without a file

    bool has_gap() const { return first_missing <= last; }
};

/// img_00001.jpg, img_00002.jpg, … of a folder; nothing if there is no such folder.
NumberedFiles frame_files(const std::filesystem::path& folder);

/// The keypoint files of a clip's folder under either of the names that ClipFiles::keypoint()
/// accepts, numbered as the frames they belong to.
NumberedFiles keypoint_files(const ClipFiles& clip);

/// How many frames a folder holds that is a clip as a whole. Throws Error naming the folder if it
/// holds none, or the first one missing among their numbers: every later one would be shifted
/// against the rest, or never be looked at.
std::int64_t count_all_frames(const std::filesystem::path& folder);

/// The same of a clip's keypoint files.
std::int64_t count_all_keypoints(const ClipFiles& clip);

}  // namespace mdn
