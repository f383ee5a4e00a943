#include "data/formats/imigue.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <utility>

#include "data/file.h"
#include "data/formats/imigue_label_files.h"
#include "data/formats/imigue_tables.h"
#include "data/formats/list_file.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr std::array<const char*, 32> class_names = {
    "turtle neck",
    "bulging face, deep breath",
    "touching hat",
    "touching or scratching head",
    "touching or scratching forehead",
    "covering face",
    "rubbing eyes",
    "touching or scratching facial parts",
    "touching ears",
    "biting nails",
    "touching jaw",
    "touching or scratching neck",
    "playing or adjusting hair",
    "buckling button, pulling shirt collar, adjusting tie",
    "touching or covering suprasternal notch",
    "scratching back",
    "folding arms",
    "dusting off clothes",
    "putting arms behind body",
    "moving torso",
    "sitting straightly",
    "scratching or touching arms",
    "rubbing or holding hands",
    "crossing fingers",
    "minaret gesture",
    "playing or manipulating objects",
    "holding back arms",
    "head up",
    "pressing lips",
    "arms akimbo",
    "shaking shoulders",
    "illustrative gesture",
};

constexpr std::array<std::int64_t, 37> training_subjects = {
    2,  4,  5,  6,  9,  10, 12, 13, 14, 15, 17, 18, 20, 21, 22, 23, 25, 28, 29,
    30, 31, 35, 36, 38, 39, 41, 42, 43, 44, 46, 47, 48, 52, 53, 59, 61, 62};

constexpr const char* table_suffix = "_light_hand.csv";

/// As clips are called after it, and folders and files of the challenge's release.
std::string video_name(std::int64_t video) { return numbered("%04lld", video); }

/// The folder of a video below `parent`: padded as in the challenge's release, or not, as in the
/// original one; the first if there is neither. Throws Error if there are both.
fs::path video_folder(const fs::path& parent, std::int64_t video) {
    const fs::path padded = parent / video_name(video), plain = parent / std::to_string(video);
    if (padded == plain || !is_folder(plain)) return padded;
    if (is_folder(padded))
        throw Error("video " + std::to_string(video) + " lies in two folders, " + padded.string() +
                        " and " + plain.string(),
                    "remove or rename one of the two");
    return plain;
}

class Imigue final : public DatasetFormat {
    fs::path dataset_;
    fs::path table_;                // labels_20200831.csv, or
    std::vector<LabelFile> files_;  // those of single videos, sorted by video
    std::vector<Error> unread_;     // what kept more of them from being found
    fs::path subjects_;             // with them, may be empty
    std::int64_t first_frame_;      // the number that rows give to a video's first frame

    bool by_subject() const { return files_.empty() || !subjects_.empty(); }
    std::vector<LabelFile> label_files(const std::string& split, const Report& report) const;
    std::vector<Gesture> gestures(const std::string& split, const Report& report) const;
    fs::path keypoints_of(std::int64_t video) const;

  public:
    Imigue(fs::path dataset, fs::path table, LabelFiles found, fs::path subjects,
           std::int64_t first_frame)
        : dataset_(std::move(dataset)),
          table_(std::move(table)),
          files_(std::move(found.files)),
          unread_(std::move(found.unread)),
          subjects_(std::move(subjects)),
          first_frame_(first_frame) {}

    std::string name() const override { return "iMiGUE"; }
    ClassNames class_names() const override { return imigue_classes(); }

    bool has(const std::string& split) const override {
        if (by_subject()) return split == "train" || split == "val" || split == "test";
        return std::any_of(files_.begin(), files_.end(),
                           [&](const LabelFile& file) { return file.split == split; });
    }

    Error without_clips(const std::string& split) const override {
        return Error("the " + split + " list of " + dataset_.string() + " lists no clip",
                     "docs/datasets.md shows where iMiGUE's labels lie");
    }

    std::string note(const std::string& split) const override {
        if (split != "val" || !by_subject()) return {};
        return "iMiGUE has no list for validation: val is the list of the test subjects, as in the "
               "literature";
    }

    std::vector<ListedClip> list(const std::string& split, std::int64_t classes,
                                 const Report& report) const override;
    std::vector<fs::path> files() const override;
};

bool belongs(std::int64_t subject, const std::string& split) {
    return is_imigue_training_subject(subject) == (split == "train");
}

/// The files whose rows are the split's, one a video.
std::vector<LabelFile> Imigue::label_files(const std::string& split, const Report& report) const {
    std::map<std::int64_t, std::int64_t> subject_of_video;
    if (by_subject()) subject_of_video = read_subjects(subjects_, report);
    std::vector<LabelFile> files;
    for (const LabelFile& file : files_) {
        // Of the test split, where labels are not given: nothing to train on or test with.
        if (by_subject() && file.split == "test" && lacks_labels(file.path)) continue;
        if (!by_subject() && file.split != split) continue;
        if (by_subject() && !subject_of_video.contains(file.video)) {
            report(Error(file.path.string() + ": video " + std::to_string(file.video) +
                         " is not in " + subjects_.string()));
            continue;
        }
        if (by_subject() && !belongs(subject_of_video[file.video], split)) continue;
        if (!files.empty() && files.back().video == file.video) {
            report(Error(file.path.string() + ": video " + std::to_string(file.video) +
                             " has its labels in " + files.back().path.string() + " already",
                         "remove one of the two, or the link that leads to it"));
            continue;
        }
        files.push_back(file);
    }
    return files;
}

std::vector<Gesture> Imigue::gestures(const std::string& split, const Report& report) const {
    if (files_.empty()) {
        const auto wanted = [&](std::int64_t subject) { return belongs(subject, split); };
        return read_label_table(table_, wanted, first_frame_, report);
    }
    std::vector<Gesture> all;
    for (const LabelFile& file : label_files(split, report)) {
        std::vector<Gesture> of_file =
            read_label_file(file.path, file.video, file.split == "test", first_frame_, report);
        std::move(of_file.begin(), of_file.end(), std::back_inserter(all));
    }
    return all;
}

fs::path Imigue::keypoints_of(std::int64_t video) const {
    const std::string table = video_name(video) + table_suffix;
    const fs::path folder = video_folder(dataset_ / "keypoints", video);
    for (const fs::path& file : {dataset_ / "keypoints" / table, folder / table})
        if (is_file(file)) return file;
    if (is_folder(folder)) return folder;
    const fs::path published = video_folder(dataset_ / "Data" / "skeleton" / "raw", video);
    if (is_folder(published)) return published;
    for (const LabelFile& label_file : files_) {
        const fs::path file = label_file.path.parent_path() / table;
        if (label_file.video == video && is_file(file)) return file;
    }
    return folder;
}

std::vector<ListedClip> Imigue::list(const std::string& split, std::int64_t classes,
                                     const Report& report) const {
    for (const Error& error : unread_) report(error);
    if (!has(split)) {
        throw Error(dataset_.string() + " has no " + split +
                        " split: no *_label.csv lies below a "
                        "folder named after it",
                    split == "val" ? "train does without it (--val test, --val none), and eval "
                                     "takes another list (--split test)"
                                   : "the folder's name must hold the word " + split);
    }
    struct Place {
        fs::path frames, keypoints;
    };
    std::map<std::int64_t, Place> places;
    std::map<std::string, int> times;  // a name was given
    std::vector<ListedClip> clips;
    for (const Gesture& gesture : gestures(split, report)) {
        if (gesture.label >= classes) {
            report(Error(gesture.where + ": class " + std::to_string(gesture.label) +
                         " is outside 0.." + std::to_string(classes - 1)));
            continue;
        }
        auto place = places.find(gesture.video);
        if (place == places.end()) {
            Place found;
            try {
                found = {.frames = video_folder(dataset_ / "frames", gesture.video),
                         .keypoints = keypoints_of(gesture.video)};
            } catch (const Error& error) {
                report(Error(gesture.where + ": " + error.what(), error.hint()));
                continue;
            }
            place = places.emplace(gesture.video, std::move(found)).first;
        }
        ListedClip clip;
        clip.files = {.name = video_name(gesture.video) + numbered("_%05lld", gesture.start) +
                              numbered("_%05lld", gesture.end),
                      .frames = place->second.frames,
                      .keypoints = place->second.keypoints,
                      .count = gesture.end - gesture.start + 1,
                      .first = gesture.start - first_frame_};
        if (const int time = ++times[clip.files.name]; time > 1)
            clip.files.name.append("_").append(std::to_string(time));
        clip.label = gesture.label;
        clip.where = gesture.where;
        clip.is_part = true;
        clips.push_back(std::move(clip));
    }
    return clips;
}

std::vector<fs::path> Imigue::files() const {
    std::vector<fs::path> files;
    for (const fs::path& file : {table_, subjects_})
        if (!file.empty()) files.push_back(file);
    for (const LabelFile& file : files_) {
        files.push_back(file.path);
        const fs::path table = file.path.parent_path() / (video_name(file.video) + table_suffix);
        if (is_file(table)) files.push_back(table);
    }
    return files;
}

}  // namespace

ClassNames imigue_classes() {
    return {.names = {class_names.begin(), class_names.end()}, .body_names = {}, .body_of = {}};
}

bool is_imigue_training_subject(std::int64_t subject) {
    return std::find(training_subjects.begin(), training_subjects.end(), subject) !=
           training_subjects.end();
}

std::unique_ptr<const DatasetFormat> open_imigue(const fs::path& dataset,
                                                 std::optional<std::int64_t> first_frame) {
    for (const char* folder : {"", "Label"}) {
        const fs::path table = dataset / folder / "labels_20200831.csv";
        if (is_file(table))
            return std::make_unique<Imigue>(dataset, table, LabelFiles(), fs::path(),
                                            first_frame.value_or(0));
    }
    LabelFiles found = find_label_files(dataset);
    if (found.files.empty() && !found.unread.empty()) throw found.unread.front();
    if (found.files.empty()) return nullptr;
    const fs::path subjects_file = dataset / "subjects.csv";
    return std::make_unique<Imigue>(dataset, fs::path(), std::move(found),
                                    is_file(subjects_file) ? subjects_file : fs::path(),
                                    first_frame.value_or(1));
}

}  // namespace mdn
