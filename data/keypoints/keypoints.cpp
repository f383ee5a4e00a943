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

std::vector<std::vector<Pose>> read_people(const ClipFiles& clip, KeypointLayout layout,
                                           double threshold) {
    ClipFiles known = clip;
    known.count -= clip.without_keypoints;
    std::vector<std::vector<Pose>> people;
    if (clip.has_keypoint_table()) {
        people = read_light_hand(known);
    } else {
        for (std::int64_t t = 0; t < known.count; ++t)
            people.push_back(read_openpose(known.keypoint(t), layout));
    }
    for (std::vector<Pose>& frame : people)
        for (Pose& pose : frame)
            for (Joint& joint : pose)
                if (!(joint.confidence > threshold)) joint = {};
    people.resize(static_cast<std::size_t>(clip.count));
    return people;
}

std::optional<FrameSize> frame_size(const ClipFiles& clip) {
    if (clip.frames.empty() || !is_file(clip.frame(0))) return std::nullopt;
    return image_size(clip.frame(0));
}

std::vector<std::vector<Pose>> people_in_pixels(std::vector<std::vector<Pose>> people,
                                                const ClipFiles& clip,
                                                std::optional<FrameSize> frame,
                                                const KeypointOptions& options) {
    std::optional<FrameSize> picture = options.picture;
    if (frame) {
        const std::optional<Extraction> extraction = read_extraction(clip.frames);
        // A table's keypoints are converted already.
        if (extraction && clip.has_keypoint_table()) picture.reset();
        if (extraction && !picture && clip.has_keypoints_of_video()) picture = extraction->video;
    }
    const std::optional<FrameSize> target = frame ? frame : picture;
    if (target) to_pixels(people, options.scale, *target, picture);
    return people;
}

Track choose_track(const std::vector<std::vector<Pose>>& people, const ClipFiles& clip,
                   std::optional<FrameSize> frame, const KeypointOptions& options) {
    const Track person = choose_person(people);
    if (frame) check_inside(person, *frame, clip.name);
    return smoothed(gaps_filled(person, options.fill), options.smooth);
}

Track read_track(const ClipFiles& clip, std::optional<FrameSize> frame,
                 const KeypointOptions& options) {
    const auto people = people_in_pixels(read_people(clip, options.layout, options.threshold), clip,
                                         frame, options);
    return choose_track(people, clip, frame, options);
}

}  // namespace mdn
