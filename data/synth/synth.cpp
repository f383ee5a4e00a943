#include "data/synth/synth.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string_view>
#include <vector>

#include "data/formats/list_file.h"
#include "data/images/jpeg_writer.h"
#include "data/synth/drawing.h"
#include "data/synth/keypoints.h"
#include "engine/error.h"
#include "engine/files/partial_path.h"
#include "engine/threads.h"

namespace mdn {
namespace {

namespace fs = std::filesystem;
using namespace synth;

constexpr uint64_t kClipDomain = 2;
constexpr double kFramesPerSecond = 30;
constexpr std::array<const char*, 3> kSplits = {"train", "val", "test"};

struct Clip {
    int64_t subject, label, frames;
    std::string name;  ///< its folder below frames/ and keypoints/
};

void check_range(const char* name, int64_t value, int64_t low, int64_t high) {
    if (value < low || value > high) {
        const std::string range = std::to_string(low) + ".." + std::to_string(high);
        throw Error("synth: " + std::string(name) + " is " + std::to_string(value) +
                        ", not within " + range,
                    "give a value of " + range);
    }
}

void check(const SynthOptions& options) {
    if (options.out.empty()) throw Error("synth: no output folder given");
    check_range("subjects", options.subjects, 3, 1000);
    check_range("clips per class", options.clips_per_class, 1, 100000);
    const int64_t clips = options.clips_per_class * static_cast<int64_t>(kActions.size());
    if (clips < options.subjects) {
        throw Error("synth: " + std::to_string(clips) + " clips are too few for " +
                        std::to_string(options.subjects) + " subjects",
                    "more clips per class, or fewer subjects");
    }
    check_range("size", options.size, 32, 2048);
    check_range("min frames", options.min_frames, 1, 1000);
    check_range("max frames", options.max_frames, 1, 1000);
    if (options.min_frames > options.max_frames)
        throw Error(
            "synth: max frames is " + std::to_string(options.max_frames) +
                ", less than min frames, which is " + std::to_string(options.min_frames),
            "clips have a length between the two: lower --min-frames or raise --max-frames");
    check_range("JPEG quality", options.jpeg_quality, 1, 100);
}

/// The i-th clip of the set, counted over all classes, goes to subject i modulo their number, so
/// that neither a class's clips nor all clips differ by more than one between subjects.
std::vector<Clip> plan_clips(const SynthOptions& options) {
    std::vector<Clip> clips;
    for (size_t label = 0; label < kActions.size(); ++label) {
        std::string action(kActions[label].name);
        std::replace(action.begin(), action.end(), ' ', '_');
        for (int64_t i = 0; i < options.clips_per_class; ++i) {
            const int64_t index = static_cast<int64_t>(clips.size());
            const int64_t subject = index % options.subjects;
            Random random(options.seed, kClipDomain, static_cast<uint64_t>(index));
            const int64_t frames =
                options.min_frames + random.below(options.max_frames - options.min_frames + 1);
            clips.push_back(
                {subject, static_cast<int64_t>(label), frames,
                 numbered("subject%03lld_", subject + 1) + action + numbered("_%04lld", i + 1)});
        }
    }
    return clips;
}

void write_file(const fs::path& path, std::string_view bytes) {
    errno = 0;
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file)
        throw Error("synth: cannot write " + path.string() + ": " +
                    (errno != 0 ? std::strerror(errno) : "it was cut short"));
}

void render(const SynthOptions& options, const fs::path& folder, const Clip& clip, int64_t index) {
    const fs::path frames = folder / "frames" / clip.name;
    const fs::path keypoints = folder / "keypoints" / clip.name;
    fs::create_directories(frames);
    fs::create_directories(keypoints);
    const Subject subject = draw_subject(options.seed, clip.subject);
    // The plan drew the clip's length first from the same stream.
    Random random(options.seed, kClipDomain, static_cast<uint64_t>(index));
    random.bits();
    const Performance performance = draw_performance(static_cast<Action>(clip.label), subject,
                                                     clip.frames, kFramesPerSecond, random);
    const Camera camera = camera_of(subject, options.size);
    Canvas room(options.size, static_cast<float>(random.uniform(-0.6, 0.6)));
    draw_room(room, subject.room, random);
    const double noise = random.uniform(1.5, 4.5);
    PoseEstimator estimator(camera, options.size, subject.fill * static_cast<double>(options.size),
                            random);
    for (int64_t frame = 0; frame < clip.frames; ++frame) {
        const double seconds = static_cast<double>(frame) / kFramesPerSecond;
        const Figure figure = pose_at(subject, performance, seconds);
        Canvas canvas = room;
        draw_figure(canvas, camera, subject, figure);
        const std::string stem = numbered("img_%05lld", frame + 1);
        write_file(frames / (stem + ".jpg"),
                   jpeg_bytes({options.size, options.size, expose(canvas, noise, random)},
                              options.jpeg_quality));
        write_file(keypoints / (stem + "_keypoints.json"), openpose_json(estimator.people(figure)));
    }
}

/// 0 train, 1 val, 2 test.
int split_of(int64_t subject, int64_t subjects) {
    const int64_t held_out = std::max<int64_t>(1, (subjects + 2) / 5);
    if (subject >= subjects - held_out) return 2;
    return subject >= subjects - 2 * held_out ? 1 : 0;
}

SynthSummary write_lists(const SynthOptions& options, const fs::path& folder,
                         const std::vector<Clip>& clips) {
    SynthSummary summary;
    std::string labels;
    for (size_t label = 0; label < kActions.size(); ++label) {
        labels += std::to_string(label) + "\t" + std::string(kActions[label].name) + "\t" +
                  std::string(kActions[label].body_level) + "\n";
    }
    write_file(folder / "labels.txt", labels);
    std::array<std::string, 3> lists;
    for (const Clip& clip : clips) {
        const int split = split_of(clip.subject, options.subjects);
        lists[split] +=
            clip.name + " " + std::to_string(clip.frames) + " " + std::to_string(clip.label) + "\n";
        ++summary.split_clips[split];
        summary.frames += clip.frames;
    }
    for (size_t split = 0; split < lists.size(); ++split) {
        write_file(folder / (std::string(kSplits[split]) + ".txt"), lists[split]);
    }
    for (int64_t subject = 0; subject < options.subjects; ++subject) {
        ++summary.split_subjects[split_of(subject, options.subjects)];
    }
    summary.classes = static_cast<int64_t>(kActions.size());
    summary.clips = static_cast<int64_t>(clips.size());
    return summary;
}

void render_all(const SynthOptions& options, const fs::path& folder,
                const std::vector<Clip>& clips) {
    const int64_t total = static_cast<int64_t>(clips.size());
    int64_t done = 0;
    std::mutex mutex;  // of done and the progress
    run_shares(total, [&](int64_t index) {
        render(options, folder, clips[index], index);
        const std::lock_guard lock(mutex);
        ++done;
        if (options.progress) options.progress(done, total);
    });
}

/// Whether a folder holds only what is written here.
bool is_rendered(const std::string& folder) {
    std::error_code failure;
    const fs::directory_iterator entries(folder, failure);
    return !failure && std::all_of(begin(entries), end(entries), [](const auto& entry) {
        const std::string name = entry.path().filename().string();
        return name == "frames" || name == "keypoints" || name == "labels.txt" ||
               std::any_of(kSplits.begin(), kSplits.end(),
                           [&](const char* split) { return name == std::string(split) + ".txt"; });
    });
}

[[noreturn]] void refuse_to_replace(const std::string& out) {
    throw Error("synth: " + out + " exists and is not an empty folder",
                "choose another folder, or delete it first");
}

/// Renders into a folder beside `out`, which is removed unless all of it succeeds.
SynthSummary render_into_place(const SynthOptions& options, const fs::path& out) {
    const PartialPath unfinished(out.string(), PartialPath::Kind::folder, is_rendered);
    try {
        const std::vector<Clip> clips = plan_clips(options);
        const SynthSummary summary = write_lists(options, unfinished.name(), clips);
        render_all(options, unfinished.name(), clips);
        unfinished.sync();
        std::error_code failure;
        fs::rename(unfinished.name(), out, failure);  // over an empty folder, if there is one
        if (failure == std::errc::directory_not_empty || failure == std::errc::file_exists)
            refuse_to_replace(options.out);  // another process was faster
        if (failure) throw fs::filesystem_error("", out, failure);
        return summary;
    } catch (...) {
        unfinished.remove();
        throw;
    }
}

}  // namespace

SynthSummary write_synthetic_dataset(const SynthOptions& options) {
    check(options);
    // Without a trailing slash, so that the unfinished folder is its neighbour.
    fs::path out = fs::absolute(options.out).lexically_normal();
    if (!out.has_filename()) out = out.parent_path();
    try {
        if (fs::exists(out) && (!fs::is_directory(out) || !fs::is_empty(out)))
            refuse_to_replace(options.out);
        fs::create_directories(out.parent_path());
        return render_into_place(options, out);
    } catch (const fs::filesystem_error& error) {
        throw Error("synth: cannot write " + error.path1().string() + ": " +
                    error.code().message());
    }
}

}  // namespace mdn
