#include "data/formats/clip_folders.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "data/file.h"
#include "data/formats/dataset_folder.h"
#include "data/formats/numbered_files.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr int deepest = 8;  // as far as `check` looks for folders

/// Warnings of one kind, of which the first few are told.
class Warnings {
    const Warn& warn_;
    std::map<std::string, std::int64_t> untold_;  // by kind

  public:
    explicit Warnings(const Warn& warn) : warn_(warn) {}

    /// `kind` says the same of several folders: "hold no frames".
    void add(const std::string& kind, const std::string& text) {
        constexpr std::int64_t told = 10;
        if (++untold_.try_emplace(kind, -told).first->second <= 0) warn_(text);
    }
    bool any() const { return !untold_.empty(); }
    void close() {
        for (const auto& [kind, count] : untold_)
            if (count > 0) warn_(std::to_string(count) + " more folders " + kind);
    }
};

/// The folders in a folder, in a fixed order. Hidden ones are other programs', as hidden files are.
std::set<fs::path> folders_in(const fs::path& folder) {
    std::set<fs::path> folders;
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure))
        if (entry.is_directory(failure) && !entry.path().filename().string().starts_with('.'))
            folders.insert(entry.path());
    return folders;
}

/// A file of a folder, an image if there is one; empty where there is none.
std::string example_in(const fs::path& folder) {
    std::set<std::string> images, others;
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with('.') || entry.is_directory(failure)) continue;
        (is_image_name(name) ? images : others).insert(name);
    }
    const std::set<std::string>& shown = images.empty() ? others : images;
    return shown.empty() ? "" : *shown.begin();
}

fs::path without_links(const fs::path& path) {
    std::error_code failure;
    const fs::path real = fs::canonical(path, failure);
    return failure ? path : real;
}

class FolderScan {
    const fs::path dataset_, root_;
    const bool of_frames_;
    const std::optional<FrameNames>& frame_names_;
    const Warn& warn_;
    std::map<fs::path, fs::path> seen_;  // where folders really are, and the path that led there
    struct SecondPath {
        fs::path path, earlier;
    };
    std::vector<SecondPath> seen_again_;  // not looked into: links may go round in circles
    ClipFolders found_;
    Warnings warnings_;

    /// Throws Error if the names of the frames, or of the keypoints, are of several kinds.
    ClipFiles files_of(const fs::path& folder) const {
        const std::string name = folder.lexically_relative(root_).generic_string();
        ClipFiles clip{.name = name,
                       .frames = dataset_ / "frames" / name,
                       .keypoints = dataset_ / "keypoints" / name};
        // Without frames the keypoint files are named after their own folder.
        if (!of_frames_) clip.frames.clear();
        clip.names = (of_frames_ ? find_frame_names(clip.frames, frame_names_)
                                 : find_frame_names_of_keypoints(clip.keypoints))
                         .value_or(frame_names_.value_or(FrameNames()));
        return clip;
    }

    NumberedFiles files_of_clip(const ClipFiles& clip) const {
        return of_frames_ ? frame_files(clip.frames, clip.names) : keypoint_files(clip);
    }

    /// Where a file has no number 0 or 1, or one between is missing.
    void warn_of_numbers(const ClipFiles& clip, const NumberedFiles& files) {
        const auto name = [&](std::int64_t frame) { return clip.names.at(frame - 1); };
        const std::string folder = clip.frames.string(),
                          anew =
                              "number its frames anew: img_00001.jpg, img_00002.jpg, ... (and "
                              "keypoint files that are named after them)";
        if (files.first > 1)
            warnings_.add("begin with a number other than 0 and 1: left out",
                          folder + " holds " + name(files.first) +
                              (files.count > 1 ? " to " + name(files.last) : "") +
                              ", but frames count from 0 or 1: left out; " + anew);
        else
            warnings_.add("have a gap in their numbers: left out",
                          folder + " has a gap in its numbers, " + name(files.first_missing) +
                              " is missing, and the last is " + name(files.last) +
                              ": left out; extract its video again, or " + anew);
    }

    /// Here a number of a video's frames may stand in the names, or one of an image.
    void warn_of_keypoint_numbers(const ClipFiles& clip, const NumberedFiles& files) {
        warnings_.add("have a gap in their numbers: left out",
                      clip.keypoints.string() + " has a gap in its numbers, frame " +
                          std::to_string(files.first_missing) +
                          " has no keypoint file, and the last is that of frame " +
                          std::to_string(files.last) +
                          ": left out; let the estimator read the clip again, or number the files "
                          "anew");
    }

    void warn_of_other_files(const fs::path& folder) {
        const std::string example = example_in(folder),
                          there = example.empty() ? "" : ", but " + example;
        if (!of_frames_)
            warnings_.add("hold no keypoint files: left out",
                          folder.string() +
                              " holds no keypoint files (img_00001_keypoints.json, "
                              "...)" +
                              there + ": left out");
        else if (frame_names_)
            warnings_.add("hold no frames called " + frame_names_->text() + ": left out",
                          folder.string() + " holds no frames called " + frame_names_->text() +
                              there + ": left out; --frame-template says what frames are called");
        else
            warnings_.add("hold no frames: left out",
                          folder.string() + " holds no frames (img_00001.jpg, 00001.png, ...)" +
                              there + ": left out");
    }

    /// Adds the folder to the clips, or warns of what keeps it from being one. A folder of folders
    /// needs no files.
    bool take(const fs::path& folder, bool holds_folders) {
        try {
            const ClipFiles clip = files_of(folder);
            const NumberedFiles files = files_of_clip(clip);
            if (files.has_gap()) {
                of_frames_ ? warn_of_numbers(clip, files) : warn_of_keypoint_numbers(clip, files);
            } else if (files.count > 0) {
                found_.clips.push_back({.name = clip.name, .count = files.count});
                return true;
            } else if (!holds_folders) {
                warn_of_other_files(folder);
            }
        } catch (const Error& error) {
            warnings_.add("hold files under several names: left out",
                          std::string(error.what()) + ": left out; " + error.hint());
        }
        return false;
    }

    bool is_clip(const fs::path& folder) const {
        try {
            const NumberedFiles files = files_of_clip(files_of(folder));
            return files.count > 0 && !files.has_gap();
        } catch (const Error&) {
            return false;
        }
    }

    /// A file that makes a folder a clip.
    std::string first_file(const fs::path& folder) const {
        if (of_frames_) return files_of(folder).names.at(0);
        std::set<std::string> names;
        std::error_code failure;
        for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure))
            if (entry.path().extension() == ".json") names.insert(entry.path().filename().string());
        return names.empty() ? "keypoint files" : *names.begin();
    }

    /// Clips below a clip: thumbnails, or all clips of a person beside whose folders an image lies.
    struct Hidden {
        fs::path example;
        std::int64_t count = 0;
    };

    /// What a link leads to lies elsewhere as well.
    void find_hidden(const fs::path& folder, int depth, Hidden& hidden) const {
        std::error_code failure;
        for (const fs::path& next : folders_in(folder)) {
            if (fs::is_symlink(next, failure)) continue;
            if (is_clip(next)) {
                if (hidden.count++ == 0) hidden.example = next;
            } else if (depth < deepest) {
                find_hidden(next, depth + 1, hidden);
            }
        }
    }

    void warn_of_hidden(const fs::path& folder, int depth) {
        Hidden hidden;
        find_hidden(folder, depth + 1, hidden);
        if (hidden.count == 0) return;
        const std::string path = folder.string();
        const bool one = hidden.count == 1;
        warnings_.add("are clips with other clips below them, which are not listed",
                      path + " is a clip, because it holds " + first_file(folder) + "; " +
                          (one ? "a clip below it, "
                               : std::to_string(hidden.count) + " clips below it, such as ") +
                          hidden.example.string() + (one ? ", is" : ", are") + " not listed. If " +
                          (one ? "that is the clip" : "those are the clips") +
                          ", move the files out of " + path +
                          "; if not, move the folders below it out of " + root_.string());
    }

    void look_into(const fs::path& folder, int depth) {
        if (depth > 0 && !stays_inside(root_, folder)) {
            warnings_.add("are links that lead out of " + root_.string() + ": left out",
                          folder.string() + " is a link that leads out of " + root_.string() +
                              ": left out; link the whole of " + root_.string() + " instead");
            return;
        }
        const auto [seen, is_new] = seen_.emplace(without_links(folder), folder);
        if (!is_new) {
            seen_again_.push_back({.path = folder, .earlier = seen->second});
            return;
        }
        const std::set<fs::path> below = folders_in(folder);
        if (depth > 0 && take(folder, !below.empty())) {
            warn_of_hidden(folder, depth);
        } else if (depth < deepest) {
            for (const fs::path& next : below) look_into(next, depth + 1);
        } else if (!below.empty()) {
            warnings_.add(
                "lie too deep to be looked into: left out",
                folder.string() + " lies " + std::to_string(deepest) +
                    " folders deep and holds more folders: left out; a clip lies at most " +
                    std::to_string(deepest) + " folders below " + root_.string());
        }
    }

    /// The first link on the way from the root to a folder below it; empty if there is none.
    fs::path link_to(const fs::path& folder) const {
        std::error_code failure;
        fs::path path = root_;
        for (const fs::path& part : folder.lexically_relative(root_))
            if (fs::is_symlink(path /= part, failure)) return path;
        return {};
    }

    /// The same frames in two lists would make the test worth nothing.
    void refuse_second_paths() const {
        for (const SecondPath& second : seen_again_) {
            const fs::path &path = second.path, &earlier = second.earlier;
            const auto lies_there = [&](const ClipFolders::Clip& clip) {
                return stays_inside(path, root_ / clip.name);
            };
            const auto count = std::count_if(found_.clips.begin(), found_.clips.end(), lies_there);
            if (count == 0) continue;
            const fs::path link = link_to(path).empty() ? link_to(earlier) : link_to(path);
            throw Error(path.string() + " and " + earlier.string() + " are the same folder, so " +
                            (count == 1 ? "a clip" : std::to_string(count) + " clips") +
                            " would be listed twice",
                        "remove the link " + link.string());
        }
    }

    bool has_keypoints(const ClipFolders::Clip& clip) const {
        const NumberedFiles files = keypoint_files(files_of(root_ / clip.name));
        return !files.has_gap() && files.count >= clip.count - most_without_keypoints(clip.count);
    }

    /// A model that reads keypoints would stop at a clip without.
    void leave_out_without_keypoints() {
        found_.has_frames = of_frames_;
        found_.has_keypoints = is_folder(dataset_ / "keypoints");
        if (!found_.has_frames || !found_.has_keypoints) return;
        std::vector<ClipFolders::Clip> complete, incomplete;
        for (const ClipFolders::Clip& clip : found_.clips)
            (has_keypoints(clip) ? complete : incomplete).push_back(clip);
        if (complete.empty()) {
            warn_((dataset_ / "keypoints").string() + " holds no clip's keypoints");
            found_.has_keypoints = false;
            return;
        }
        for (const ClipFolders::Clip& clip : incomplete) {
            const std::string keypoints = (dataset_ / "keypoints" / clip.name).string();
            const auto count = keypoint_files(files_of(root_ / clip.name)).count;
            warnings_.add("do not have a keypoint file for every frame: left out",
                          (root_ / clip.name).string() +
                              " does not have a keypoint file for every frame (" + keypoints +
                              (is_folder(keypoints) ? " holds " + std::to_string(count) + " for " +
                                                          std::to_string(clip.count) + " frames"
                                                    : " is missing") +
                              "): left out");
        }
        found_.clips = std::move(complete);
    }

  public:
    FolderScan(const fs::path& dataset, const std::optional<FrameNames>& frame_names,
               const Warn& warn)
        : dataset_(dataset),
          root_(dataset / (is_folder(dataset / "frames") ? "frames" : "keypoints")),
          of_frames_(is_folder(dataset / "frames")),
          frame_names_(frame_names),
          warn_(warn),
          warnings_(warn) {}

    ClipFolders scan() {
        look_into(root_, 0);
        refuse_second_paths();
        leave_out_without_keypoints();
        warnings_.close();
        std::sort(found_.clips.begin(), found_.clips.end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
        if (found_.clips.empty())
            throw Error(root_.string() + " holds no clip",
                        warnings_.any() ? "the warnings say why each folder was left out"
                                        : "a clip is a folder of img_00001.jpg, ...");
        found_.root = root_;
        return std::move(found_);
    }
};

}  // namespace

ClipFolders find_clip_folders(const fs::path& dataset, const std::optional<FrameNames>& frame_names,
                              const Warn& warn) {
    check_dataset_folder(dataset);
    return FolderScan(dataset, frame_names, warn).scan();
}

}  // namespace mdn
