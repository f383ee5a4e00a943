#include "data/clip_check.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <map>
#include <utility>

#include "data/formats/numbered_files.h"
#include "data/images/image.h"
#include "data/keypoints/keypoints.h"
#include "engine/error.h"

namespace mdn {

namespace {

/// A message without its numbers: what is the same where only the frame differs.
std::string kind_of(const std::string& message) {
    std::string kind;
    for (const char c : message)
        if (c < '0' || c > '9') kind += c;
    return kind;
}

/// At most four significant digits.
std::string short_text(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.4g", value);
    return text.data();
}

class ClipChecker {
    ListedClip clip_;
    bool quick_;
    KeypointOptions keypoints_;
    DatasetOptions dataset_;
    ClipFindings result_;
    std::map<std::string, std::pair<std::size_t, std::int64_t>> kinds_;  // finding, how often

    void add(bool is_error, const std::string& message, const std::string& hint = {}) {
        const bool placed = message.starts_with(clip_.where + ":");
        const std::string text = placed ? message : clip_.where + ": " + message;
        const auto [kind, is_new] = kinds_.try_emplace(kind_of(text), result_.findings.size(), 0);
        ++kind->second.second;
        if (is_new) result_.findings.push_back({is_error, text, hint});
    }

    void say_how_often() {
        for (const auto& [kind, where] : kinds_)
            if (const std::int64_t others = where.second - 1; others > 0)
                result_.findings[where.first].message +=
                    " (and " + std::to_string(others) +
                    (others == 1 ? " more frame" : " more frames") + " of the clip like this)";
    }

    /// False if the action threw, which is noted.
    template <class Action>
    bool attempt(Action action) {
        try {
            action();
            return true;
        } catch (const Error& error) {
            add(true, error.what(), error.hint());
            return false;
        }
    }

    /// Frames to look into: their positions in the clip.
    std::vector<std::int64_t> chosen() const {
        std::vector<std::int64_t> frames;
        for (std::int64_t t = 0; t < clip_.files.count; ++t)
            if (!quick_ || t == 0 || t == clip_.files.count - 1) frames.push_back(t);
        return frames;
    }

    void count_frames() {
        const NumberedFiles files = frame_files(clip_.files.frames, clip_.files.names);
        const std::int64_t count = clip_.files.count;
        if (quick_ && files.first_missing <= count)
            add(true, clip_.files.frame(files.first_missing - 1).string() + " is missing");
        if (files.last > count)
            add(false, "clip '" + clip_.files.name + "' lists " + std::to_string(count) +
                           " frames, but " + clip_.files.frames.string() + " has " +
                           std::to_string(files.last));
    }

    void decode_frames() {
        for (const std::int64_t t : chosen()) {
            attempt([&] {
                const auto path = clip_.files.frame(t);
                const FrameSize image = check_image(path);
                if (result_.width == 0) {
                    result_.width = image.width;
                    result_.height = image.height;
                } else if (image.width != result_.width || image.height != result_.height) {
                    throw Error(path.string() + " is " + std::to_string(image.width) + "x" +
                                std::to_string(image.height) + ", but frames before it are " +
                                std::to_string(result_.width) + "x" +
                                std::to_string(result_.height));
                }
            });
        }
    }

    void note_missing_keypoints() {
        if (const std::int64_t missing = clip_.files.without_keypoints; missing > 0)
            add(false,
                "clip '" + clip_.files.name + "' has no keypoints for its last " +
                    (missing == 1 ? std::string("frame") : std::to_string(missing) + " frames") +
                    ": the person counts as not seen there");
    }

    void count_keypoints() {
        const NumberedFiles files = keypoint_files(clip_.files);
        if (files.last > clip_.files.count)
            add(false, "clip '" + clip_.files.name + "' has " + std::to_string(clip_.files.count) +
                           " frames, but " + clip_.files.keypoints.string() + " has keypoints of " +
                           std::to_string(files.last));
    }

    void count_people(const std::vector<std::vector<Pose>>& people) {
        for (const std::vector<Pose>& frame : people) {
            const bool somebody = std::any_of(frame.begin(), frame.end(), [](const Pose& pose) {
                return std::any_of(pose.begin(), pose.end(),
                                   [](const Joint& joint) { return joint.valid(); });
            });
            result_.people_listed += std::ssize(frame);
            ++result_.frames_with_keypoints;
            result_.frames_without_person += !somebody;
        }
    }

    /// Of a clip in which nobody is visible.
    std::string why_nobody() const {
        if (result_.people_listed == 0) return "";
        std::string text = ", although its keypoint files list " +
                           std::to_string(result_.people_listed) +
                           (result_.people_listed == 1 ? " person" : " people") + ": ";
        double largest = 0;
        bool placed = false;
        for (const std::int64_t t : chosen()) {
            try {
                constexpr double all = -std::numeric_limits<double>::infinity();
                for (const auto& frame :
                     read_people(clip_.files.part(t, 1), keypoints_.layout, all))
                    for (const Pose& pose : frame)
                        for (const Joint& joint : pose) {
                            if (joint.x == 0 && joint.y == 0) continue;
                            placed = true;
                            largest = std::max(largest, joint.confidence);
                        }
            } catch (const Error&) {
                // It has been complained of.
            }
        }
        if (!placed) return text + "every joint is at (0, 0) or (-1, -1), or no number";
        if (largest <= 0) return text + "every confidence is 0";
        return text + "every confidence is at or below the threshold " +
               short_text(keypoints_.threshold) + " (the largest is " + short_text(largest) + ")";
    }

    void read_keypoints() {
        if (!quick_) {
            // In one go where all is well: of a table, every frame would be sought anew.
            try {
                auto people = read_people(clip_.files, keypoints_.layout, keypoints_.threshold);
                count_people(people);
                return choose_person_of(std::move(people));
            } catch (const Error&) {
            }
        }
        std::vector<std::vector<Pose>> seen;
        for (const std::int64_t t : chosen()) {
            attempt([&] {
                const auto people =
                    read_people(clip_.files.part(t, 1), keypoints_.layout, keypoints_.threshold);
                count_people(people);
                seen.push_back(people[0]);
            });
        }
        choose_person_of(std::move(seen));
    }

    void choose_person_of(std::vector<std::vector<Pose>> people) {
        attempt([&] {
            // Frames that were looked at have been complained of already.
            std::optional<FrameSize> frame;
            if (result_.width > 0) frame = FrameSize{result_.width, result_.height};
            people = people_in_pixels(std::move(people), clip_.files, frame, keypoints_);
            const Track person = choose_track(people, clip_.files, frame, keypoints_);
            result_.joints.add(people, person, frame);
            if (frame && result_.joints.is_outside())
                add(false,
                    "clip '" + clip_.files.name + "': " + std::to_string(result_.joints.outside()) +
                        " of " + std::to_string(result_.joints.joints()) +
                        " joints lie outside its frames of " + std::to_string(frame->width) + "x" +
                        std::to_string(frame->height) + ": " + result_.joints.extent_in(*frame));
        });
    }

  public:
    ClipChecker(const ListedClip& clip, bool quick, const KeypointOptions& keypoints,
                const DatasetOptions& dataset)
        : clip_(clip), quick_(quick), keypoints_(keypoints), dataset_(dataset) {}

    ClipFindings check(ClipNeeds needs) {
        // One after the other, so that what is wrong with one does not hide the other's.
        const bool has_frames =
            needs.frames &&
            attempt([&] { complete_clip(clip_, {.frames = true, .keypoints = false}, dataset_); });
        const bool has_keypoints =
            needs.keypoints &&
            attempt([&] { complete_clip(clip_, {.frames = false, .keypoints = true}, dataset_); });
        result_.frames = clip_.files.count;
        if (has_frames && !clip_.is_part) count_frames();
        if (has_frames) decode_frames();
        if (has_keypoints) note_missing_keypoints();
        if (has_keypoints && !clip_.is_part) count_keypoints();
        if (has_keypoints) read_keypoints();
        if (result_.frames_with_keypoints > 0 &&
            result_.frames_without_person == result_.frames_with_keypoints)
            add(false, "nobody is visible in clip '" + clip_.files.name + "'" + why_nobody(),
                result_.people_listed == 0
                    ? ""
                    : "a joint counts as seen if its confidence is above --keypoint-threshold; "
                      "where a program left confidences out, write 1 for joints that are there");
        say_how_often();
        return result_;
    }
};

}  // namespace

ClipFindings check_clip(const ListedClip& clip, ClipNeeds needs, bool quick,
                        const KeypointOptions& keypoints, const DatasetOptions& dataset) {
    return ClipChecker(clip, quick, keypoints, dataset).check(needs);
}

}  // namespace mdn
