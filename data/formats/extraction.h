// What data/extract_frames leaves beside a video's frames: their size and the video's.
#pragma once

#include <filesystem>
#include <optional>

#include "data/transform.h"

namespace mdn {

struct Extraction {
    FrameSize video, frames;

    /// Pixels of a frame per pixel of the video: 0.36 where 1280x720 became 455x256.
    double scale() const;
};

/// Reads `extracted.txt` in a folder of frames; nothing where there is none, or no folder is named.
/// Throws Error naming the file if it does not hold both widths and heights.
std::optional<Extraction> read_extraction(const std::filesystem::path& frames);

/// The scale of such frames; 1 where nothing is said of it. Throws as read_extraction does.
double scale_of_frames(const std::filesystem::path& frames);

}  // namespace mdn
