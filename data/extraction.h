// What data/extract_frames leaves beside a video's frames: their size and the video's.
#pragma once

#include <filesystem>

namespace mdn {

/// Pixels of a frame per pixel of the video it was extracted from: 0.36 where 1280x720 became
/// 455x256. Read from `extracted.txt` in the folder of frames; 1 where there is none. Throws Error
/// naming the file if it does not hold both widths and heights.
double scale_of_frames(const std::filesystem::path& frames);

}  // namespace mdn
