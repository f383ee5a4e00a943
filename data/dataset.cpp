#include "data/dataset.h"

#include <algorithm>

#include "data/file.h"
#include "data/formats/dataset_format.h"
#include "data/formats/list_file.h"
#include "data/formats/numbered_files.h"
#include "data/keypoints/light_hand.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr const char* without_keypoints =
    "run OpenPose on the frames, or set \"regions\" to \"fixed\" or \"none\" in the config to do "
    "without keypoints";

/// "frame 9" or, of a clip cut from a recording, "frames 3..9".
std::string range_of(const ClipFiles& clip) {
    return "frames " + std::to_string(clip.first + 1) + ".." +
           std::to_string(clip.first + clip.count);
}

/// What `action` gives. An Error that it throws is said to be of the clip's line.
template <class Action>
auto at_line_of(const ListedClip& listed, Action action) {
    try {
        return action();
    } catch (const Error& error) {
        throw Error(listed.where + ": " + error.what(), error.hint());
    }
}

void check_frame_folder(const ListedClip& listed) {
    if (is_folder(listed.files.frames)) return;
    throw Error(listed.where + ": missing folder " + listed.files.frames.string(),
                "data/extract_frames turns videos into folders of frames");
}

void check_frames(const ListedClip& listed) {
    const ClipFiles& clip = listed.files;
    check_frame_folder(listed);
    if (!is_file(clip.frame(clip.count - 1))) {
        const std::int64_t found = count_frames(clip.frames);
        throw Error(listed.where + ": clip '" + clip.name + "' lists " +
                    (clip.first > 0 ? range_of(clip) : std::to_string(clip.count) + " frames") +
                    ", but " + clip.frames.string() + " has " + std::to_string(found) + " (" +
                    numbered("img_%05lld.jpg", found + 1) + " is missing)");
    }
}

void check_keypoints(const ListedClip& listed) {
    const ClipFiles& clip = listed.files;
    at_line_of(listed, [&] {
        if (!clip.has_keypoint_table()) {
            clip.keypoint(clip.count - 1);
        } else if (const std::int64_t rows = light_hand_rows(clip.keypoints);
                   rows < clip.first + clip.count) {
            throw Error("clip '" + clip.name + "' lists " + range_of(clip) + ", but " +
                        clip.keypoints.string() + " has " + std::to_string(rows) + " rows");
        }
    });
}

/// Of a clip that is all its folder holds.
void count_files(ListedClip& listed, ClipNeeds needs) {
    ClipFiles& clip = listed.files;
    if (needs.frames) {
        check_frame_folder(listed);
        clip.count = at_line_of(listed, [&] { return count_all_frames(clip.frames); });
    } else if (needs.keypoints) {
        if (!is_folder(clip.keypoints))
            throw Error(listed.where + ": missing keypoint folder " + clip.keypoints.string(),
                        without_keypoints);
        clip.count = at_line_of(listed, [&] { return count_all_keypoints(clip); });
    }
}

/// The last component of a folder, with or without a slash behind it.
std::string folder_name(const fs::path& folder) {
    const fs::path path = fs::absolute(folder).lexically_normal();
    return (path.has_filename() ? path : path.parent_path()).filename().string();
}

[[noreturn]] void throw_on(const Error& error) { throw error; }

void check_label(const ListedClip& clip, const DatasetFormat& format) {
    if (clip.label != unlabelled) return;
    throw Error(clip.where + ": clip '" + clip.files.name +
                    "' has no label: its list has placeholders instead",
                format.name() == "MA-52"
                    ? "predict --submission writes the file that the challenge scores"
                    : "predict --predictions writes what the model says of such clips");
}

}  // namespace

fs::path ClipFiles::frame(std::int64_t t) const {
    return frames / numbered("img_%05lld.jpg", first + t + 1);
}

namespace {

fs::path keypoint_of_image(const ClipFiles& clip, std::int64_t t) {
    return clip.keypoints / numbered("img_%05lld_keypoints.json", clip.first + t + 1);
}

fs::path keypoint_of_video(const ClipFiles& clip, std::int64_t t) {
    return clip.keypoints /
           (clip.keypoint_stem() + numbered("_%012lld_keypoints.json", clip.first + t));
}

}  // namespace

std::string ClipFiles::keypoint_stem() const {
    return folder_name(frames.empty() ? keypoints : frames);
}

bool ClipFiles::has_keypoint_table() const {
    return keypoints.extension() == ".csv" && !is_folder(keypoints);
}

bool ClipFiles::has_keypoints_of_video() const {
    return !is_file(keypoint_of_image(*this, 0)) && is_file(keypoint_of_video(*this, 0));
}

fs::path ClipFiles::keypoint(std::int64_t t) const {
    const fs::path of_image = keypoint_of_image(*this, t);
    if (is_file(of_image)) return of_image;
    const fs::path of_video = keypoint_of_video(*this, t);
    if (is_file(of_video)) return of_video;
    if (!is_folder(keypoints)) {
        throw Error("missing keypoint folder " + keypoints.string(), without_keypoints);
    }
    throw Error("clip '" + name + "' has no keypoints for frame " + std::to_string(first + t + 1) +
                    ": neither " + of_image.string() + " nor " + of_video.filename().string() +
                    " exists",
                without_keypoints);
}

void check_links(const fs::path& dataset, const ListedClip& clip, ClipNeeds needs) {
    const auto check = [&](const fs::path& part, const fs::path& path) {
        // iMiGUE's keypoints may lie beside its labels instead, in a folder that was followed then.
        const bool below =
            std::mismatch(part.begin(), part.end(), path.begin(), path.end()).first == part.end();
        const fs::path root = below ? part : path.parent_path();
        if (stays_inside(root, path)) return;
        throw Error(clip.where + ": clip '" + clip.files.name +
                        "' lies outside the dataset folder: " + path.string() +
                        " is a link that leads out of " + root.string(),
                    "link the whole of " + root.string() + " instead");
    };
    if (needs.frames) check(dataset / "frames", clip.files.frames);
    if (needs.keypoints) check(dataset / "keypoints", clip.files.keypoints);
}

void complete_clip(ListedClip& clip, ClipNeeds needs) {
    if (clip.files.count == 0) {
        count_files(clip, needs);
    } else if (needs.frames) {
        check_frames(clip);
    }
    if (needs.keypoints && clip.files.count > 0) check_keypoints(clip);
}

ClassNames read_class_names(const fs::path& dataset) {
    return open_dataset(dataset)->class_names();
}

void check_class_count(std::int64_t of_model, std::int64_t of_dataset, const fs::path& dataset) {
    if (of_model == of_dataset) return;
    const fs::path labels = dataset / "labels.txt";
    throw Error("the model has " + std::to_string(of_model) + " classes, but " +
                    (is_file(labels) ? labels.string() + " names "
                                     : "the dataset " + dataset.string() + " has ") +
                    std::to_string(of_dataset),
                "weights fit only the classes they were trained for; to train, set \"classes\": " +
                    std::to_string(of_dataset) +
                    " in the config, or leave it out to take the dataset's classes");
}

std::vector<ListedClip> read_split(const fs::path& dataset, const std::string& split,
                                   std::int64_t classes, ClipNeeds needs) {
    const auto format = open_dataset(dataset);
    std::vector<ListedClip> clips = format->list(split, classes, throw_on);
    if (clips.empty()) {
        throw Error("the " + split + " list of " + dataset.string() + " lists no clip");
    }
    for (ListedClip& clip : clips) {
        if (needs.label) check_label(clip, *format);
        check_links(dataset, clip, needs);
        complete_clip(clip, needs);
    }
    return clips;
}

ListedClip find_clip(const fs::path& dataset, const std::string& name, std::int64_t classes,
                     ClipNeeds needs) {
    const auto format = open_dataset(dataset);
    std::string unread;  // the first line that could not be taken: it may be the clip's
    for (const char* split : {"train", "val", "test"}) {
        if (!format->has(split)) continue;
        const auto note = [&](const Error& error) {
            if (unread.empty()) unread = error.what();
        };
        for (ListedClip& clip : format->list(split, classes, note)) {
            if (clip.files.name != name) continue;
            if (needs.label) check_label(clip, *format);
            check_links(dataset, clip, needs);
            complete_clip(clip, needs);
            return clip;
        }
    }
    throw Error(
        "no clip '" + name + "' in the train, val and test lists of " + dataset.string(),
        unread.empty() ? "" : "not all lines of the lists could be read; the first is " + unread);
}

std::int64_t count_frames(const fs::path& folder) { return frame_files(folder).first_missing - 1; }

}  // namespace mdn
