#include "data/keypoints/formats/open_source.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "data/file.h"
#include "data/formats/list_file.h"
#include "data/keypoints/formats/json_format.h"
#include "data/keypoints/formats/skeleton_pickle.h"
#include "data/keypoints/formats/yolo_text.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr int deepest = 8;  // as far as `lists` and `check` look for folders

std::string extension_of(const fs::path& file) {
    std::string extension = file.extension().string();
    for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return extension;
}

bool may_hold_keypoints(const fs::path& file) {
    const std::string extension = extension_of(file);
    return extension == ".json" || extension == ".txt" || extension == ".pkl" ||
           extension == ".pickle";
}

/// What the source's files are named relative to.
struct Place {
    fs::path source;   // as the user gave it
    fs::path folder;   // clips are named by their place in here; empty where the source is a file
    std::string clip;  // that the user named

    bool is_file() const { return folder.empty(); }
};

/// The folder, or the one in it that holds all files and is called after what it holds: predict/
/// has labels/, MMPose's out_dir has predictions/.
fs::path naming_folder(fs::path folder, const std::vector<fs::path>& files) {
    while (true) {
        const fs::path first = *files.front().lexically_relative(folder).begin();
        if (!names_no_clip(first.string()) || !is_folder(folder / first)) return folder;
        for (const fs::path& file : files)
            if (*file.lexically_relative(folder).begin() != first) return folder;
        folder /= first;
    }
}

/// "walk/003" of SOURCE/walk/003.json. Of the file SOURCE itself, a name for it.
std::string clip_of_file(const Place& place, const fs::path& file) {
    if (place.is_file()) return clip_name_of(file);
    fs::path name = file.lexically_relative(place.folder);
    name.replace_extension();
    while (names_no_clip(name.filename().string()) && name.has_parent_path())
        name = name.parent_path();
    return name.generic_string();
}

/// A file for each video.
class VideoFiles final : public KeypointSource {
  public:
    VideoFiles(Place place, const JsonFormat& format, std::vector<fs::path> files,
               PersonBuilder& builder)
        : place_(std::move(place)), format_(format), files_(std::move(files)), builder_(builder) {}

    std::string format() const override { return format_.name; }
    std::string numbering() const override { return format_.numbering; }
    std::size_t count() const override { return files_.size(); }

    FoundClip read(std::size_t i) override {
        const fs::path& file = files_[i];
        FoundClip clip;
        clip.name = place_.clip.empty() ? clip_of_file(place_, file) : place_.clip;
        // The demo scripts call the file of walk.mp4 results_walk.json.
        if (&format_ == &mmpose_demo && place_.clip.empty()) {
            const std::size_t stem = clip.name.rfind('/') + 1;
            if (clip.name.substr(stem).starts_with("results_")) clip.name.erase(stem, 8);
        }
        clip.lists_all = format_.lists_all;
        const std::string text = read_file(file);
        JsonCursor root(text, file);
        JsonCursor first = root;
        if (root.next_is(JsonCursor::Kind::array) && !first.enter_first())
            root.skip();  // a video without frames, or nobody in any
        else
            format_.read_video(root, builder_, file.string(), clip);
        root.end();
        std::stable_sort(clip.frames.begin(), clip.frames.end(),
                         [](const auto& a, const auto& b) { return a.number < b.number; });
        for (std::size_t f = 1; f < clip.frames.size(); ++f)
            if (clip.frames[f].number == clip.frames[f - 1].number)
                throw Error(file.string() + ": frame " + std::to_string(clip.frames[f].number) +
                            " is there twice");
        return clip;
    }

  private:
    const Place place_;
    const JsonFormat& format_;
    std::vector<fs::path> files_;
    PersonBuilder& builder_;
};

/// Ultralytics writes the files of a run RUN/ to RUN/labels/: the run's folder names the clip.
std::string name_in_run(const fs::path& file) {
    const fs::path labels = file.parent_path();
    if (labels.filename() != "labels" || !labels.has_parent_path()) return file.generic_string();
    return (labels.parent_path() / file.filename()).generic_string();
}

/// A file for each picture. `format` is null for YOLO's text.
class PictureFiles final : public KeypointSource {
  public:
    PictureFiles(Place place, const JsonFormat* format, const std::vector<fs::path>& files,
                 PersonBuilder& builder)
        : format_(format), builder_(builder) {
        const bool lone = place.is_file();
        const fs::path around = lone ? fs::absolute(place.source).parent_path() : place.source;
        ImageFrames frames(clip_name_of(around));
        for (const fs::path& file : files) {
            const fs::path inside = lone ? file.filename() : file.lexically_relative(place.folder);
            std::string name = format_ ? inside.generic_string() : name_in_run(inside);
            // A picture alone is a clip of one frame, whatever it is called.
            if (lone && !parse_image_name(name)) name = clip_name_of(file) + "/1.json";
            frames.at(name, file.string());
            const auto [named, is_new] = files_.emplace(name, file);
            if (!is_new)
                throw Error(file.string() + " and " + named->second.string() +
                            " would both be picture " + name);
        }
        clips_ = frames.take();
        if (!place.clip.empty() && clips_.size() == 1) clips_.front().name = place.clip;
    }

    std::string format() const override {
        return format_ ? format_->name
                       : "Ultralytics' save_txt of a pose model: a text file for each picture";
    }
    std::string numbering() const override { return "the number in the files' names"; }
    bool counts_videos_from_zero() const override {
        return format_ && format_->counts_videos_from_zero;
    }
    std::size_t count() const override { return clips_.size(); }

    FoundClip read(std::size_t i) override {
        FoundClip clip = clips_[i];
        clip.lists_all = format_ && format_->lists_all;
        clip.normalised = !format_;
        for (FoundFrame& frame : clip.frames) read_picture(frame, clip);
        return clip;
    }

  private:
    void read_picture(FoundFrame& frame, FoundClip& clip) {
        const fs::path& file = files_.at(frame.image);
        const std::string text = read_file(file);
        if (!format_) {
            frame.people = read_yolo_text(text, file, builder_);
            return;
        }
        JsonCursor root(text, file);
        JsonCursor first = root;
        if (root.next_is(JsonCursor::Kind::array) && !first.enter_first())
            root.skip();  // nobody
        else
            format_->read_picture(root, builder_, file.string(), frame, clip);
        root.end();
    }

    const JsonFormat* format_;
    PersonBuilder& builder_;
    std::vector<FoundClip> clips_;           // without people
    std::map<std::string, fs::path> files_;  // by the frames' `image`
};

/// Files with pictures of any number of clips. They are in memory as a whole.
class PictureSets final : public KeypointSource {
  public:
    PictureSets(Place place, const JsonFormat& format, const std::vector<fs::path>& files,
                PersonBuilder& builder)
        : place_(std::move(place)), format_(format), files_(files), builder_(builder) {
        load();
    }

    std::string format() const override { return format_.name; }
    std::string numbering() const override { return format_.numbering; }
    bool counts_videos_from_zero() const override { return format_.counts_videos_from_zero; }
    std::size_t count() const override { return clips_.size(); }
    FoundClip read(std::size_t i) override {
        // What was said of people is to be said again, as by readers that read anew.
        if (i == 0 && read_before_) load();
        read_before_ = true;
        return clips_[i];
    }

  private:
    void load() {
        clips_.clear();
        builder_.forget();
        std::set<std::string> names;
        for (const fs::path& file : files_) {
            // Files of several videos tell them apart by their own names.
            ImageFrames frames(clip_of_file(place_, file));
            const std::string text = read_file(file);
            JsonCursor root(text, file);
            JsonCursor first = root;
            if (root.next_is(JsonCursor::Kind::array) && !first.enter_first())
                root.skip();  // nobody
            else
                format_.read_pictures(root, builder_, file.string(), frames);
            root.end();
            for (FoundClip& clip : frames.take()) {
                if (!names.insert(clip.name).second)
                    throw Error(file.string() + ": clip '" + clip.name +
                                "' is in another file of the folder, too");
                clip.lists_all = format_.lists_all;
                clips_.push_back(std::move(clip));
            }
        }
        if (!place_.clip.empty() && clips_.size() == 1) clips_.front().name = place_.clip;
    }

    const Place place_;
    const JsonFormat& format_;
    std::vector<fs::path> files_;
    PersonBuilder& builder_;
    std::vector<FoundClip> clips_;
    bool read_before_ = false;
};

/// What a file turned out to be. Empty lists and empty texts fit several.
struct Recognised {
    enum { json, yolo, pickle, empty_list, empty_text, unknown } kind = unknown;
    const JsonFormat* format = nullptr;
    std::string description = {};  // of what is unknown
};

std::string first_bytes(const fs::path& file) {
    std::string bytes(512, '\0');
    std::ifstream in(file, std::ios::binary);
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    return bytes;
}

Recognised recognise(const fs::path& file) {
    if (!is_file(file)) throw Error("cannot read " + file.string() + ": it is not a file");
    const std::string head = first_bytes(file);
    if (is_pickle(head)) return {.kind = Recognised::pickle};
    const std::size_t begin = head.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    if (begin == head.npos) return {.kind = Recognised::empty_text};
    if (head[begin] != '{' && head[begin] != '[') {
        if (is_yolo_text(read_file(file))) return {.kind = Recognised::yolo};
        const bool looks_like_zip = head.starts_with("PK");
        return {.description = looks_like_zip ? "a zip archive: unpack it"
                                              : "neither JSON, nor a pickle, nor YOLO's text"};
    }
    const std::string text = read_file(file);
    const JsonCursor root(text, file);
    JsonCursor first = root;
    if (first.next_is(JsonCursor::Kind::array) && !first.enter_first())
        return {.kind = Recognised::empty_list};
    for (const JsonFormat* format : json_formats)
        if (format->recognise(root)) return {.kind = Recognised::json, .format = format};
    JsonCursor inner = root;
    const bool is_list = inner.enter_first();
    return {.description =
                is_list ? "a list that begins with " + inner.describe() : root.describe()};
}

std::vector<fs::path> files_in(const fs::path& folder, OpenedSource& opened) {
    std::vector<fs::path> files;
    const auto look = [&](const auto& self, const fs::path& place, int depth) -> void {
        std::set<fs::path> entries;  // in a fixed order
        std::error_code failure;
        for (const fs::directory_entry& entry : fs::directory_iterator(place, failure))
            entries.insert(entry.path());
        if (failure) throw Error("cannot read " + place.string() + ": " + failure.message());
        for (const fs::path& path : entries) {
            if (path.filename().string().starts_with(".")) continue;
            if (is_folder(path) && depth < deepest) self(self, path, depth + 1);
            if (!is_file(path)) continue;
            if (may_hold_keypoints(path)) {
                files.push_back(path);
            } else {
                ++opened.others;
                if (opened.examples.size() < 3) opened.examples.push_back(path);
            }
        }
    };
    look(look, folder, 0);
    if (files.empty())
        throw Error(folder.string() + " holds no .json, .txt or .pkl file",
                    "SOURCE is what a pose estimator wrote: its folder, or its file");
    return files;
}

}  // namespace

OpenedSource open_keypoint_source(const SourceOptions& options, PersonBuilder& builder) {
    OpenedSource opened;
    if (!is_file(options.source) && !is_folder(options.source))
        throw Error("SOURCE " + options.source.string() + " does not exist");
    const std::vector<fs::path> files =
        is_folder(options.source) ? files_in(options.source, opened) : std::vector{options.source};
    std::vector<fs::path> readable;
    const fs::path* of_first = nullptr;
    Recognised first;
    bool empty_lists = false;
    for (const fs::path& file : files) {
        const Recognised found = recognise(file);
        const auto& kind = found.kind;
        if (kind == Recognised::unknown)
            throw Error(file.string() + " is of no known format: it holds " + found.description,
                        "docs/data.md lists the formats; SOURCE may also be a single file");
        empty_lists |= kind == Recognised::empty_list;
        readable.push_back(file);
        if (kind == Recognised::empty_list || kind == Recognised::empty_text) continue;
        if (!of_first) {
            of_first = &file;
            first = found;
        } else if (kind != first.kind || found.format != first.format) {
            const auto name = [](const Recognised& what) -> std::string {
                return what.kind == Recognised::pickle ? "a pickle"
                       : what.kind == Recognised::yolo ? "YOLO's text"
                                                       : what.format->name;
            };
            throw Error("two formats are in " + options.source.string() + ": " +
                            of_first->string() + " is " + name(first) + ", and " + file.string() +
                            " is " + name(found),
                        "give one file or folder of them as SOURCE");
        }
    }
    if (!of_first) {
        if (!empty_lists) throw Error(options.source.string() + " holds nothing but empty files");
        // Nobody in any picture: the inferencer writes [] for that.
        first = {.kind = Recognised::json, .format = &mmpose_picture};
    }
    const bool lone = is_file(options.source);
    Place place{options.source, lone ? fs::path() : naming_folder(options.source, readable),
                options.clip};
    opened.files = std::ssize(readable);
    if (first.kind == Recognised::pickle) {
        opened.source = open_skeleton_pickles(readable, builder);
    } else if (first.kind == Recognised::yolo || first.format->holds == FileHolds::picture) {
        opened.source = std::make_unique<PictureFiles>(place, first.format, readable, builder);
    } else if (first.format->holds == FileHolds::video) {
        opened.source = std::make_unique<VideoFiles>(place, *first.format, readable, builder);
    } else {
        opened.source = std::make_unique<PictureSets>(place, *first.format, readable, builder);
    }
    return opened;
}

}  // namespace mdn
