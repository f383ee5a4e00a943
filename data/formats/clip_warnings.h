// What is said of folders that make no clip, or that keep others from being one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "data/dataset.h"
#include "data/formats/clip_folders.h"
#include "data/formats/folder_entries.h"
#include "data/formats/frame_names.h"
#include "data/formats/numbered_files.h"
#include "engine/error.h"

namespace mdn {

/// Tells the first few of each kind at once, and how many more there were at the end.
class ClipWarnings {
    const std::filesystem::path root_;  // DATASET/frames or DATASET/keypoints
    const bool of_frames_;
    const std::optional<FrameNames>& frame_names_;
    const Warn& warn_;
    std::map<std::string, std::int64_t> untold_;  // by kind

    /// `kind` says the same of several folders: "hold no frames".
    void add(const std::string& kind, const std::string& text);

  public:
    ClipWarnings(std::filesystem::path root, bool of_frames,
                 const std::optional<FrameNames>& frame_names, const Warn& warn)
        : root_(std::move(root)), of_frames_(of_frames), frame_names_(frame_names), warn_(warn) {}

    // Why a folder is left out.
    void cannot_be_read(const std::filesystem::path& folder, const std::string& reason);
    void leads_out(const std::filesystem::path& link);
    void lies_too_deep(const std::filesystem::path& folder, int deepest);
    /// The numbers have a gap, or begin with another than 0 and 1.
    void wrong_numbers(const ClipFiles& clip, const NumberedFiles& files);
    void several_names(const Error& error);
    void no_clip_files(const std::filesystem::path& folder, const FolderEntries& entries);
    /// `found` keypoint files are too few for the clip.
    void without_keypoints(const ClipFolders::Clip& clip, const std::filesystem::path& keypoints,
                           std::int64_t found);

    /// Files that make no clip, in a folder of folders: those are looked into.
    void files_beside_clips(const std::filesystem::path& folder, const FolderEntries& entries);
    /// Clips below a clip, which `file` makes one.
    void hidden_clips(const std::filesystem::path& clip, const std::string& file,
                      std::int64_t count, const std::filesystem::path& example);
    /// Two clips' keypoints are the same folder.
    void shared_keypoints(const std::filesystem::path& one, const std::filesystem::path& other);

    bool any() const { return !untold_.empty(); }
    void close();
};

}  // namespace mdn
