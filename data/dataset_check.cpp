#include "data/dataset_check.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "data/clip_check.h"
#include "data/decoding_threads.h"
#include "data/file.h"
#include "data/formats/dataset_format.h"
#include "data/formats/numbered_files.h"
#include "data/keypoints/light_hand.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

using Severity = Problem::Severity;

class DatasetChecker {
    fs::path dataset_;
    CheckOptions options_;
    const std::function<void(const Problem&)>& report_;
    const std::function<void(std::int64_t, std::int64_t)>& progress_;
    std::unique_ptr<const DatasetFormat> format_;
    DatasetSummary summary_;
    std::vector<std::vector<ListedClip>> lists_;  // of summary_.splits
    std::int64_t done_ = 0, people_listed_ = 0;

    void add(Severity severity, const std::string& message, const std::string& hint = {}) {
        (severity == Severity::fatal   ? summary_.fatal
         : severity == Severity::error ? summary_.errors
                                       : summary_.warnings) += 1;
        report_({severity, message, hint});
    }

    /// How bad an error in a split is.
    static Severity severity_in(const std::string& split) {
        return split == "test" ? Severity::error : Severity::fatal;
    }

    /// What `action` throws is noted.
    template <class Action>
    void attempt(Severity severity, Action action) {
        try {
            action();
        } catch (const Error& error) {
            add(severity, error.what(), error.hint());
        }
    }

    void read_list(const std::string& split) {
        const Severity severity = severity_in(split);
        const std::int64_t classes = summary_.classes.count();
        std::vector<ListedClip> clips;
        attempt(severity, [&] {
            clips = format_->list(split, classes, [&](const Error& error) {
                add(severity, error.what(), error.hint());
            });
        });
        SplitSummary counts{.split = split, .clips_of_class = {}};
        counts.clips = std::ssize(clips);
        counts.clips_of_class.resize(static_cast<std::size_t>(classes));
        for (const ListedClip& clip : clips)
            ++(clip.label == unlabelled ? counts.unlabelled : counts.clips_of_class[clip.label]);
        if (clips.empty() && format_->has(split)) {
            const Error error = format_->without_clips(split);
            add(severity, error.what(), error.hint());
        }
        if (counts.unlabelled > 0 && split != "test")
            add(severity, clips.front().where + ": " + std::to_string(counts.unlabelled) +
                              " clips of the " + split +
                              " list have no label: the list has placeholders instead");
        summary_.splits.push_back(std::move(counts));
        lists_.push_back(std::move(clips));
    }

    /// Clips that are the same frames, in one list or in two.
    void find_shared() {
        using Key = std::tuple<std::string, std::int64_t, std::int64_t>;
        std::map<Key, const ListedClip*> seen;
        for (const std::vector<ListedClip>& list : lists_) {
            for (const ListedClip& clip : list) {
                const auto [earlier, is_new] = seen.emplace(
                    Key(clip.files.frames.string(), clip.files.first, clip.files.count), &clip);
                const ListedClip& other = *earlier->second;
                if (!is_new)
                    add(Severity::warning,
                        clip.where + ": clip '" + clip.files.name + "' is listed already" +
                            (clip.label == other.label ? ": " : ", with another class: ") +
                            other.where);
            }
        }
    }

    void find_missing_classes() {
        const SplitSummary* train = nullptr;
        for (const SplitSummary& split : summary_.splits)
            if (split.split == "train") train = &split;
        if (!train || train->clips == 0) return;
        const auto& clips = train->clips_of_class;
        const auto missing = std::count(clips.begin(), clips.end(), 0);
        for (std::int64_t c = 0; c < summary_.classes.count(); ++c)
            if (clips[c] == 0)
                add(Severity::warning,
                    "class " + std::to_string(c) + " (" + summary_.classes.names[c] +
                        ") has no training clip",
                    c == 0 && missing == 1 && std::ssize(clips) > 2
                        ? "if the list's labels count from 1: here they count from 0"
                        : "");
    }

    /// Folders of frames below `folder` that no list has.
    void find_unlisted(const fs::path& folder, const std::unordered_set<std::string>& listed,
                       int depth = 0) {
        std::set<fs::path> folders;  // in a fixed order
        bool has_frames = false;
        std::error_code failure;
        for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
            const bool is_frame = is_image_name(entry.path().filename());
            has_frames |= is_frame;
            if (!is_frame && entry.is_directory(failure)) folders.insert(entry.path());
        }
        if (has_frames) add(Severity::warning, folder.string() + " is in no list");
        for (const fs::path& below : folders)
            if (depth < 8 && !listed.contains(below.lexically_normal().string()))
                find_unlisted(below, listed, depth + 1);
    }

    void find_unlisted() {
        std::unordered_set<std::string> listed;
        for (const std::vector<ListedClip>& list : lists_)
            for (const ListedClip& clip : list)
                listed.insert(clip.files.frames.lexically_normal().string());
        find_unlisted(dataset_ / "frames", listed);
    }

    /// Of recordings that clips are cut from: as many rows as frames.
    void check_recordings() {
        std::map<std::string, ClipFiles> recordings;
        for (const std::vector<ListedClip>& list : lists_)
            for (const ListedClip& clip : list)
                if (clip.files.has_keypoint_table())
                    recordings.emplace(clip.files.frames.string(), clip.files);
        for (const auto& [folder, clip] : recordings) {
            try {
                const auto names = find_frame_names(folder, options_.dataset.frame_names);
                const std::int64_t frames =
                    names ? frame_files(folder, *names).last : std::int64_t{0};
                const std::int64_t rows = light_hand_rows(clip.keypoints);
                if (frames != rows && frames > 0)
                    add(Severity::warning, clip.keypoints.string() + " has " +
                                               std::to_string(rows) + " rows, but " + folder +
                                               " has " + std::to_string(frames) + " frames");
            } catch (const Error&) {
                // Its clips have said so.
            }
        }
    }

    void take(const ClipFindings& found, SplitSummary& split) {
        for (const ClipFindings::Finding& finding : found.findings)
            add(finding.is_error ? severity_in(split.split) : Severity::warning, finding.message,
                finding.hint);
        if (found.frames > 0) {
            split.frames += found.frames;
            split.longest = std::max(split.longest, found.frames);
            if (split.shortest == 0 || found.frames < split.shortest) split.shortest = found.frames;
        }
        summary_.joints.add(found.joints);
        if (found.width > 0) ++summary_.clips_of_size[{found.width, found.height}];
        people_listed_ += found.people_listed;
        summary_.frames_with_keypoints += found.frames_with_keypoints;
        summary_.frames_without_person += found.frames_without_person;
        summary_.clips_with_keypoints += found.frames_with_keypoints > 0;
        summary_.clips_without_person += found.frames_with_keypoints > 0 &&
                                         found.frames_without_person == found.frames_with_keypoints;
    }

    void look_for_links(const ListedClip& clip, const SplitSummary& split) {
        attempt(severity_in(split.split), [&] { check_links(dataset_, clip, options_.needs); });
    }

    std::int64_t frames_with_person() const {
        return summary_.frames_with_keypoints - summary_.frames_without_person;
    }

    /// In pieces: a piece's clips are looked at side by side, and taken in the order of the list.
    void check_clips(const std::vector<ListedClip>& clips, SplitSummary& split,
                     std::int64_t total) {
        const std::int64_t piece = 8 * options_.workers;
        for (std::int64_t begin = 0; begin < std::ssize(clips); begin += piece) {
            const std::int64_t count = std::min(piece, std::ssize(clips) - begin);
            std::vector<ClipFindings> found(static_cast<std::size_t>(count));
            std::atomic<std::int64_t> next = 0;
            std::mutex mutex;
            std::exception_ptr fault;  // none that a user's mistake could cause
            const auto work = [&]() noexcept {
                for (std::int64_t i; (i = next++) < count;) {
                    try {
                        found[i] = check_clip(clips[begin + i], options_.needs, options_.quick,
                                              options_.keypoints, options_.dataset);
                    } catch (...) {
                        const std::lock_guard lock(mutex);
                        fault = std::current_exception();
                    }
                }
            };
            DecodingThreads others;
            try {
                others.start(std::min(options_.workers, count) - 1, options_.workers, work);
            } catch (...) {
                next = count;  // so that those that run come to an end
                throw;
            }
            work();
            others.join();
            if (fault) std::rethrow_exception(fault);
            for (std::int64_t i = 0; i < count; ++i) {
                look_for_links(clips[begin + i], split);
                take(found[i], split);
            }
            done_ += count;
            if (progress_) progress_(done_, total);
        }
    }

  public:
    DatasetChecker(const fs::path& dataset, const CheckOptions& options,
                   const std::function<void(const Problem&)>& report,
                   const std::function<void(std::int64_t, std::int64_t)>& progress)
        : dataset_(dataset), options_(options), report_(report), progress_(progress) {
        format_ = open_dataset(dataset, options.dataset);
        summary_.format = format_->name();
        summary_.classes = format_->class_names();
    }

    DatasetSummary check() {
        const std::int64_t classes = summary_.classes.count();
        if (options_.classes != 0)
            attempt(Severity::fatal,
                    [&] { check_class_count(options_.classes, classes, dataset_); });
        if (const std::string note = format_->note("val"); !note.empty())
            add(Severity::warning, note);
        if (!format_->has("val"))
            add(Severity::warning, dataset_.string() + " has no val list",
                "train with --val test or --val none");
        for (const char* split : {"train", "val", "test"}) {
            // A missing list of training clips is said by reading it.
            const bool same_as_val = std::string(split) == "test" && !format_->note("val").empty();
            if (same_as_val || (std::string(split) != "train" && !format_->has(split))) continue;
            read_list(split);
        }
        find_shared();
        find_missing_classes();
        if (options_.needs.frames) find_unlisted();
        std::int64_t total = 0;
        for (const std::vector<ListedClip>& list : lists_) total += std::ssize(list);
        for (std::size_t i = 0; i < lists_.size(); ++i) {
            const std::int64_t seen_before = frames_with_person();
            const std::int64_t frames_before = summary_.frames_with_keypoints;
            const std::int64_t listed_before = people_listed_;
            check_clips(lists_[i], summary_.splits[i], total);
            if (summary_.frames_with_keypoints > frames_before &&
                frames_with_person() == seen_before)
                add(severity_in(summary_.splits[i].split),
                    "nobody is visible in any clip of the " + summary_.splits[i].split + " list",
                    people_listed_ > listed_before
                        ? "people are listed, but none of their joints was seen: the "
                          "warnings above say why"
                        : "its keypoints say nothing; train without them: \"regions\": \"fixed\"");
        }
        for (const JointSurvey::Finding& finding : summary_.joints.findings())
            add(Severity::warning, dataset_.string() + ": " + finding.message, finding.hint);
        if (options_.needs.frames && options_.needs.keypoints) check_recordings();
        return summary_;
    }
};

}  // namespace

DatasetSummary check_dataset(const fs::path& dataset, const CheckOptions& options,
                             const std::function<void(const Problem&)>& report,
                             const std::function<void(std::int64_t, std::int64_t)>& progress) {
    return DatasetChecker(dataset, options, report, progress).check();
}

}  // namespace mdn
