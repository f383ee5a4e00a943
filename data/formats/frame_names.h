// How the frames of a folder are called: img_00001.jpg, 00000.png, frame_12.JPG.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mdn {

/// Names that differ by a number only: text, the number with at least `digits` digits, text.
struct FrameNames {
    std::string before = "img_";
    std::int64_t digits = 5;
    std::string after = ".jpg";
    std::int64_t first = 1;  // number of the folder's first frame: 0 or 1

    /// Name of frame t, which counts from 0: img_00001.jpg is frame 0 where `first` is 1.
    std::string at(std::int64_t t) const;
    /// The same without its extension, as OpenPose names the keypoints of an image: img_00001.
    std::string stem_at(std::int64_t t) const;
    /// As MMAction2's filename_tmpl: img_{:05}.jpg.
    std::string text() const;

    bool operator==(const FrameNames&) const = default;
};

/// From MMAction2's filename_tmpl (img_{:05}.jpg, {:06d}.png, frame_{}.jpg) or ffmpeg's pattern
/// (img_%05d.jpg). `first` is left at 1. Throws Error naming the text if it is neither, or if it
/// holds a slash.
FrameNames parse_frame_template(const std::string& text);

/// How the frames of `folder` are called. With `given` only its names are looked for, else
/// img_00001.jpg and then, where there is no such file, any JPEG or PNG names with a number that
/// varies; those of optical flow (flow_x_00001.jpg), hidden files and single images are left out.
/// Frames count from 0 where a file has the number 0, else from 1. Nothing where the folder holds
/// no such file. Throws Error naming folder and names if there are several.
std::optional<FrameNames> find_frame_names(const std::filesystem::path& folder,
                                           const std::optional<FrameNames>& given = std::nullopt);

/// The same from keypoint files that were named after frames: 00001_keypoints.json tells {:05}.
/// OpenPose's own names for videos (12 digits) tell nothing. Throws as find_frame_names does.
std::optional<FrameNames> find_frame_names_of_keypoints(const std::filesystem::path& folder);

/// Whether a file's extension is that of a JPEG or PNG image, in any case.
bool is_image_name(const std::filesystem::path& file);

/// The number between `before` and `after` if the name is written as FrameNames::at would, else -1.
std::int64_t number_in(std::string_view name, std::string_view before, std::int64_t digits,
                       std::string_view after);

}  // namespace mdn
