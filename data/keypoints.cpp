#include "data/keypoints.h"

#include <algorithm>
#include <cmath>

#include "data/file.h"
#include "data/image.h"
#include "data/light_hand.h"
#include "data/openpose.h"
#include "data/person.h"
#include "engine/error.h"

namespace mdn {

namespace {

std::string size_text(double width, double height) {
    return std::to_string(std::llround(width)) + "x" + std::to_string(std::llround(height));
}

void check_inside(const Track& track, FrameSize frame, const std::string& clip) {
    const double width = static_cast<double>(frame.width);
    const double height = static_cast<double>(frame.height);
    std::int64_t valid = 0, outside = 0;
    double right = 0, bottom = 0;
    for (const auto& pose : track) {
        if (!pose) continue;
        for (const Joint& joint : *pose) {
            if (!joint.valid()) continue;
            ++valid;
            outside += joint.x < 0 || joint.y < 0 || joint.x > width || joint.y > height;
            right = std::max(right, joint.x);
            bottom = std::max(bottom, joint.y);
        }
    }
    if (2 * outside <= valid) return;
    throw Error("clip '" + clip + "': " + std::to_string(outside) + " of " + std::to_string(valid) +
                    " joints lie outside its frames of " + size_text(width, height) +
                    " (they reach to " + size_text(right, bottom) + ")",
                "if the keypoints were found before the frames were resized, say in what size: "
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

Track read_track(const ClipFiles& clip, const KeypointOptions& options) {
    auto people = read_people(clip, options.layout);
    std::optional<FrameSize> frame;
    if (!clip.frames.empty() && is_file(clip.frame(0))) frame = image_size(clip.frame(0));
    const std::optional<FrameSize> target = frame ? frame : options.picture;
    if (target) to_pixels(people, options.scale, *target, options.picture);
    const Track person = choose_person(people);
    if (frame) check_inside(person, *frame, clip.name);
    return smoothed(gaps_filled(person, options.fill), options.smooth);
}

}  // namespace mdn
