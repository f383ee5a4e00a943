// Which numbered files, such as img_00001.jpg, a folder holds, found by listing the folder once.
#pragma once

#include <cstdint>
#include <filesystem>

#include "data/dataset.h"
#include "data/formats/frame_names.h"

namespace mdn {

/// Files that belong to the frames of a folder, the first of which is frame 1 here, whatever number
/// its name has.
struct NumberedFiles {
    std::int64_t count = 0;          // files
    std::int64_t first = 0;          // smallest frame; 0 without files
    std::int64_t last = 0;           // largest frame; 0 without files
    std::int64_t first_missing = 1;  // smallest frame without a file

    bool has_gap() const { return first_missing <= last; }
};

/// The frames of a folder; nothing if there is no such folder.
NumberedFiles frame_files(const std::filesystem::path& folder, const FrameNames& names);

/// The keypoint files of a clip's folder under any of the names that ClipFiles::keypoint() accepts.
NumberedFiles keypoint_files(const ClipFiles& clip);

/// How many frames a folder holds that is a clip as a whole. Throws Error naming the folder if it
/// holds none, or the first one missing among their numbers: every later one would be shifted
/// against the rest, or never be looked at.
std::int64_t count_all_frames(const std::filesystem::path& folder, const FrameNames& names);

/// The same of a clip's keypoint files.
std::int64_t count_all_keypoints(const ClipFiles& clip);

}  // namespace mdn
