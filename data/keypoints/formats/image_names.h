// Clips out of pictures: which clip and which of its frames a picture's name means.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/keypoints/formats/keypoint_source.h"

namespace mdn {

struct ImageName {
    std::string clip;         // "" where the name has nothing but a number
    std::int64_t number = 0;  // of the frame
};

/// "walk/003/img_00012.jpg" is frame 12 of clip walk/003, "P01_walk_000012.png" of P01_walk, and
/// "12.jpg" of a clip without a name. The number is what the name ends in, before its extension and
/// "_keypoints" (or "_pose", behind five digits); what stands before it names the clip, unless it
/// is a word for picture (img, image, frame) or what the folder is called. Of an absolute path the
/// last folder counts. Nothing for a name that does not end in a number.
std::optional<ImageName> parse_image_name(std::string_view name);

/// Puts pictures in the order of their numbers, clip by clip.
class ImageFrames {
  public:
    /// `fallback` names the clip of pictures whose names have nothing but a number.
    explicit ImageFrames(std::string fallback) : fallback_(std::move(fallback)) {}

    /// The frame of a picture, made where there is none. `where` begins messages. Throws Error for
    /// a name without a number, and where another picture is the same frame of the same clip.
    FoundFrame& at(const std::string& image, const std::string& where);

    /// Takes the clips out, by name, each by its frames' numbers.
    std::vector<FoundClip> take();
    bool empty() const { return clips_.empty(); }

  private:
    std::string fallback_;
    std::map<std::string, std::map<std::int64_t, FoundFrame>> clips_;
};

/// Whether a file or folder is called after what it holds (results, labels, keypoints), and names
/// no clip.
bool names_no_clip(const std::string& stem);

/// A name for the clip that a file or folder is: its own, without extension; for names that say
/// nothing (results.json, labels/), that of the folder that it lies in.
std::string clip_name_of(const std::filesystem::path& source);

}  // namespace mdn
