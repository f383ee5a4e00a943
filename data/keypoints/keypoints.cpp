#include "data/keypoints/keypoints.h"

#include <algorithm>
#include <cmath>

#include "data/file.h"
#include "data/formats/extraction.h"
#include "data/images/image.h"
#include "data/keypoints/light_hand.h"
#include "data/keypoints/openpose.h"
#include "data/keypoints/person.h"
#include "engine/error.h"

namespace mdn {

namespace {

/// How many valid joints a track has, how many of them outside the frames, and how far they reach.
struct Extent {
    std::int64_t valid = 0, outside = 0;
    double right = 0, bottom = 0;

    bool mostly_outside() const { return 2 * outside > valid; }
};

Extent extent_of(const Track& track, FrameSize frame) {
    const double width = static_cast<double>(frame.width);
    const double height = static_cast<double>(frame.height);
    Extent extent;
    for (const auto& pose : track) {
        if (!pose) continue;
        for (const Joint& joint : *pose) {
            if (!joint.valid()) continue;
            ++extent.valid;
            extent.outside += joint.x < 0 || joint.y < 0 || joint.x > width || joint.y > height;
            extent.right = std::max(extent.right, joint.x);
            extent.bottom = std::max(extent.bottom, joint.y);
        }
    }
    return extent;
}

void check_inside(const Track& track, FrameSize frame, const std::string& clip) {
    const Extent extent = extent_of(track, frame);
    if (!extent.mostly_outside()) return;
    throw Error("clip '" + clip + "': " + std::to_string(extent.outside) + " of " +
                    std::to_string(extent.valid) + " joints lie outside its frames of " +
                    std::to_string(frame.width) + "x" + std::to_string(frame.height) +
                    " (they reach to " + std::to_string(std::llround(extent.right)) + "x" +
                    std::to_string(std::llround(extent.bottom)) + ")",
                "if the frames were resized after the keypoints were found, give the size before: "
                "--keypoint-size WIDTHxHEIGHT");
}

}  // namespace

std::vector<std::vector<Pose>> read_people(const ClipFiles& clip, KeypointLayout layout) {
    if (clip.has_keypoint_table()) return read_light_hand(clip);
    std::vector<std::vector<Pose>> people;
    for (std::int64_t t = 0; t < clip.count; ++t) {
        people.push_back(read_openpose(clip.keypoint(t), layout));
    }
    return people;
}

std::optional<FrameSize> frame_size(const ClipFiles& clip) {
    if (clip.frames.empty() || !is_file(clip.frame(0))) return std::nullopt;
    return image_size(clip.frame(0));
}

Track choose_track(std::vector<std::vector<Pose>> people, const ClipFiles& clip,
                   std::optional<FrameSize> frame, const KeypointOptions& options) {
    std::optional<FrameSize> picture = options.picture;
    if (frame) {
        const std::optional<Extraction> extraction = read_extraction(clip.frames);
        // A table's keypoints are converted already.
        if (extraction && clip.has_keypoint_table()) picture.reset();
        if (extraction && !picture && clip.has_keypoints_of_video()) picture = extraction->video;
    }
    const std::optional<FrameSize> target = frame ? frame : picture;
    if (target) to_pixels(people, options.scale, *target, picture);
    const Track person = choose_person(people);
    if (frame) check_inside(person, *frame, clip.name);
    return smoothed(gaps_filled(person, options.fill), options.smooth);
}

Track read_track(const ClipFiles& clip, std::optional<FrameSize> frame,
                 const KeypointOptions& options) {
    return choose_track(read_people(clip, options.layout), clip, frame, options);
}

}  // namespace mdn
