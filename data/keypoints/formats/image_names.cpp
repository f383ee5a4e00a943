#include "data/keypoints/formats/image_names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "data/formats/list_file.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Without an extension that pictures or our files have; a dot may also be part of a name.
std::string_view stem_of(std::string_view name) {
    constexpr std::array extensions = {".jpg", ".jpeg", ".png",  ".bmp", ".webp",
                                       ".tif", ".tiff", ".json", ".txt", ".ppm"};
    const std::size_t dot = name.rfind('.');
    if (dot != name.npos) {
        const std::string extension = lower(name.substr(dot));
        if (std::find(extensions.begin(), extensions.end(), extension) != extensions.end())
            name = name.substr(0, dot);
    }
    constexpr std::string_view ours = "_keypoints", old = "_pose";
    if (name.ends_with(ours)) name.remove_suffix(ours.size());
    // OpenPose before 1.0: walk_000000000012_pose. Behind fewer digits it may be part of a name.
    constexpr std::size_t fewest_digits = 5;
    if (name.ends_with(old)) {
        const std::string_view rest = name.substr(0, name.size() - old.size());
        const bool is_number =
            rest.size() >= fewest_digits &&
            std::all_of(rest.end() - fewest_digits, rest.end(), [](char c) { return is_digit(c); });
        if (is_number) name = rest;
    }
    return name;
}

/// Words that name no clip.
bool means_picture(std::string_view text) {
    constexpr std::array words = {"",   "img", "image", "images",  "frame", "frames",
                                  "im", "f",   "pic",   "picture", "rgb",   "color"};
    return std::find(words.begin(), words.end(), lower(text)) != words.end();
}

}  // namespace

std::optional<ImageName> parse_image_name(std::string_view name) {
    std::string slashes(name);
    std::replace(slashes.begin(), slashes.end(), '\\', '/');
    name = slashes;
    const std::size_t slash = name.rfind('/');
    std::string folder(slash == name.npos ? "" : name.substr(0, slash));
    const bool absolute = folder.starts_with('/') || (folder.size() > 1 && folder[1] == ':');
    while (folder.starts_with("./")) folder.erase(0, 2);
    if (folder == ".") folder.clear();
    if (absolute) folder = folder.substr(folder.rfind('/') + 1);
    std::string_view stem = stem_of(slash == name.npos ? name : name.substr(slash + 1));

    std::size_t digits = stem.size();
    while (digits > 0 && is_digit(stem[digits - 1])) --digits;
    ImageName result;
    const auto [end, failure] =
        std::from_chars(stem.data() + digits, stem.data() + stem.size(), result.number);
    if (failure != std::errc() || end != stem.data() + stem.size()) return std::nullopt;
    std::string_view prefix = stem.substr(0, digits);
    while (!prefix.empty() && std::string_view("_-. ").find(prefix.back()) != prefix.npos)
        prefix.remove_suffix(1);
    const std::string last_folder = folder.substr(folder.rfind('/') + 1);
    result.clip = folder;
    if (!means_picture(prefix) && prefix != last_folder)
        result.clip.append(folder.empty() ? "" : "/").append(prefix);
    return result;
}

FoundFrame& ImageFrames::at(const std::string& image, const std::string& where) {
    const std::optional<ImageName> name = parse_image_name(image);
    if (!name)
        throw Error(where + ": the picture's name '" + image.substr(0, 200) +
                        "' does not end in a number, so nothing says which frame it is",
                    "name the pictures CLIP_00001.jpg or CLIP/00001.jpg");
    const std::string& clip = name->clip.empty() ? fallback_ : name->clip;
    check_name(clip, where);
    FoundFrame& frame = clips_[clip][name->number];
    if (frame.image.empty()) {
        frame.number = name->number;
        frame.image = image;
    } else if (frame.image != image) {
        throw Error(where + ": '" + frame.image + "' and '" + image + "' would both be frame " +
                    std::to_string(name->number) + " of clip '" + clip + "'");
    }
    return frame;
}

std::vector<FoundClip> ImageFrames::take() {
    std::vector<FoundClip> clips;
    for (auto& [name, frames] : clips_) {
        FoundClip& clip = clips.emplace_back();
        clip.name = name;
        for (auto& [number, frame] : frames) clip.frames.push_back(std::move(frame));
        frames.clear();
    }
    clips_.clear();
    return clips;
}

bool names_no_clip(const std::string& stem) {
    constexpr std::array words = {"results",
                                  "result",
                                  "labels",
                                  "label",
                                  "predictions",
                                  "prediction",
                                  "preds",
                                  "pred",
                                  "pose",
                                  "poses",
                                  "keypoints",
                                  "json",
                                  "output",
                                  "sep-json",
                                  "outputs",
                                  "annotations",
                                  "alphapose-results",
                                  "alphapose-results-forvis-tracked"};
    return std::find(words.begin(), words.end(), lower(stem)) != words.end();
}

std::string clip_name_of(const fs::path& source) {
    std::error_code failure;
    fs::path path = fs::absolute(source, failure).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();
    for (; path.has_filename(); path = path.parent_path()) {
        const std::string extension = lower(path.extension().string());
        const bool known = extension == ".json" || extension == ".txt" || extension == ".pkl";
        const std::string stem = (known ? path.stem() : path.filename()).string();
        if (!names_no_clip(stem)) return stem;
    }
    return "clip";
}

}  // namespace mdn
