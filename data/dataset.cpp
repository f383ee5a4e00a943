#include "data/dataset.h"

#include <algorithm>

#include "data/file.h"
#include "data/formats/dataset_format.h"
#include "data/formats/list_file.h"
#include "data/formats/numbered_files.h"
#include "data/keypoints/light_hand.h"
#include "engine/error.h"
#include "engine/nearest_name.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr const char* without_keypoints_hint =
    "run OpenPose on the frames, or set \"regions\" to \"fixed\" or \"none\" in the config to do "
    "without keypoints";

constexpr const char* keypoints_suffix = "_keypoints.json";

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

void check_frames(const ListedClip& listed, const DatasetOptions& options) {
    const ClipFiles& clip = listed.files;
    if (!is_file(clip.frame(clip.count - 1))) {
        const std::int64_t found = count_frames(clip.frames, clip.names);
        throw Error(listed.where + ": clip '" + clip.name + "' lists " +
                        (clip.first > 0 ? range_of(clip) : std::to_string(clip.count) + " frames") +
                        ", but " + clip.frames.string() + " has " + std::to_string(found) + " (" +
                        clip.names.at(found) + " is missing)",
                    options.frame_names
                        ? "--frame-template auto finds how the frames of each folder are called"
                    : found == 0 ? "frames are JPEG or PNG files that count from 0 or 1; of those "
                                   "that begin later, a list says how "
                                   "many come before: CLIP_DIR OFFSET NUM_FRAMES LABEL"
                                 : "");
    }
}

/// Keypoints that were named after images with other numbers than the frames have: nothing says
/// which belong together.
void check_numbering(const ClipFiles& clip) {
    const auto file_of = [&](FrameNames names, std::int64_t number) {
        names.first = number;
        return clip.keypoints / (names.stem_at(0) + keypoints_suffix);
    };
    const auto fail = [&](const fs::path& file, const char* frames, const char* keypoints) {
        throw Error("the frames of clip '" + clip.name + "' count from " + frames + " (" +
                        clip.names.at(0) + "), but its keypoints from " + keypoints + " (" +
                        file.string() + ")",
                    "rename one of the two, so that a frame and its keypoints have the same "
                    "number; a file that does not belong there may be in the way");
    };
    if (clip.names.first == 0) {
        const fs::path file = file_of(clip.names, 1);
        if (!is_file(file_of(clip.names, 0)) && is_file(file)) fail(file, "0", "1");
        return;
    }
    for (const FrameNames& names : {clip.names, FrameNames()})
        if (const fs::path file = file_of(names, 0); is_file(file)) fail(file, "1", "0");
}

/// How many frames before the clip's end its keypoints end; more than most_without_keypoints()
/// where it is more.
std::int64_t missing_at_end(const ClipFiles& clip) {
    if (clip.has_keypoint_table()) {
        const std::int64_t rows = light_hand_rows(clip.keypoints);
        return std::max<std::int64_t>(0, clip.first + clip.count - rows);
    }
    std::int64_t missing = 0;
    while (missing <= most_without_keypoints(clip.count) && missing < clip.count &&
           clip.find_keypoint(clip.count - 1 - missing).empty())
        ++missing;
    // What follows a hole is no end.
    return missing > 0 && !clip.find_keypoint(clip.count).empty() ? clip.count : missing;
}

void check_keypoints(ListedClip& listed) {
    ClipFiles& clip = listed.files;
    at_line_of(listed, [&] {
        if (!clip.has_keypoint_table()) check_numbering(clip);
        const std::int64_t missing = missing_at_end(clip);
        if (missing <= most_without_keypoints(clip.count)) {
            clip.without_keypoints = missing;
        } else if (clip.has_keypoint_table()) {
            throw Error("clip '" + clip.name + "' lists " + range_of(clip) + ", but " +
                        clip.keypoints.string() + " has " +
                        std::to_string(clip.first + clip.count - missing) + " rows");
        } else {
            clip.keypoint(clip.count - 1);  // throws
        }
    });
}

/// Frames that are not needed may be there all the same, and say what keypoints are named after.
std::optional<FrameNames> names_of_unneeded_frames(const ClipFiles& clip,
                                                   const DatasetOptions& options) {
    try {
        return find_frame_names(clip.frames, options.frame_names);
    } catch (const Error&) {
        return std::nullopt;
    }
}

/// How a clip's frames are called: from the frames themselves, or from keypoints that were named
/// after them.
void find_names(ListedClip& listed, ClipNeeds needs, const DatasetOptions& options) {
    ClipFiles& clip = listed.files;
    at_line_of(listed, [&] {
        if (needs.frames) {
            clip.names = find_frame_names(clip.frames, options.frame_names)
                             .value_or(options.frame_names.value_or(FrameNames()));
        } else if (const auto names = names_of_unneeded_frames(clip, options)) {
            clip.names = *names;
        } else if (needs.keypoints && !clip.has_keypoint_table() && clip.find_keypoint(0).empty()) {
            clip.names = options.frame_names.value_or(
                find_frame_names_of_keypoints(clip.keypoints).value_or(clip.names));
        }
    });
}

/// Of a clip that is all its folder holds.
void count_files(ListedClip& listed, ClipNeeds needs) {
    ClipFiles& clip = listed.files;
    if (needs.frames) {
        clip.count = at_line_of(listed, [&] { return count_all_frames(clip.frames, clip.names); });
    } else if (needs.keypoints) {
        if (!is_folder(clip.keypoints))
            throw Error(listed.where + ": missing keypoint folder " + clip.keypoints.string(),
                        missing_keypoints_hint(clip));
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

ClipFiles ClipFiles::part(std::int64_t from, std::int64_t length) const {
    ClipFiles files = *this;
    files.first = first + from;
    files.count = length;
    const std::int64_t with_keypoints = count - without_keypoints;
    files.without_keypoints = std::clamp<std::int64_t>(from + length - with_keypoints, 0, length);
    return files;
}

fs::path ClipFiles::frame(std::int64_t t) const { return frames / names.at(first + t); }

std::vector<std::string> ClipFiles::video_stems() const {
    std::vector<std::string> stems;
    for (const fs::path& folder : {frames, keypoints})
        if (!folder.empty())
            if (const std::string name = folder_name(folder); stems.empty() || stems[0] != name)
                stems.push_back(name);
    return stems;
}

bool ClipFiles::has_keypoint_table() const {
    return keypoints.extension() == ".csv" && !is_folder(keypoints);
}

fs::path ClipFiles::keypoint_of_image(std::int64_t t) const {
    const fs::path file = keypoints / (names.stem_at(first + t) + keypoints_suffix);
    const FrameNames usual;
    // The usual names count from 1: beside frames from 0 they would be one frame off.
    if (is_file(file) || names == usual || names.first != usual.first) return file;
    const fs::path other = keypoints / (usual.stem_at(first + t) + keypoints_suffix);
    return is_file(other) ? other : file;
}

fs::path ClipFiles::keypoint_of_video(std::int64_t t) const {
    fs::path first_choice;
    for (const std::string& stem : video_stems()) {
        const fs::path file =
            keypoints / (stem + numbered("_%012lld", first + t) + keypoints_suffix);
        if (is_file(file)) return file;
        if (first_choice.empty()) first_choice = file;
    }
    return first_choice;
}

bool ClipFiles::has_keypoints_of_video() const {
    return !is_file(keypoint_of_image(0)) && is_file(keypoint_of_video(0));
}

fs::path ClipFiles::find_keypoint(std::int64_t t) const {
    for (const fs::path& file : {keypoint_of_image(t), keypoint_of_video(t)})
        if (is_file(file)) return file;
    return {};
}

namespace {

/// Files of a folder, as an example of them shows.
struct Examples {
    std::string first;  // by name; empty where there is none
    std::int64_t count = 0;

    void add(const std::string& name) {
        if (count++ == 0 || name < first) first = name;
    }
};

/// What to do where there is no keypoint file of a name that is looked for, but one that another
/// program may have written.
std::string convert_hint(const std::string& what) {
    return what +
           ". If a pose estimator wrote that, move it out of keypoints/: microdualnet keypoints "
           "SOURCE --out DATASET writes keypoint files of the right names from it";
}

/// A file beside the folder that is missing, named after it: keypoints/walk.json.
std::string missing_folder_hint(const fs::path& folder) {
    for (const char* extension : {".json", ".pkl", ".txt", "_keypoints.json"}) {
        fs::path file = folder;
        file += extension;
        if (is_file(file)) return convert_hint("there is a file " + file.string());
    }
    return without_keypoints_hint;
}

}  // namespace

std::string missing_keypoints_hint(const ClipFiles& clip) {
    if (!is_folder(clip.keypoints)) return missing_folder_hint(clip.keypoints);
    if (keypoint_files(clip).count > 0) return without_keypoints_hint;
    std::error_code failure;
    Examples named_otherwise, of_others;
    for (const fs::directory_entry& entry : fs::directory_iterator(clip.keypoints, failure)) {
        const std::string name = entry.path().filename().string();
        const std::string extension = entry.path().extension().string();
        if (name.ends_with(keypoints_suffix))
            named_otherwise.add(name);
        else if (extension == ".json" || extension == ".txt" || extension == ".pkl")
            of_others.add(name);
    }
    if (named_otherwise.count > 0)
        return "the files there are called " + named_otherwise.first +
               " and so on: they must be named after the frames, or after the clip's folder";
    if (of_others.count > 0)
        return convert_hint(
            clip.keypoints.string() + " holds " +
            (of_others.count == 1 ? "" : std::to_string(of_others.count) + " files such as ") +
            of_others.first);
    return without_keypoints_hint;
}

fs::path ClipFiles::keypoint(std::int64_t t) const {
    const fs::path of_image = keypoint_of_image(t);
    if (is_file(of_image)) return of_image;
    const fs::path of_video = keypoint_of_video(t);
    if (is_file(of_video)) return of_video;
    if (!is_folder(keypoints)) {
        throw Error("missing keypoint folder " + keypoints.string(), missing_keypoints_hint(*this));
    }
    throw Error("clip '" + name + "' has no keypoints for frame " + std::to_string(first + t + 1) +
                    ": neither " + of_image.string() + " nor " + of_video.filename().string() +
                    " exists",
                missing_keypoints_hint(*this));
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

void complete_clip(ListedClip& clip, ClipNeeds needs, const DatasetOptions& options) {
    if (needs.frames) check_frame_folder(clip);
    find_names(clip, needs, options);
    if (clip.files.count == 0) {
        count_files(clip, needs);
    } else if (needs.frames) {
        check_frames(clip, options);
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
                                   std::int64_t classes, ClipNeeds needs,
                                   const DatasetOptions& options) {
    const auto format = open_dataset(dataset, options);
    std::vector<ListedClip> clips = format->list(split, classes, throw_on);
    if (clips.empty()) throw format->without_clips(split);
    for (ListedClip& clip : clips) {
        if (needs.label) check_label(clip, *format);
        check_links(dataset, clip, needs);
        complete_clip(clip, needs, options);
    }
    return clips;
}

ListedClip find_clip(const fs::path& dataset, const std::string& name, std::int64_t classes,
                     ClipNeeds needs, const DatasetOptions& options) {
    const auto format = open_dataset(dataset, options);
    std::string unread;  // the first line that could not be taken: it may be the clip's
    std::vector<std::string> known;
    for (const char* split : {"train", "val", "test"}) {
        if (!format->has(split)) continue;
        const auto note = [&](const Error& error) {
            if (unread.empty()) unread = error.what();
        };
        for (ListedClip& clip : format->list(split, classes, note)) {
            if (clip.files.name != name) {
                known.push_back(clip.files.name);
                continue;
            }
            if (needs.label) check_label(clip, *format);
            check_links(dataset, clip, needs);
            complete_clip(clip, needs, options);
            return clip;
        }
    }
    const std::string example =
        known.empty() ? "" : "a clip there is called '" + known.front() + "'";
    throw Error(
        "no clip '" + name + "' in the train, val and test lists of " + dataset.string(),
        did_you_mean(name, known,
                     unread.empty()
                         ? example
                         : "not all lines of the lists could be read; the first is " + unread));
}

std::int64_t count_frames(const fs::path& folder, const FrameNames& names) {
    return frame_files(folder, names).first_missing - 1;
}

}  // namespace mdn
