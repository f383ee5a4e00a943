// The frames of a clip in DATASET/frames, as far as they tell how keypoints are numbered.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "data/formats/frame_names.h"
#include "data/transform.h"

namespace mdn {

struct FrameFolder {
    std::filesystem::path folder;
    FrameNames names;
    std::int64_t count = 0;  // frames, up to the last one
    std::filesystem::path example;

    /// The number of the first frame.
    std::int64_t first() const { return names.first; }

    /// Whether a picture is among the frames, by its name without folder and extension.
    bool has(const std::string& image) const;
    /// Of the first frame, from its header. Throws as image_size does.
    FrameSize size() const;
};

/// Nothing where there is no such folder, or no frame in it. Frames are told from other pictures as
/// everywhere (find_frame_names), which also throws as it does.
std::optional<FrameFolder> look_at_frames(const std::filesystem::path& folder);

}  // namespace mdn
