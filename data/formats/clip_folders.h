// Finds the clips of a dataset folder that has no lists.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/formats/frame_names.h"

namespace mdn {

/// Told of what the user should know at once: an error may follow.
using Warn = std::function<void(const std::string& warning)>;

/// The clips of a dataset folder, as its folders show them.
struct ClipFolders {
    /// A folder whose files make it a clip.
    struct Clip {
        std::string name;        // path below `root`
        std::int64_t count = 0;  // frames, or keypoint files where there are no frames
    };

    std::filesystem::path root;                      // DATASET/frames or DATASET/keypoints
    std::vector<Clip> clips;                         // by name; never empty
    bool has_frames = false, has_keypoints = false;  // of the clips
};

/// Looks for clips in DATASET/frames, or, where there is none, in DATASET/keypoints: every folder
/// with numbered frames (find_frame_names) or OpenPose's files is one. Left out, with a warning,
/// are folders without such files, with numbers that have a gap or begin elsewhere than at 0 or 1,
/// that cannot be read, that are links out of the folder, or that lack the keypoints that others
/// have. Hidden folders are passed over without one. Warned of as well are clips below a clip, and
/// clips that share their keypoints. Throws Error if no clip is left, if frames/ or keypoints/
/// cannot be read, and for a folder with clips to which two paths lead, naming both: one of them
/// goes through a link.
ClipFolders find_clip_folders(const std::filesystem::path& dataset,
                              const std::optional<FrameNames>& frame_names, const Warn& warn);

}  // namespace mdn
