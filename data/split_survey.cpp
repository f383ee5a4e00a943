#include "data/split_survey.h"

#include <algorithm>
#include <optional>

#include "engine/error.h"

namespace mdn {

namespace {

/// The persons of single clips, added to a survey.
class Surveyor {
    const ClipOptions& options_;
    std::int64_t readable_ = 0, visible_ = 0;
    JointSurvey survey_;

  public:
    explicit Surveyor(const ClipOptions& options) : options_(options) {}

    void look_at(const ClipFiles& clip) {
        try {
            std::optional<FrameSize> frame;
            if (options_.input == ClipInput::frames) frame = frame_size(clip);
            const auto people = people_in_pixels(
                read_people(clip, options_.keypoints.layout, options_.keypoints.threshold), clip,
                frame, options_.keypoints);
            const Track person = choose_track(people, clip, frame, options_.keypoints);
            ++readable_;
            visible_ += std::any_of(person.begin(), person.end(),
                                    [](const auto& pose) { return pose.has_value(); });
            survey_.add(people, person, frame);
        } catch (const Error&) {
        }
    }
    bool saw_nobody() const { return visible_ == 0; }
    bool could_read() const { return readable_ > 0; }
    const JointSurvey& survey() const { return survey_; }
};

}  // namespace

std::vector<JointSurvey::Finding> survey_split(const std::vector<ListedClip>& clips,
                                               const std::string& split,
                                               const ClipOptions& options) {
    constexpr std::int64_t most = 64;
    if (clips.empty() ||
        (options.input == ClipInput::frames && options.boxes != BoxSource::keypoints))
        return {};
    Surveyor surveyor(options);
    const std::int64_t count = std::min(most, std::ssize(clips));
    for (std::int64_t i = 0; i < count; ++i)
        surveyor.look_at(clips[i * std::ssize(clips) / count].files);
    // Only all clips together say that there is nobody.
    for (std::size_t i = 0; surveyor.saw_nobody() && i < clips.size(); ++i)
        surveyor.look_at(clips[i].files);
    if (surveyor.saw_nobody() && surveyor.could_read())
        throw Error("nobody is visible in any of the " + std::to_string(clips.size()) +
                        " clips of the " + split + " list: no joint of theirs was seen",
                    "microdualnet check DATASET says what is in the keypoint files; a model with "
                    "\"regions\": \"fixed\" does without them");
    std::vector<JointSurvey::Finding> findings = surveyor.survey().findings();
    const auto is_short = [](const ListedClip& clip) { return clip.files.without_keypoints > 0; };
    if (const auto short_clips = std::count_if(clips.begin(), clips.end(), is_short);
        short_clips > 0)
        findings.push_back({std::to_string(short_clips) + " of the " +
                                std::to_string(clips.size()) + " clips of the " + split +
                                " list have no keypoints for their last frame or two: the person "
                                "counts as not seen there",
                            ""});
    return findings;
}

}  // namespace mdn
