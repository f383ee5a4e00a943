#include "data/dataset.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <unordered_map>

#include "data/file.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

/// "DIR/train.txt:3", for messages.
std::string line_at(const fs::path& file, std::size_t line) {
    return file.string() + ":" + std::to_string(line);
}

std::string numbered(const char* format, std::int64_t number) {
    char text[64];
    std::snprintf(text, sizeof text, format, static_cast<long long>(number));
    return text;
}

bool is_blank(const std::string& line) {
    return line.find_first_not_of(" \t") == std::string::npos;
}

std::int64_t parse_integer(const std::string& text, const std::string& what,
                           const std::string& where) {
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size()) {
        throw Error(where + ": " + what + " '" + text + "' is not a whole number");
    }
    return value;
}

std::vector<std::string> split_at_tabs(const std::string& line) {
    std::vector<std::string> fields;
    for (std::size_t begin = 0; begin <= line.size();) {
        const std::size_t end = std::min(line.find('\t', begin), line.size());
        fields.push_back(line.substr(begin, end - begin));
        begin = end + 1;
    }
    return fields;
}

/// Takes the last blank-separated word off `rest`, so that clip names may contain blanks.
std::string take_last_word(std::string& rest) {
    rest.erase(rest.find_last_not_of(" \t") + 1);
    const std::size_t blank = rest.find_last_of(" \t");
    const std::size_t begin = blank == std::string::npos ? 0 : blank + 1;
    const std::string word = rest.substr(begin);
    rest.erase(begin);
    return word;
}

/// A name becomes a path below frames/ and keypoints/; it must stay there.
void check_name(const std::string& name, const std::string& where) {
    const fs::path path(name);
    const bool leaves =
        path.is_absolute() || std::find(path.begin(), path.end(), fs::path("..")) != path.end();
    if (leaves) throw Error(where + ": clip '" + name + "' lies outside the dataset folder");
}

/// Checks the form of one line, not yet its files.
ListedClip parse_clip(const fs::path& dataset, const std::string& line, std::int64_t classes,
                      const std::string& where) {
    std::string name = line;
    const std::string label = take_last_word(name);
    const std::string count = take_last_word(name);
    name.erase(name.find_last_not_of(" \t/") + 1);
    name.erase(0, name.find_first_not_of(" \t"));
    if (name.empty()) {
        throw Error(where + ": '" + line + "' is not of the form CLIP_DIR NUM_FRAMES LABEL",
                    "lists are MMAction2's rawframes lists; videos must be extracted to frames");
    }
    check_name(name, where);
    ListedClip clip;
    clip.files = {.name = name,
                  .frames = dataset / "frames" / name,
                  .keypoints = dataset / "keypoints" / name,
                  .count = parse_integer(count, "NUM_FRAMES", where)};
    clip.label = parse_integer(label, "LABEL", where);
    if (clip.files.count < 1) {
        throw Error(where + ": clip '" + name + "' has NUM_FRAMES " + count);
    }
    if (clip.label < 0 || clip.label >= classes) {
        throw Error(where + ": label " + label + " of clip '" + name + "' is outside 0.." +
                    std::to_string(classes - 1));
    }
    return clip;
}

void check_frames(const ClipFiles& clip, const std::string& where) {
    if (!is_folder(clip.frames)) {
        throw Error(where + ": missing folder " + clip.frames.string());
    }
    if (!is_file(clip.frame(clip.count - 1))) {
        const std::int64_t found = count_frames(clip.frames);
        throw Error(where + ": clip '" + clip.name + "' lists " + std::to_string(clip.count) +
                    " frames, but " + clip.frames.string() + " has " + std::to_string(found) +
                    " (" + clip.frame(found).filename().string() + " is missing)");
    }
}

/// The last file stands for all: looking at each of a million would take its time, and a hole in
/// the middle is found when the clip is read.
void check_files(const ClipFiles& clip, ClipNeeds needs, const std::string& where) {
    if (needs.frames) check_frames(clip, where);
    if (!needs.keypoints) return;
    try {
        clip.keypoint(clip.count - 1);
    } catch (const Error& error) {
        throw Error(where + ": " + error.what(), error.hint());
    }
}

/// The last component of a folder, with or without a slash behind it.
std::string folder_name(const fs::path& folder) {
    const fs::path path = fs::absolute(folder).lexically_normal();
    return (path.has_filename() ? path : path.parent_path()).filename().string();
}

}  // namespace

fs::path ClipFiles::frame(std::int64_t t) const {
    return frames / numbered("img_%05lld.jpg", first + t + 1);
}

fs::path ClipFiles::keypoint(std::int64_t t) const {
    const fs::path of_image = keypoints / numbered("img_%05lld_keypoints.json", first + t + 1);
    if (is_file(of_image)) return of_image;
    const fs::path of_video = keypoints / (folder_name(frames.empty() ? keypoints : frames) +
                                           numbered("_%012lld_keypoints.json", first + t));
    if (is_file(of_video)) return of_video;
    const std::string hint =
        "run OpenPose on the frames, or set \"regions\" to \"fixed\" or \"none\" in the config to "
        "do without keypoints";
    if (!is_folder(keypoints)) {
        throw Error("missing keypoint folder " + keypoints.string(), hint);
    }
    throw Error("clip '" + name + "' has no keypoints for frame " + std::to_string(first + t + 1) +
                    ": neither " + of_image.string() + " nor " + of_video.filename().string() +
                    " exists",
                hint);
}

ClassNames read_class_names(const fs::path& dataset) {
    const fs::path file = dataset / "labels.txt";
    if (!is_folder(dataset)) throw Error("missing dataset folder " + dataset.string());
    struct Row {
        std::string name;
        std::string body;
    };
    std::vector<std::optional<Row>> rows;
    const std::vector<std::string> lines = read_lines(file);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (is_blank(lines[i])) continue;
        const std::string where = line_at(file, i + 1);
        // Names go into checkpoints and JSON, which hold nothing else.
        if (!is_utf8(lines[i])) {
            throw Error(where + " is not UTF-8",
                        "convert the file: iconv -f LATIN1 -t UTF-8 old.txt > labels.txt");
        }
        const std::vector<std::string> fields = split_at_tabs(lines[i]);
        if (fields.size() < 2 || fields.size() > 3 || is_blank(fields[1])) {
            throw Error(where + ": '" + lines[i] +
                        "' is not of the form INDEX<TAB>NAME[<TAB>BODY-LEVEL NAME]");
        }
        const std::int64_t index = parse_integer(fields[0], "INDEX", where);
        // No index can exceed the number of lines if 0..C-1 all occur.
        if (index < 0 || index >= static_cast<std::int64_t>(lines.size())) {
            throw Error(where + ": class index " + fields[0] + " is outside 0..C-1");
        }
        if (static_cast<std::size_t>(index) >= rows.size()) rows.resize(index + 1);
        if (rows[index]) throw Error(where + ": class index " + fields[0] + " occurs twice");
        rows[index] = Row{fields[1], fields.size() == 3 ? fields[2] : ""};
    }
    if (rows.empty()) throw Error(file.string() + " names no class");

    ClassNames classes;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!rows[i])
            throw Error(file.string() + ": class index " + std::to_string(i) + " is missing");
        classes.names.push_back(rows[i]->name);
        if (rows[i]->body.empty() != rows[0]->body.empty()) {
            throw Error(file.string() +
                        ": the body level is given for some classes only, not for " +
                        (rows[i]->body.empty() ? rows[i]->name : rows[0]->name));
        }
        if (rows[i]->body.empty()) continue;
        const auto known =
            std::find(classes.body_names.begin(), classes.body_names.end(), rows[i]->body);
        classes.body_of.push_back(known - classes.body_names.begin());
        if (known == classes.body_names.end()) classes.body_names.push_back(rows[i]->body);
    }
    return classes;
}

std::vector<ListedClip> read_split(const fs::path& dataset, const std::string& split,
                                   std::int64_t classes, ClipNeeds needs) {
    if (!is_folder(dataset)) throw Error("missing dataset folder " + dataset.string());
    const fs::path file = dataset / (split + ".txt");
    std::vector<ListedClip> clips;
    std::unordered_map<std::string, std::size_t> line_of;
    const std::vector<std::string> lines = read_lines(file);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (is_blank(lines[i])) continue;
        const std::string where = line_at(file, i + 1);
        ListedClip clip = parse_clip(dataset, lines[i], classes, where);
        const auto [earlier, is_new] = line_of.emplace(clip.files.name, i + 1);
        if (!is_new) {
            throw Error(where + ": clip '" + clip.files.name + "' is already listed in line " +
                        std::to_string(earlier->second));
        }
        check_files(clip.files, needs, where);
        clips.push_back(std::move(clip));
    }
    if (clips.empty()) throw Error(file.string() + " lists no clip");
    return clips;
}

ListedClip find_clip(const fs::path& dataset, const std::string& name, std::int64_t classes,
                     ClipNeeds needs) {
    if (!is_folder(dataset)) throw Error("missing dataset folder " + dataset.string());
    for (const char* split : {"train", "val", "test"}) {
        const fs::path file = dataset / (std::string(split) + ".txt");
        if (!is_file(file)) continue;
        const std::vector<std::string> lines = read_lines(file);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            if (lines[i].find(name) == std::string::npos) continue;
            const std::string where = line_at(file, i + 1);
            const ListedClip clip = parse_clip(dataset, lines[i], classes, where);
            if (clip.files.name != name) continue;
            check_files(clip.files, needs, where);
            return clip;
        }
    }
    throw Error("no clip '" + name + "' in train.txt, val.txt or test.txt of " + dataset.string());
}

std::int64_t count_frames(const fs::path& folder) {
    const ClipFiles clip{.name = {}, .frames = folder, .keypoints = {}, .count = 0};
    std::int64_t count = 0;
    while (is_file(clip.frame(count))) ++count;
    return count;
}

}  // namespace mdn
