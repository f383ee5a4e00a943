#include "data/keypoints/formats/conversion.h"

#include <array>
#include <charconv>
#include <cmath>
#include <memory>

#include "data/formats/list_file.h"
#include "data/keypoints/formats/frame_folder.h"
#include "engine/error.h"
#include "engine/files/atomic_folder.h"

namespace mdn {

namespace {

/// Into pixels of the clip's frames, as far as sizes are known.
void convert_units(FoundClip& clip, const std::optional<FrameFolder>& frames) {
    const std::optional<FrameSize> picture = picture_of(clip);
    if (!clip.normalised && (!picture || !frames)) return;
    if (clip.normalised && !frames) return;
    const FrameSize target = frames->size();
    const double from_width = clip.normalised ? 1 : static_cast<double>(picture->width);
    const double from_height = clip.normalised ? 1 : static_cast<double>(picture->height);
    const double x = static_cast<double>(target.width) / from_width;
    const double y = static_cast<double>(target.height) / from_height;
    for (FoundFrame& frame : clip.frames)
        for (Pose& pose : frame.people)
            for (Joint& joint : pose) joint.x *= x, joint.y *= y;
}

/// Shortest text that is the same float.
void append_number(std::string& text, double value) {
    std::array<char, 32> digits{};
    const auto [end, failure] =
        std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<float>(value));
    text.append(digits.data(), end);
}

}  // namespace

std::string keypoint_folder(const ConversionOptions& options, const std::string& clip) {
    return (options.dataset / "keypoints" / clip).string();
}

std::string keypoint_file_text(const std::vector<Pose>& people) {
    std::string text = R"({"version":1.3,"people":[)";
    for (const Pose& pose : people) {
        text.append(&pose == &people.front() ? "" : ",");
        text.append(R"({"person_id":[-1],"pose_keypoints_2d":[)");
        for (const Joint& joint : pose) {
            const bool known = std::isfinite(joint.x) && std::isfinite(joint.y) &&
                               std::isfinite(joint.confidence) && joint.confidence > 0 &&
                               std::abs(joint.x) < Joint::farthest &&
                               std::abs(joint.y) < Joint::farthest;
            const Joint written = known ? joint : Joint{};
            for (const double value : {written.x, written.y, written.confidence}) {
                append_number(text, value);
                text.push_back(',');
            }
        }
        text.back() = ']';
        text.push_back('}');
    }
    return text + "]}\n";
}

void write_conversion(KeypointSource& source, const ConversionOptions& options,
                      const ConversionPlan& plan,
                      const std::function<void(std::size_t)>& progress) {
    constexpr std::size_t at_once = 128;  // clips that are synced together
    const std::string nobody = keypoint_file_text({});
    std::vector<std::unique_ptr<AtomicFolder>> folders;
    for (std::size_t i = 0; i < plan.clips.size(); ++i) {
        const PlannedClip& planned = plan.clips[i];
        FoundClip clip = source.read(planned.index);
        if (clip.name != planned.name) throw Error("the source changed while it was read");
        const auto frames = look_at_frames(options.dataset / "frames" / clip.name);
        convert_units(clip, frames);
        // Named after the frames, so that the two cannot be taken for different numbers.
        const FrameNames names = frames ? frames->names : FrameNames();
        folders.push_back(std::make_unique<AtomicFolder>(keypoint_folder(options, clip.name),
                                                         keypoint_suffix, options.overwrite));
        auto next = clip.frames.begin();
        for (std::int64_t t = 0; t < planned.length; ++t) {
            const bool found = next != clip.frames.end() && next->number == planned.first + t;
            folders.back()->write(names.stem_at(t) + keypoint_suffix,
                                  found ? keypoint_file_text(next->people) : nobody);
            next += found;
        }
        if (next != clip.frames.end()) throw Error("the source changed while it was read");
        if (folders.size() == at_once || i + 1 == plan.clips.size()) {
            AtomicFolder::commit_all(folders);
            folders.clear();
        }
        if (progress) progress(i + 1);
    }
}

}  // namespace mdn
