#include "data/keypoints/formats/conversion.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "data/file.h"
#include "data/formats/list_file.h"
#include "data/keypoints/formats/frame_folder.h"
#include "data/keypoints/formats/image_names.h"
#include "data/keypoints/formats/source_survey.h"
#include "engine/error.h"
#include "engine/files/atomic_folder.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t longest_clip = 1'000'000;  // frames
/// So many frames in a row without anybody are rather numbers that are no frames'.
constexpr std::int64_t widest_gap = 10'000;

void check_clip_name(const std::string& name) {
    const bool has_control = std::any_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < ' ' || c == 127;
    });
    const fs::path path(name);
    if (name.empty() || has_control || !is_utf8(name) || name.starts_with(" ") ||
        name.ends_with(" ") || path.lexically_normal() != path || !path.has_filename() ||
        name == ".")
        throw Error("'" + name.substr(0, 100) + "' cannot be the name of a clip",
                    "--clip NAME names a source that is a single clip");
    check_name(name, "the source");
}

/// What is kept of a clip between looking and deciding.
struct Seen {
    std::size_t index = 0;
    std::string name;
    std::int64_t lowest = 0, highest = -1, listed = 0;
    std::string lowest_image;
    bool lists_all = false;
    std::optional<std::int64_t> length, first, label;
    std::optional<FrameFolder> frames;
};

std::string size_text(std::int64_t width, std::int64_t height) {
    return std::to_string(width) + "x" + std::to_string(height);
}

constexpr const char* guess_zero =
    "0, as in this program's results for videos; 0 itself shows nobody. "
    "(If these are pictures called 1.jpg, 2.jpg, ...: --first-frame 1)";
constexpr const char* guess_one =
    "1, which nothing proves: pictures without anybody are not listed. (If they count from 0: "
    "--first-frame 0)";
bool is_guess(const std::string& why) { return why == guess_zero || why == guess_one; }

class Planner {
  public:
    Planner(KeypointSource& source, const ConversionOptions& options)
        : source_(source), options_(options) {}

    ConversionPlan plan(const std::function<void(std::size_t)>& progress) {
        for (std::size_t i = 0; i < source_.count(); ++i) {
            look_at(source_.read(i), i);
            if (progress) progress(i + 1);
        }
        if (seen_.empty()) throw Error("the source holds no frame");
        check_nesting();
        for (const Seen& clip : seen_) decide(clip);
        say_scale();
        say_warnings();
        return std::move(plan_);
    }

  private:
    void look_at(const FoundClip& clip, std::size_t index) {
        check_clip_name(clip.name);
        if (clip.frames.empty() && clip.length.value_or(0) == 0) {
            ++without_frames_[clip.name];
            return;
        }
        Seen seen;
        seen.index = index;
        seen.name = clip.name;
        seen.lists_all = clip.lists_all;
        seen.length = clip.length;
        seen.first = clip.first;
        seen.label = clip.label;
        seen.listed = std::ssize(clip.frames);
        if (!clip.frames.empty()) {
            seen.lowest = clip.frames.front().number;
            seen.highest = clip.frames.back().number;
            seen.lowest_image = clip.frames.front().image;
        }
        seen.frames = look_at_frames(options_.dataset / "frames" / clip.name);
        for (const FoundFrame& frame : clip.frames) {
            const auto is_seen = [](const Pose& pose) { return SourceSurvey::is_seen(pose); };
            with_people_ += std::any_of(frame.people.begin(), frame.people.end(), is_seen);
            plan_.most_people = std::max(plan_.most_people, frame.people.size());
            for (const Pose& pose : frame.people) survey_.add(pose);
        }
        check_gaps(clip);
        normalised_ |= clip.normalised;
        if (const auto picture = picture_of(clip)) {
            ++clips_of_picture_[{picture->width, picture->height}];
            if (seen.frames && !clip.normalised) compare_shapes(clip.name, *picture, *seen.frames);
        }
        if (seen.lowest == 0 && seen.highest >= 0 && !clip.first) any_zero_ = true;
        AtomicFolder::check_replaceable(keypoint_folder(options_, clip.name), keypoint_suffix,
                                        options_.overwrite);
        seen_.push_back(std::move(seen));
    }

    /// Pictures of another size are scaled; of another shape they would be stretched as well.
    void compare_shapes(const std::string& clip, FrameSize picture, const FrameFolder& frames) {
        const FrameSize frame = frames.size();
        const double shape =
            static_cast<double>(picture.width) / static_cast<double>(picture.height);
        const double of_frames =
            static_cast<double>(frame.width) / static_cast<double>(frame.height);
        if (std::abs(shape / of_frames - 1) > 0.05)
            ++other_shape_[clip + " (" + size_text(picture.width, picture.height) + ", " +
                           size_text(frame.width, frame.height) + ")"];
    }

    /// Numbers far apart are no frames' numbers: identities of pictures in a database, say.
    void check_gaps(const FoundClip& clip) {
        for (std::size_t f = 1; f < clip.frames.size(); ++f) {
            const std::int64_t before = clip.frames[f - 1].number, after = clip.frames[f].number;
            if (after - before > widest_gap)
                throw Error("clip '" + clip.name + "': frame " + std::to_string(after) +
                                " follows frame " + std::to_string(before) + " (" +
                                (clip.frames[f].image.empty() ? "frame_id"
                                                              : "'" + clip.frames[f].image + "'") +
                                "): these numbers do not count the frames of a video",
                            "the source's pictures must be a clip's frames, numbered one by one");
        }
    }

    /// A clip's folder of files cannot also hold another clip's folder: it is replaced as a whole.
    void check_nesting() const {
        std::set<std::string> names;
        for (const Seen& clip : seen_)
            if (!names.insert(clip.name).second)
                throw Error("the source has two clips called '" + clip.name + "'");
        for (const std::string& name : names)
            for (std::size_t slash = name.find('/'); slash != name.npos;
                 slash = name.find('/', slash + 1))
                if (names.contains(name.substr(0, slash)))
                    throw Error("clip '" + name + "' would lie in the folder of clip '" +
                                    name.substr(0, slash) + "'",
                                "give the folders one by one as SOURCE, each with another --out");
    }

    /// The number of the clip's first frame, and why it is taken to be that.
    std::pair<std::int64_t, std::string> first_of(const Seen& clip) const {
        if (options_.lowest_first) return {clip.lowest, "the lowest in each clip (--first-frame)"};
        if (options_.first_frame)
            return {*options_.first_frame,
                    std::to_string(*options_.first_frame) + " (--first-frame)"};
        if (clip.first) return {*clip.first, std::to_string(*clip.first) + ", by the format"};
        if (clip.frames && clip.frames->has(clip.lowest_image))
            return {clip.frames->first(), "the first of the pictures of the same names in " +
                                              (options_.dataset / "frames").string()};
        if (any_zero_) return {0, "0, which occurs"};
        if (clip.lists_all) {
            if (clip.lowest > 1 && !(clip.frames && clip.frames->count == clip.listed))
                throw Error("clip '" + clip.name + "': the lowest number is " +
                                std::to_string(clip.lowest) +
                                ", and nothing tells whether that is its first frame",
                            "--first-frame lowest if it is, --first-frame 1 if frames without "
                            "anybody are missing");
            return {clip.lowest, "the lowest in each clip"};
        }
        if (clip.frames && clip.highest >= clip.frames->count)
            return {1, "1, since the highest number is that of the last frame in " +
                           (options_.dataset / "frames").string()};
        const std::string stem = fs::path(clip.lowest_image).stem().string();
        const bool only_number = stem == std::to_string(clip.lowest);
        if (only_number && source_.counts_videos_from_zero()) return {0, guess_zero};
        return {1, guess_one};
    }

    void decide(const Seen& clip) {
        const auto [first, why] = first_of(clip);
        ++firsts_[why];
        if (clip.highest >= 0 && clip.lowest < first)
            throw Error("clip '" + clip.name + "' has a frame " + std::to_string(clip.lowest) +
                            ", before its first one, " + std::to_string(first),
                        "--first-frame " + std::to_string(clip.lowest));
        PlannedClip planned{.index = clip.index,
                            .name = clip.name,
                            .first = first,
                            .length = 0,
                            .label = clip.label};
        const std::int64_t reaches = clip.highest < 0 ? 0 : clip.highest - first + 1;
        planned.length = std::max(clip.length.value_or(0), reaches);
        if (clip.length && reaches > *clip.length)
            throw Error("clip '" + clip.name + "' has " + std::to_string(*clip.length) +
                        " frames, but also a frame " + std::to_string(clip.highest));
        if (clip.frames) fit_to_frames(clip, planned);
        if (planned.length > longest_clip)
            throw Error("clip '" + clip.name + "' would have " + std::to_string(planned.length) +
                        " frames");
        if (is_guess(why)) ++guessed_[clip.name];
        if (!clip.frames && !clip.lists_all && !clip.length) ++open_ended_[clip.name];
        if (clip.lists_all && clip.listed < reaches) ++with_gaps_[clip.name];
        plan_.frames += planned.length;
        plan_.clips.push_back(std::move(planned));
    }

    void fit_to_frames(const Seen& clip, PlannedClip& planned) {
        const std::int64_t count = clip.frames->count;
        if (planned.length > count) {
            if (clip.lists_all || clip.length) {
                ++longer_[clip.name + " (" + std::to_string(planned.length) + ", " +
                          std::to_string(count) + ")"];
                return;
            }
            throw Error("clip '" + clip.name + "': number " + std::to_string(clip.highest) +
                            " is frame " + std::to_string(planned.length) + ", but " +
                            clip.frames->folder.string() + " has " + std::to_string(count) +
                            " frames",
                        "if the source counts otherwise, --first-frame N says from which number");
        }
        if (planned.length < count) {
            if (clip.lists_all || clip.length)
                ++shorter_[clip.name + " (" + std::to_string(planned.length) + ", " +
                           std::to_string(count) + ")"];
            else
                planned.length = count;  // nobody in the last frames
        }
    }

    void say_scale() {
        plan_.people = survey_.people();
        plan_.empty_frames = plan_.frames - with_people_;
        plan_.joints = survey_.joints();
        plan_.least_confidence = survey_.least_confidence();
        plan_.largest_confidence = survey_.largest_confidence();
        plan_.scale = survey_.scale_text(normalised_);
        std::int64_t sizes = 0;
        for (const auto& [size, clips] : clips_of_picture_) {
            if (++sizes > 4) break;
            plan_.scale += (sizes == 1 ? "; found in pictures of " : ", ") +
                           size_text(size.first, size.second);
        }
        for (const auto& [why, clips] : firsts_) {
            if (!plan_.numbering.empty()) plan_.numbering += "; ";
            plan_.numbering += "first frame: " + why;
            if (firsts_.size() > 1) plan_.numbering += " (" + std::to_string(clips) + " clips)";
        }
    }

    using Counts = std::map<std::string, std::int64_t>;

    void warn(const Counts& clips, const std::string& what) {
        if (clips.empty()) return;
        plan_.warnings.push_back(std::to_string(clips.size()) +
                                 (clips.size() == 1 ? " clip " : " clips ") + what + ": " +
                                 clips.begin()->first + (clips.size() > 1 ? ", for one" : ""));
    }

    void say_warnings() {
        warn(without_frames_, "without any frame: left out");
        warn(shorter_,
             "with fewer frames in the source than in frames/ (numbers in brackets): if frames "
             "were left out before the end, all later ones are shifted");
        warn(longer_, "with more frames in the source than in frames/ (numbers in brackets)");
        warn(with_gaps_, "with numbers missing: frames without anybody are written for them");
        warn(open_ended_,
             "whose source lists only frames that show somebody, and no frames/ to tell how long "
             "they are: they end with the last frame listed");
        for (std::string& warning : survey_.warnings())
            plan_.warnings.push_back(std::move(warning));
        warn(other_shape_,
             "whose pictures have another shape than the frames (sizes in brackets), so that the "
             "body is stretched: width and height may be swapped in the source");
        warn(guessed_,
             "whose first frame is a guess (see numbering): if it is wrong, all keypoints are "
             "shifted against their frames; --first-frame says which number it has");
        if (survey_.people() == 0) plan_.warnings.push_back("no frame shows anybody");
    }

    KeypointSource& source_;
    const ConversionOptions& options_;
    ConversionPlan plan_;
    std::vector<Seen> seen_;
    SourceSurvey survey_;
    bool normalised_ = false;
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> clips_of_picture_;
    std::int64_t with_people_ = 0;
    bool any_zero_ = false;
    Counts firsts_, without_frames_, shorter_, longer_, with_gaps_, open_ended_, guessed_,
        other_shape_;
};

}  // namespace

ConversionPlan plan_conversion(KeypointSource& source, const ConversionOptions& options,
                               const std::function<void(std::size_t)>& progress) {
    return Planner(source, options).plan(progress);
}

}  // namespace mdn
