#include "data/imigue.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "data/file.h"
#include "data/list_file.h"
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

constexpr std::int64_t subjects = 72;
constexpr std::array<std::int64_t, 37> training_subjects = {
    2,  4,  5,  6,  9,  10, 12, 13, 14, 15, 17, 18, 20, 21, 22, 23, 25, 28, 29,
    30, 31, 35, 36, 38, 39, 41, 42, 43, 44, 46, 47, 48, 52, 53, 59, 61, 62};

/// One row, whichever file it is from.
struct Gesture {
    std::int64_t video = 0, label = 0, start = 0, end = 0;
    std::string where;
};

std::int64_t class_of(const std::string& text, bool may_be_missing, const std::string& where) {
    const std::int64_t id = parse_integer(text, "class", where);
    if (id == 0 && may_be_missing) return unlabelled;
    if (id == 99) return 31;
    if (id < 1 || id > 31) throw Error(where + ": class " + text + " is neither in 1..31 nor 99");
    return id - 1;
}

std::int64_t subject_of(const std::string& text, const std::string& where) {
    const std::int64_t subject = parse_integer(text, "subject_id", where);
    if (subject < 1 || subject > subjects)
        throw Error(where + ": subject " + text + " is outside 1.." + std::to_string(subjects));
    return subject;
}

std::int64_t video_of(const std::string& text, const std::string& where) {
    const std::int64_t video = parse_integer(text, "video_id", where);
    if (video < 1) throw Error(where + ": video_id " + text + " is below 1");
    return video;
}

void set_range(Gesture& gesture, const std::string& start, const std::string& end) {
    gesture.start = parse_integer(start, "start frame", gesture.where);
    gesture.end = parse_integer(end, "end frame", gesture.where);
    if (gesture.start < 1)
        throw Error(gesture.where + ": start frame " + start + ": frames count from 1");
    if (gesture.start > gesture.end)
        throw Error(gesture.where + ": start frame " + start + " lies behind end frame " + end);
}

/// Rows of a CSV file with a header, given to `take` as (field by column name, where). Throws Error
/// if a column is missing; what `take` throws goes to `report`.
template <class Take>
void read_table(const fs::path& file, const std::vector<std::string>& wanted, const Report& report,
                Take take) {
    LineReader lines(file);
    std::map<std::string, std::size_t> column;
    std::size_t width = 0;
    for (std::string line; lines.next(line);) {
        const std::string where = lines.where();
        if (width == 0) {
            const std::vector<std::string> header = split_csv(line, where);
            width = header.size();
            for (std::size_t c = 0; c < width; ++c) column.emplace(header[c], c);
            for (const std::string& name : wanted)
                if (!column.contains(name))
                    throw Error(where + ": the header names no column " + name);
            continue;
        }
        try {
            const std::vector<std::string> fields = split_csv(line, where);
            if (fields.size() != width)
                throw Error(where + ": " + std::to_string(fields.size()) +
                            " fields, but the header names " + std::to_string(width) + " columns");
            take([&](const char* name) -> const std::string& { return fields[column.at(name)]; },
                 where);
        } catch (const Error& error) {
            report(error);
        }
    }
    if (width == 0) throw Error(file.string() + " is empty");
}

/// "validate", "imigue_skeleton_validate", "validation_data": val; nothing for "0001".
std::optional<std::string> split_named(const std::string& folder) {
    for (const std::string& word : split_at(folder, '_')) {
        if (word == "train" || word == "test") return word;
        if (word == "val" || word == "valid" || word == "validate" || word == "validation")
            return "val";
    }
    return std::nullopt;
}

/// A file VIDEO_label.csv.
struct LabelFile {
    fs::path path;
    std::int64_t video = 0;
    std::string split;  // empty where no folder's name tells
};

constexpr const char* label_suffix = "_label.csv";

struct LabelFiles {
    std::vector<LabelFile> files;
    std::vector<Error> unread;  // of folders in which more may lie
};

/// Whether a failure to look at something leaves open what is there; a link that leads nowhere does
/// not.
bool hides_something(const std::error_code& failure) {
    return failure && failure != std::errc::no_such_file_or_directory &&
           failure != std::errc::not_a_directory &&
           failure != std::errc::too_many_symbolic_link_levels;
}

/// Adds the label files below a folder. `depth` counts from the dataset's folder, which is 0;
/// `split` is what the folders above tell.
void find_label_files(const fs::path& folder, int depth, const std::string& split,
                      LabelFiles& found) {
    const auto note = [&](const fs::path& path, const std::error_code& failure) {
        if (hides_something(failure))
            found.unread.emplace_back("cannot read " + path.string() + ": " + failure.message(),
                                      "files *_label.csv are looked for in it");
    };
    std::error_code failure;
    fs::directory_iterator walk(folder, failure);
    for (; !failure && walk != fs::directory_iterator(); walk.increment(failure)) {
        const fs::path& path = walk->path();
        const std::string name = path.filename().string();
        // Millions of files may lie in the first two, none of them a list; the last is a disk's own
        // and nobody's to read.
        if (depth == 0 && (name == "frames" || name == "keypoints" || name == "lost+found"))
            continue;
        std::error_code unseen;
        if (walk->is_directory(unseen)) {
            if (depth < 4)
                find_label_files(path, depth + 1, split_named(name).value_or(split), found);
            continue;
        }
        note(path, unseen);
        if (unseen || !name.ends_with(label_suffix)) continue;
        const std::string number = name.substr(0, name.size() - std::string(label_suffix).size());
        if (number.size() < 4 || number.find_first_not_of("0123456789") != std::string::npos)
            continue;
        const fs::file_status status = fs::status(path, unseen);
        note(path, unseen);
        if (fs::is_regular_file(status))
            found.files.push_back({path, video_of(number, path.string()), split});
    }
    note(folder, failure);
}

LabelFiles find_label_files(const fs::path& dataset) {
    LabelFiles found;
    find_label_files(dataset, 0, "", found);
    std::sort(found.files.begin(), found.files.end(), [](const LabelFile& a, const LabelFile& b) {
        return std::pair(a.video, a.path) < std::pair(b.video, b.path);
    });
    return found;
}

/// Whether the file stands for labels that are not given: one of the test split without any class
/// but 0.
bool is_unlabelled(const LabelFile& file) {
    if (file.split != "test") return false;
    LineReader lines(file.path);
    for (std::string line; lines.next(line);) {
        try {
            const std::string where = lines.where();
            if (parse_integer(split_csv(line, where).front(), "class", where) != 0) return false;
        } catch (const Error&) {
            return false;  // for the reader of the rows to say
        }
    }
    return true;
}

class Imigue final : public DatasetFormat {
    fs::path dataset_;
    fs::path table_;                // labels_20200831.csv, or
    std::vector<LabelFile> files_;  // those of single videos, sorted by video
    std::vector<Error> unread_;     // what kept more of them from being found
    fs::path subjects_;             // with them, may be empty

    bool by_subject() const { return files_.empty() || !subjects_.empty(); }
    std::vector<LabelFile> label_files(const std::string& split, const Report& report) const;
    std::vector<Gesture> read_label_table(const std::string& split, const Report& report) const;
    std::vector<Gesture> read_label_files(const std::string& split, const Report& report) const;
    fs::path keypoints_of(const std::string& video, std::int64_t number) const;

  public:
    Imigue(fs::path dataset, fs::path table, LabelFiles found, fs::path subjects)
        : dataset_(std::move(dataset)),
          table_(std::move(table)),
          files_(std::move(found.files)),
          unread_(std::move(found.unread)),
          subjects_(std::move(subjects)) {}

    std::string name() const override { return "iMiGUE"; }
    ClassNames class_names() const override { return imigue_classes(); }
    bool cuts_recordings() const override { return true; }

    bool has(const std::string& split) const override {
        if (by_subject()) return split == "train" || split == "val" || split == "test";
        return std::any_of(files_.begin(), files_.end(),
                           [&](const LabelFile& file) { return file.split == split; });
    }

    std::string note(const std::string& split) const override {
        if (split != "val" || !by_subject()) return {};
        return "iMiGUE has no list for validation: val is the list of the test subjects, as in the "
               "literature";
    }

    std::vector<ListedClip> list(const std::string& split, std::int64_t classes,
                                 const Report& report) const override;
};

bool belongs(std::int64_t subject, const std::string& split) {
    return is_imigue_training_subject(subject) == (split == "train");
}

std::vector<Gesture> Imigue::read_label_table(const std::string& split,
                                              const Report& report) const {
    std::vector<Gesture> gestures;
    read_table(table_, {"video_id", "class", "start_frame", "end_frame", "subject_id"}, report,
               [&](auto field, const std::string& where) {
                   const std::int64_t subject = subject_of(field("subject_id"), where);
                   if (!belongs(subject, split)) return;
                   Gesture gesture{.video = video_of(field("video_id"), where),
                                   .label = class_of(field("class"), false, where),
                                   .where = where};
                   set_range(gesture, field("start_frame"), field("end_frame"));
                   gestures.push_back(std::move(gesture));
               });
    return gestures;
}

/// The files whose rows are the split's, one a video.
std::vector<LabelFile> Imigue::label_files(const std::string& split, const Report& report) const {
    std::map<std::int64_t, std::int64_t> subject_of_video;
    if (by_subject()) {
        read_table(subjects_, {"video_id", "subject_id"}, report,
                   [&](auto field, const std::string& where) {
                       subject_of_video[video_of(field("video_id"), where)] =
                           subject_of(field("subject_id"), where);
                   });
    }
    std::vector<LabelFile> files;
    for (const LabelFile& file : files_) {
        if (by_subject() ? is_unlabelled(file) : file.split != split) continue;
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

std::vector<Gesture> Imigue::read_label_files(const std::string& split,
                                              const Report& report) const {
    std::vector<Gesture> gestures;
    for (const LabelFile& file : label_files(split, report)) {
        LineReader lines(file.path);
        for (std::string line; lines.next(line);) {
            const std::string where = lines.where();
            try {
                const std::vector<std::string> fields = split_csv(line, where);
                if (fields.size() != 3)
                    throw Error(where + ": '" + line + "' is not of the form class,start,end");
                Gesture gesture{.video = file.video,
                                .label = class_of(fields[0], file.split == "test", where),
                                .where = where};
                set_range(gesture, fields[1], fields[2]);
                gestures.push_back(std::move(gesture));
            } catch (const Error& error) {
                report(error);
            }
        }
    }
    return gestures;
}

fs::path Imigue::keypoints_of(const std::string& video, std::int64_t number) const {
    const std::string table = video + "_light_hand.csv";
    const fs::path folder = dataset_ / "keypoints" / video;
    for (const fs::path& file : {dataset_ / "keypoints" / table, folder / table})
        if (is_file(file)) return file;
    if (is_folder(folder)) return folder;
    for (const LabelFile& label_file : files_) {
        const fs::path file = label_file.path.parent_path() / table;
        if (label_file.video == number && is_file(file)) return file;
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
                    split == "val" ? "validate on another list with --val test, or on none with "
                                     "--val none"
                                   : "the folder's name must hold the word " + split);
    }
    struct Place {
        std::string video;
        fs::path keypoints;
    };
    std::map<std::int64_t, Place> places;
    std::map<std::string, int> times;  // a name was given
    std::vector<ListedClip> clips;
    const std::vector<Gesture> gestures =
        files_.empty() ? read_label_table(split, report) : read_label_files(split, report);
    for (const Gesture& gesture : gestures) {
        if (gesture.label >= classes) {
            report(Error(gesture.where + ": class " + std::to_string(gesture.label) +
                         " is outside 0.." + std::to_string(classes - 1)));
            continue;
        }
        auto place = places.find(gesture.video);
        if (place == places.end()) {
            const std::string video = numbered("%04lld", gesture.video);
            place = places.emplace(gesture.video, Place{video, keypoints_of(video, gesture.video)})
                        .first;
        }
        ListedClip clip;
        clip.files = {.name = place->second.video + numbered("_%05lld", gesture.start) +
                              numbered("_%05lld", gesture.end),
                      .frames = dataset_ / "frames" / place->second.video,
                      .keypoints = place->second.keypoints,
                      .count = gesture.end - gesture.start + 1,
                      .first = gesture.start - 1};
        if (const int time = ++times[clip.files.name]; time > 1)
            clip.files.name.append("_").append(std::to_string(time));
        clip.label = gesture.label;
        clip.where = gesture.where;
        clips.push_back(std::move(clip));
    }
    return clips;
}

}  // namespace

ClassNames imigue_classes() {
    return {.names = {class_names.begin(), class_names.end()}, .body_names = {}, .body_of = {}};
}

bool is_imigue_training_subject(std::int64_t subject) {
    return std::find(training_subjects.begin(), training_subjects.end(), subject) !=
           training_subjects.end();
}

std::unique_ptr<const DatasetFormat> open_imigue(const fs::path& dataset) {
    for (const char* folder : {"", "Label"}) {
        const fs::path table = dataset / folder / "labels_20200831.csv";
        if (is_file(table))
            return std::make_unique<Imigue>(dataset, table, LabelFiles(), fs::path());
    }
    LabelFiles found = find_label_files(dataset);
    if (found.files.empty() && !found.unread.empty()) throw found.unread.front();
    if (found.files.empty()) return nullptr;
    const fs::path subjects_file = dataset / "subjects.csv";
    return std::make_unique<Imigue>(dataset, fs::path(), std::move(found),
                                    is_file(subjects_file) ? subjects_file : fs::path());
}

}  // namespace mdn
