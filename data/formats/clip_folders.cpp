#include "data/formats/clip_folders.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "data/file.h"
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

    void add(const fs::path& folder, const std::string& kind) {
        constexpr std::int64_t told = 10;
        if (++untold_.try_emplace(kind, -told).first->second <= 0)
            warn_(folder.string() + " " + kind + ": left out");
    }
    bool any() const { return !untold_.empty(); }
    void close() {
        for (const auto& [kind, count] : untold_)
            if (count > 0)
                warn_(std::to_string(count) + " more folders were left out: each " + kind);
    }
};

class FolderScan {
    const fs::path dataset_, root_;
    const bool of_frames_;
    const std::optional<FrameNames>& frame_names_;
    const Warn& warn_;
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

    NumberedFiles files_in(const fs::path& folder) {
        try {
            const ClipFiles clip = files_of(folder);
            return of_frames_ ? frame_files(clip.frames, clip.names) : keypoint_files(clip);
        } catch (const Error& error) {
            warnings_.add(folder, "holds images under several names (--frame-template chooses)");
            return {};
        }
    }

    void look_into(const fs::path& folder, int depth) {
        std::set<fs::path> below;  // in a fixed order
        std::error_code failure;
        for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure))
            if (entry.is_directory(failure)) below.insert(entry.path());
        const NumberedFiles files = depth == 0 ? NumberedFiles{} : files_in(folder);
        if (files.has_gap()) {
            warnings_.add(folder, "has a gap in its numbers");
        } else if (files.count > 0) {
            if (stays_inside(root_, folder))
                found_.clips.push_back({.name = folder.lexically_relative(root_).generic_string(),
                                        .count = files.count});
            else
                warnings_.add(folder, "is a link that leads out of " + root_.string());
        } else if (below.empty() && depth > 0) {
            warnings_.add(folder, of_frames_ ? "holds no frames (img_00001.jpg, 00001.png, ...)"
                                             : "holds no keypoint files");
        }
        if (files.count > 0 || depth == deepest) return;
        for (const fs::path& next : below) look_into(next, depth + 1);
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
        for (const ClipFolders::Clip& clip : incomplete)
            warnings_.add(root_ / clip.name, "does not have a keypoint file for every frame");
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
          warnings_(warn) {
        if (!is_folder(dataset)) throw Error("DATASET " + dataset.string() + " is not a folder");
        if (!is_folder(root_))
            throw Error("DATASET " + dataset.string() + " has neither frames/ nor keypoints/",
                        "data/extract_frames VIDEOS " + (dataset / "frames").string() +
                            " makes the frames from videos");
    }

    ClipFolders scan() {
        look_into(root_, 0);
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
    return FolderScan(dataset, frame_names, warn).scan();
}

}  // namespace mdn
