#include "data/formats/clip_warnings.h"

#include <set>
#include <string_view>

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view keypoints_suffix = "_keypoints.json";

/// A file of a folder, an image if there is one; empty where there is none.
std::string example_of(const std::set<std::string>& files) {
    for (const std::string& file : files)
        if (is_image_name(file)) return file;
    return files.empty() ? "" : *files.begin();
}

}  // namespace

void ClipWarnings::add(const std::string& kind, const std::string& text) {
    constexpr std::int64_t told = 10;
    if (++untold_.try_emplace(kind, -told).first->second <= 0) warn_(text);
}

void ClipWarnings::close() {
    for (const auto& [kind, count] : untold_)
        if (count > 0) warn_(std::to_string(count) + " more folders " + kind);
}

void ClipWarnings::cannot_be_read(const fs::path& folder, const std::string& reason) {
    add("cannot be read: left out", folder.string() + " cannot be read: " + reason + ": left out");
}

void ClipWarnings::leads_out(const fs::path& link) {
    std::error_code failure;
    add("are links that lead out of " + root_.string() + ": left out",
        link.string() + " is a link that leads out of " + root_.string() +
            ": left out; put the folder itself or a copy of it in its place, or an empty folder "
            "on which the other is mounted (mount --bind " +
            fs::canonical(link, failure).string() + " " + link.string() + ")");
}

void ClipWarnings::lies_too_deep(const fs::path& folder, int deepest) {
    const std::string depth = std::to_string(deepest);
    add("lie too deep to be looked into: left out",
        folder.string() + " lies " + depth +
            " folders deep and holds more folders: left out; a clip lies at most " + depth +
            " folders below " + root_.string());
}

void ClipWarnings::wrong_numbers(const ClipFiles& clip, const NumberedFiles& files) {
    const std::string gap = "have a gap in their numbers: left out";
    // In keypoint files' names a number of a video's frames may stand, or one of an image.
    if (!of_frames_)
        return add(gap, clip.keypoints.string() + " has a gap in its numbers, frame " +
                            std::to_string(files.first_missing) +
                            " has no keypoint file, and the last is that of frame " +
                            std::to_string(files.last) +
                            ": left out; let the estimator read the clip again, or number the "
                            "files anew");
    const auto name = [&](std::int64_t frame) { return clip.names.at(frame - 1); };
    const std::string folder = clip.frames.string(),
                      anew =
                          "number its frames anew: img_00001.jpg, img_00002.jpg, ... (and "
                          "keypoint files that are named after them)";
    if (files.first > 1)
        add("begin with a number other than 0 and 1: left out",
            folder + " holds " + name(files.first) +
                (files.count > 1 ? " to " + name(files.last) : "") +
                ", but frames count from 0 or 1: left out; " + anew);
    else
        add(gap, folder + " has a gap in its numbers, " + name(files.first_missing) +
                     " is missing, and the last is " + name(files.last) +
                     ": left out; extract its video again, or " + anew);
}

void ClipWarnings::several_names(const Error& error) {
    // The option that the hint names is for all clips, and this may be the only odd one.
    const std::string hint =
        of_frames_ ? "leave those of one name there, and move the others away; if all clips are "
                     "like this one, " +
                         error.hint() + ", which leaves out the clips that have other names"
                   : error.hint();
    add("hold files under several names: left out",
        std::string(error.what()) + ": left out; " + hint);
}

void ClipWarnings::no_clip_files(const fs::path& folder, const FolderEntries& entries) {
    const std::string example = example_of(entries.files),
                      there = example.empty() ? "" : ", but " + example;
    if (!of_frames_)
        add("hold no keypoint files: left out",
            folder.string() + " holds no keypoint files (img_00001_keypoints.json, ...)" + there +
                ": left out");
    else if (frame_names_)
        add("hold no frames called " + frame_names_->text() + ": left out",
            folder.string() + " holds no frames called " + frame_names_->text() + there +
                ": left out; --frame-template says what frames are called");
    else
        add("hold no frames: left out", folder.string() +
                                            " holds no frames (img_00001.jpg, 00001.png, ...)" +
                                            there + ": left out");
}

void ClipWarnings::without_keypoints(const ClipFolders::Clip& clip, const fs::path& keypoints,
                                     std::int64_t found) {
    std::error_code missing;
    const bool is_there = fs::status(keypoints, missing).type() != fs::file_type::not_found;
    const std::string reason = read_folder(keypoints).failure;
    add("do not have a keypoint file for every frame: left out",
        (root_ / clip.name).string() + " does not have a keypoint file for every frame (" +
            keypoints.string() +
            (!is_there         ? " is missing"
             : !reason.empty() ? " cannot be read: " + reason
                               : " holds " + std::to_string(found) + " for " +
                                     std::to_string(clip.count) + " frames") +
            "): left out");
}

void ClipWarnings::files_beside_clips(const fs::path& folder, const FolderEntries& entries) {
    const auto counts = [&](const std::string& file) {
        if (!of_frames_) return file.ends_with(keypoints_suffix);
        return is_image_name(file) ||
               (frame_names_ && number_in(file, frame_names_->before, frame_names_->digits,
                                          frame_names_->after) >= 0);
    };
    std::string first;
    std::int64_t count = 0;
    for (const std::string& file : entries.files)
        if (counts(file) && count++ == 0) first = file;
    if (count == 0) return;  // folders have the names of images
    const std::string what = of_frames_ ? "image" : "keypoint file", kind = what + "s";
    const std::string path = folder.string();
    add("hold " + kind + " beside their folders: the " + kind + " are passed over",
        count == 1 ? path + " holds " + first + " beside folders of clips: the " + what +
                         " is passed over; move it away if it belongs to no clip"
                   : path + " holds " + std::to_string(count) + " " + kind + ", such as " + first +
                         ", beside folders of clips: the " + kind +
                         " are passed over; move them away if they belong to no clip; if they are "
                         "one, give it a folder of its own");
}

void ClipWarnings::hidden_clips(const fs::path& clip, const std::string& file, std::int64_t count,
                                const fs::path& example) {
    const std::string path = clip.string();
    const bool one = count == 1;
    add("are clips with other clips below them, which are not listed",
        path + " is a clip, because it holds " + file + "; " +
            (one ? "a clip below it, " : std::to_string(count) + " clips below it, such as ") +
            example.string() + (one ? ", is" : ", are") + " not listed. If " +
            (one ? "that is the clip" : "those are the clips") + ", move the files out of " + path +
            "; if not, move the folders below it out of " + root_.string());
}

void ClipWarnings::shared_keypoints(const fs::path& one, const fs::path& other) {
    add("share their keypoints with another clip",
        one.string() + " and " + other.string() +
            " are the same folder: one of the two clips has the keypoints of the other; give each "
            "clip its own");
}

}  // namespace mdn
