#include "data/clip_check.h"

#include <algorithm>
#include <utility>

#include "data/formats/numbered_files.h"
#include "data/images/image.h"
#include "data/keypoints/keypoints.h"
#include "engine/error.h"

namespace mdn {

namespace {

class ClipChecker {
    ListedClip clip_;
    bool cut_, quick_;
    KeypointOptions keypoints_;
    ClipFindings result_;

    void add(bool is_error, const std::string& message, const std::string& hint = {}) {
        const bool placed = message.starts_with(clip_.where + ":");
        result_.findings.push_back(
            {is_error, placed ? message : clip_.where + ": " + message, hint});
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
        const NumberedFiles files = frame_files(clip_.files.frames);
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
                const Image image = read_image(path);
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

    void count_keypoints() {
        const NumberedFiles files = keypoint_files(clip_.files);
        if (files.last > clip_.files.count)
            add(false, "clip '" + clip_.files.name + "' has " + std::to_string(clip_.files.count) +
                           " frames, but " + clip_.files.keypoints.string() + " has keypoints of " +
                           std::to_string(files.last));
    }

    ClipFiles part(std::int64_t first, std::int64_t count) const {
        ClipFiles files = clip_.files;
        files.first += first;
        files.count = count;
        return files;
    }

    void count_people(const std::vector<std::vector<Pose>>& people) {
        for (const std::vector<Pose>& frame : people) {
            const bool somebody = std::any_of(frame.begin(), frame.end(), [](const Pose& pose) {
                return std::any_of(pose.begin(), pose.end(),
                                   [](const Joint& joint) { return joint.valid(); });
            });
            ++result_.frames_with_keypoints;
            result_.frames_without_person += !somebody;
        }
    }

    void read_keypoints() {
        if (!quick_) {
            // In one go where all is well: of a table, every frame would be sought anew.
            try {
                auto people = read_people(clip_.files, keypoints_.layout);
                count_people(people);
                return choose_person_of(std::move(people));
            } catch (const Error&) {
            }
        }
        std::vector<std::vector<Pose>> seen;
        for (const std::int64_t t : chosen()) {
            attempt([&] {
                const auto people = read_people(part(t, 1), keypoints_.layout);
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
            choose_track(std::move(people), clip_.files, frame, keypoints_);
        });
    }

  public:
    ClipChecker(const ListedClip& clip, bool cut, bool quick, const KeypointOptions& keypoints)
        : clip_(clip), cut_(cut), quick_(quick), keypoints_(keypoints) {}

    ClipFindings check(ClipNeeds needs) {
        // One after the other, so that what is wrong with one does not hide the other's.
        const bool has_frames = needs.frames && attempt([&] {
                                    complete_clip(clip_, {.frames = true, .keypoints = false});
                                });
        const bool has_keypoints = needs.keypoints && attempt([&] {
                                       complete_clip(clip_, {.frames = false, .keypoints = true});
                                   });
        result_.frames = clip_.files.count;
        if (has_frames && !cut_) count_frames();
        if (has_frames) decode_frames();
        if (has_keypoints && !cut_) count_keypoints();
        if (has_keypoints) read_keypoints();
        if (result_.frames_with_keypoints > 0 &&
            result_.frames_without_person == result_.frames_with_keypoints)
            add(false, "nobody is visible in clip '" + clip_.files.name + "'");
        return result_;
    }
};

}  // namespace

ClipFindings check_clip(const ListedClip& clip, ClipNeeds needs, bool cut, bool quick,
                        const KeypointOptions& keypoints) {
    return ClipChecker(clip, cut, quick, keypoints).check(needs);
}

}  // namespace mdn
