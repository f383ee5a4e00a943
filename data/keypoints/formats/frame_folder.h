// The frames of a clip in DATASET/frames, as far as they tell how keypoints are numbered.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "data/transform.h"

namespace mdn {

struct FrameFolder {
    std::filesystem::path folder;
    std::int64_t count = 0;  // pictures whose names end in a number
    std::int64_t first = 0;  // the lowest of these numbers
    std::filesystem::path example;

    /// Whether a picture is among the frames, by its name without folder and extension.
    bool has(const std::string& image) const;
    /// Of the first frame, from its header. Throws as image_size does.
    FrameSize size() const;
};

/// Nothing where there is no such folder, or no picture in it.
std::optional<FrameFolder> look_at_frames(const std::filesystem::path& folder);

}  // namespace mdn
