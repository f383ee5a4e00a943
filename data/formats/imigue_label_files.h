// Finds iMiGUE's label files: the MiGA challenge's release has one per video.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/error.h"

namespace mdn {

/// A file VIDEO_label.csv.
struct LabelFile {
    std::filesystem::path path;
    std::int64_t video = 0;
    std::string split;  // train, val or test; empty where no folder's name tells
};

struct LabelFiles {
    std::vector<LabelFile> files;  // by video, those of one by their paths
    std::vector<Error> unread;     // of folders in which more may lie
};

/// The label files at most four folders below a dataset's; links to folders are followed. Their
/// names are as in data/formats/imigue.h; the split is told by the innermost folder whose name
/// tells one. The dataset's frames/, keypoints/ and lost+found/ are not looked into. Throws Error
/// naming a file whose number is no video's.
LabelFiles find_label_files(const std::filesystem::path& dataset);

}  // namespace mdn
