#include "data/keypoints/formats/frame_folder.h"

#include "data/file.h"
#include "data/formats/numbered_files.h"
#include "data/images/image.h"

namespace mdn {

namespace fs = std::filesystem;

bool FrameFolder::has(const std::string& image) const {
    std::string stem = fs::path(image).stem().string();
    if (stem.ends_with("_keypoints")) stem.resize(stem.size() - 10);
    return !stem.empty() && is_file(folder / (stem + example.extension().string()));
}

FrameSize FrameFolder::size() const { return image_size(example); }

std::optional<FrameFolder> look_at_frames(const fs::path& folder) {
    const auto names = find_frame_names(folder);
    if (!names) return std::nullopt;
    FrameFolder frames{.folder = folder, .names = *names, .count = 0, .example = {}};
    const NumberedFiles files = frame_files(folder, *names);
    if (files.count == 0) return std::nullopt;
    frames.count = files.last;
    // Where the first are missing, the last one shows the size as well.
    frames.example = folder / names->at(files.first_missing > 1 ? 0 : files.last - 1);
    return frames;
}

}  // namespace mdn
