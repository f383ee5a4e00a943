#include "data/formats/clip_folders.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "data/file.h"
#include "data/formats/clip_warnings.h"
#include "data/formats/dataset_folder.h"
#include "data/formats/folder_entries.h"
#include "data/formats/numbered_files.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr int deepest = 8;  // as far as `check` looks for folders

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
    ClipWarnings warnings_;

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

    /// Adds the folder to the clips, or warns of what keeps it from being one. A folder of folders
    /// needs no files, and those that lie beside clips are perhaps no clip's.
    bool take(const fs::path& folder, const FolderEntries& entries, int depth) {
        const auto holds_clips = [&] { return hidden_below(entries.folders, depth).count > 0; };
        try {
            const ClipFiles clip = files_of(folder);
            const NumberedFiles files = files_of_clip(clip);
            if (files.count > 0 && !files.has_gap()) {
                found_.clips.push_back({.name = clip.name, .count = files.count});
                return true;
            }
            if (files.count == 0 && entries.folders.empty())
                warnings_.no_clip_files(folder, entries);
            else if (files.count > 0 && holds_clips())
                warnings_.files_beside_clips(folder, entries);
            else if (files.count > 0)
                warnings_.wrong_numbers(clip, files);
        } catch (const Error& error) {
            if (holds_clips())
                warnings_.files_beside_clips(folder, entries);
            else
                warnings_.several_names(error);
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
        const ClipFiles clip = files_of(folder);
        return of_frames_ ? clip.names.at(0) : clip.find_keypoint(0).filename().string();
    }

    /// Clips below a clip: thumbnails, or all clips of a person beside whose folders an image lies.
    struct Hidden {
        fs::path example;
        std::int64_t count = 0;
    };

    /// What a link leads to lies elsewhere as well.
    void find_hidden(const std::set<fs::path>& folders, int depth, Hidden& hidden) const {
        std::error_code failure;
        for (const fs::path& next : folders) {
            if (fs::is_symlink(next, failure)) continue;
            if (is_clip(next)) {
                if (hidden.count++ == 0) hidden.example = next;
            } else if (depth < deepest) {
                find_hidden(read_folder(next).folders, depth + 1, hidden);
            }
        }
    }

    /// What lies in the folders of a folder at that depth.
    Hidden hidden_below(const std::set<fs::path>& folders, int depth) const {
        Hidden hidden;
        find_hidden(folders, depth + 1, hidden);
        return hidden;
    }

    void warn_of_hidden(const fs::path& clip, const std::set<fs::path>& below, int depth) {
        const Hidden hidden = hidden_below(below, depth);
        if (hidden.count > 0)
            warnings_.hidden_clips(clip, first_file(clip), hidden.count, hidden.example);
    }

    void look_into(const fs::path& folder, int depth) {
        if (depth > 0 && !stays_inside(root_, folder)) return warnings_.leads_out(folder);
        const auto [seen, is_new] = seen_.emplace(without_links(folder), folder);
        if (!is_new) {
            seen_again_.push_back({.path = folder, .earlier = seen->second});
            return;
        }
        const FolderEntries entries = read_folder(folder);
        if (depth == 0) check_was_read(folder, entries.failure);
        if (!entries.failure.empty()) return warnings_.cannot_be_read(folder, entries.failure);
        if (depth > 0 && take(folder, entries, depth))
            warn_of_hidden(folder, entries.folders, depth);
        else if (depth < deepest)
            for (const fs::path& next : entries.folders) look_into(next, depth + 1);
        else if (!entries.folders.empty())
            warnings_.lies_too_deep(folder, deepest);
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

    fs::path keypoints_of(const ClipFolders::Clip& clip) const {
        return dataset_ / "keypoints" / clip.name;
    }

    /// A model that reads keypoints would stop at a clip without.
    void leave_out_without_keypoints() {
        const fs::path keypoints = dataset_ / "keypoints";
        found_.has_frames = of_frames_;
        found_.has_keypoints = is_folder(keypoints);
        if (!found_.has_frames || !found_.has_keypoints) return;
        check_can_be_read(keypoints);
        std::vector<ClipFolders::Clip> complete, incomplete;
        for (const ClipFolders::Clip& clip : found_.clips)
            (has_keypoints(clip) ? complete : incomplete).push_back(clip);
        if (complete.empty()) {
            for (const ClipFolders::Clip& clip : incomplete) check_can_be_read(keypoints_of(clip));
            warn_(keypoints.string() + " holds no clip's keypoints");
            found_.has_keypoints = false;
            return;
        }
        for (const ClipFolders::Clip& clip : incomplete)
            warnings_.without_keypoints(clip, keypoints_of(clip),
                                        keypoint_files(files_of(root_ / clip.name)).count);
        found_.clips = std::move(complete);
        warn_of_shared_keypoints();
    }

    void warn_of_shared_keypoints() {
        std::map<fs::path, fs::path> seen;  // where they really are, and the path that led there
        for (const ClipFolders::Clip& clip : found_.clips) {
            const fs::path path = keypoints_of(clip);
            const auto [first, is_new] = seen.emplace(without_links(path), path);
            if (!is_new) warnings_.shared_keypoints(first->second, path);
        }
    }

  public:
    FolderScan(const fs::path& dataset, const std::optional<FrameNames>& frame_names,
               const Warn& warn)
        : dataset_(dataset),
          root_(dataset / (is_folder(dataset / "frames") ? "frames" : "keypoints")),
          of_frames_(is_folder(dataset / "frames")),
          frame_names_(frame_names),
          warn_(warn),
          warnings_(root_, of_frames_, frame_names, warn) {}

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
