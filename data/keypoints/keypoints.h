// The keypoints of a clip, whatever files they come from: the people of its frames, and the one
// that the clip is about.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/dataset.h"
#include "data/keypoints/body25.h"
#include "data/keypoints/keypoint_scale.h"
#include "data/keypoints/skeletons.h"
#include "data/keypoints/track.h"
#include "data/transform.h"

namespace mdn {

/// OpenPose's own (SPEC §3).
constexpr double default_keypoint_threshold = 0.05;

/// How keypoint files are to be understood, and what is done about what they lack.
struct KeypointOptions {
    KeypointLayout layout = KeypointLayout::body25;
    KeypointScale scale = KeypointScale::automatic;
    /// A joint with no larger confidence was not seen. Estimators mean different things by it:
    /// docs/data.md.
    double threshold = default_keypoint_threshold;
    /// Of the picture that the keypoints were found in, where that is not the size of the frames.
    std::optional<FrameSize> picture = std::nullopt;
    std::int64_t fill = 0;    // frames: gaps_filled()
    std::int64_t smooth = 0;  // frames: smoothed(), after filling
};

/// The people of every frame of a clip, [frames][people of that frame in the file's order], in the
/// units of the files. Joints whose confidence is not above `threshold` are missing. Nobody is in
/// the frames at the end that the clip knows to be without keypoints. Throws Error naming the file
/// that is missing or malformed.
std::vector<std::vector<Pose>> read_people(const ClipFiles& clip,
                                           KeypointLayout layout = KeypointLayout::body25,
                                           double threshold = default_keypoint_threshold);

/// The size of a clip's frames, from the first one's header (image_size); nothing where there
/// is no such file.
std::optional<FrameSize> frame_size(const ClipFiles& clip);

/// The people of a clip, as read_people gives them, in pixels of its frames, whose size is given.
/// The scale is decided for the clip as a whole. Frames that say how they were extracted
/// (data/formats/extraction.h) tell the size of the picture that a video's keypoints are in, by
/// OpenPose's naming, unless `options.picture` does; a table's are in pixels of such frames
/// already. Without the frames' size no file of theirs is looked at: coordinates are pixels of
/// `options.picture`, without it they stay in the units of the files, which is the pose but for its
/// size (and, of scales 3 and 4, its width).
std::vector<std::vector<Pose>> people_in_pixels(std::vector<std::vector<Pose>> people,
                                                const ClipFiles& clip,
                                                std::optional<FrameSize> frame,
                                                const KeypointOptions& options);

/// The person that a clip is about (choose_person) among its people in pixels; gaps filled and
/// trembling smoothed if that is asked for. Throws Error naming clip and sizes when most joints of
/// that person lie outside the frames: they were found in a larger picture, and nothing says how
/// large.
Track choose_track(const std::vector<std::vector<Pose>>& people, const ClipFiles& clip,
                   std::optional<FrameSize> frame, const KeypointOptions& options);

/// The same from the clip's files. Throws as read_people and choose_track do.
Track read_track(const ClipFiles& clip, std::optional<FrameSize> frame,
                 const KeypointOptions& options);

}  // namespace mdn
