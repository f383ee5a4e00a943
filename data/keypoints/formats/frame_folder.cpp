#include "data/keypoints/formats/frame_folder.h"

#include "data/file.h"
#include "data/images/image.h"
#include "data/keypoints/formats/image_names.h"

namespace mdn {

namespace fs = std::filesystem;

bool FrameFolder::has(const std::string& image) const {
    std::string stem = fs::path(image).stem().string();
    if (stem.ends_with("_keypoints")) stem.resize(stem.size() - 10);
    return !stem.empty() && is_file(folder / (stem + example.extension().string()));
}

FrameSize FrameFolder::size() const { return image_size(example); }

std::optional<FrameFolder> look_at_frames(const fs::path& folder) {
    FrameFolder frames;
    frames.folder = folder;
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
        const std::string extension = entry.path().extension().string();
        if (extension != ".jpg" && extension != ".jpeg" && extension != ".png" &&
            extension != ".JPG" && extension != ".JPEG" && extension != ".PNG")
            continue;
        const auto name = parse_image_name(entry.path().filename().string());
        if (!name) continue;
        if (frames.count == 0 || name->number < frames.first) {
            frames.first = name->number;
            frames.example = entry.path();
        }
        ++frames.count;
    }
    if (frames.count == 0) return std::nullopt;
    return frames;
}

}  // namespace mdn
