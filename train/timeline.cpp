#include "train/timeline.h"

#include <algorithm>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "data/file.h"
#include "data/formats/list_file.h"
#include "data/loader.h"
#include "engine/error.h"
#include "train/evaluate.h"
#include "train/predict.h"

namespace mdn {

namespace {

/// How many windows are listed at a time: a list of all would grow with the recording.
constexpr int64_t windows_listed = 1024;

/// The number in the name of frame t.
int64_t number_of(const ClipFiles& files, int64_t t) { return files.names.first + files.first + t; }

/// A window as a clip of its own.
ListedClip clip_of(const ClipFiles& recording, const Window& window) {
    ClipFiles files = recording.part(window.first, window.count);
    files.name.append(", frames ").append(std::to_string(number_of(files, 0)));
    files.name.append(" to ").append(std::to_string(number_of(files, files.count - 1)));
    return {.files = files, .label = unlabelled, .where = {}};
}

/// Looks for every file that some window will need: found at the last window, what is missing would
/// cost the work on all others.
void check_files(const ClipFiles& recording, const ClipOptions& clips) {
    const bool frames = clips.input == ClipInput::frames;
    const bool keypoints = !frames || clips.boxes == BoxSource::keypoints;
    ListedClip whole{.files = recording, .label = unlabelled, .where = recording.name};
    complete_clip(whole, {.frames = frames, .keypoints = keypoints, .label = false}, clips.dataset);
    const ClipFiles& files = whole.files;
    for (int64_t t = 0; t < files.count; ++t) {
        if (frames && !is_file(files.frame(t)))
            throw Error(files.frame(t).string() + " is missing");
        if (keypoints && !files.has_keypoint_table() && t < files.count - files.without_keypoints)
            files.keypoint(t);  // throws
    }
}

TimelineRow row_of(const ClipFiles& window, bool person_visible, const ViewAverage& answer) {
    const auto& p = answer.probabilities;
    const auto likeliest = std::max_element(p.begin(), p.end());
    TimelineRow row{.first_frame = number_of(window, 0),
                    .last_frame = number_of(window, window.count - 1),
                    .numbers_from = window.names.first,
                    .person_visible = person_visible,
                    .action = likeliest - p.begin(),
                    .probability = *likeliest,
                    .alpha_st = {},
                    .probabilities = p};
    for (const auto& [st, ts] : answer.alpha) row.alpha_st.push_back(st);
    return row;
}

}  // namespace

Windows::Windows(int64_t frames, int64_t length, int64_t stride)
    : frames_(frames), length_(length), stride_(stride) {
    if (frames < 1) throw Error("a recording without frames has no timeline");
    if (length < 1) throw Error("a window must have at least 1 frame");
    if (stride < 1 || stride > length)
        throw Error("--stride must be from 1 to the window's " + std::to_string(length) +
                        " frames, not " + std::to_string(stride),
                    "frames between two windows would never be looked at");
    // ⌈(frames − length)/stride⌉ after the first.
    count_ = 1 + (std::max<int64_t>(frames - length, 0) + stride - 1) / stride;
}

Window Windows::at(int64_t i) const {
    const int64_t last = std::max<int64_t>(frames_ - length_, 0);
    return {.first = std::min(i * stride_, last), .count = std::min(length_, frames_)};
}

void make_timeline(MicroDualNet& model, const ClipFiles& recording, const ClipOptions& clips,
                   const TimelineOptions& options, const std::function<void(TimelineRow)>& row,
                   const std::function<void(int64_t, int64_t)>& progress) {
    const Windows windows(recording.count, options.window, options.stride);
    check_files(recording, clips);
    ClipOptions reading = clips;
    reading.cache_bytes = options.cache_bytes;
    reading.cache_keep = Keep::recent;
    int64_t done = 0;
    while (done < windows.count()) {
        std::vector<ListedClip> listed;
        for (int64_t i = done; i < std::min(done + windows_listed, windows.count()); ++i)
            listed.push_back(clip_of(recording, windows.at(i)));
        Loader loader(std::move(listed), reading,
                      {.batch_size = options.batch, .workers = options.workers});
        for_each_batch(model, loader, {.views = reading.views(), .record = options.record},
                       [&](const Batch& batch, const std::vector<ViewAverage>& answers) {
                           for (size_t b = 0; b < answers.size(); ++b)
                               row(row_of(loader.clips()[batch.clips[b]].files,
                                          batch.person_visible[b] != 0, answers[b]));
                           done += std::ssize(answers);
                           if (progress) progress(done, windows.count());
                       });
    }
}

TimelineText::TimelineText(Format format, std::vector<std::string> names,
                           std::vector<std::string> entities, double frames_per_second)
    : format_(format),
      names_(std::move(names)),
      entities_(std::move(entities)),
      frames_per_second_(frames_per_second) {}

std::string TimelineText::begin() const {
    if (format_ == Format::json) return "[";
    std::string header = "start_frame,end_frame";
    if (frames_per_second_ > 0) header += ",start_seconds,end_seconds";
    header += ",action,name,probability,person_visible";
    for (const std::string& entity : entities_) header += ",alpha_" + entity;
    return header + "\n";
}

std::string TimelineText::row(const TimelineRow& row) {
    // Frame n, counted from 1, is shown from (n−1)/fps to n/fps.
    const auto seconds = [&](int64_t frame) {
        return static_cast<double>(frame - row.numbers_from) / frames_per_second_;
    };
    const double start = seconds(row.first_frame), end = seconds(row.last_frame + 1);
    const std::string name = class_name(names_, row.action);
    if (format_ == Format::json) {
        nlohmann::ordered_json object = {{"start_frame", row.first_frame},
                                         {"end_frame", row.last_frame}};
        if (frames_per_second_ > 0) {
            object["start_seconds"] = start;
            object["end_seconds"] = end;
        }
        object["action"] = row.action;
        object["name"] = name;
        object["probability"] = row.probability;
        object["person_visible"] = row.person_visible;
        for (size_t k = 0; k < entities_.size(); ++k)
            object["alpha"][entities_[k]] = row.alpha_st[k];
        std::string text = first_ ? "\n" : ",\n";
        text += object.dump();
        first_ = false;
        return text;
    }
    std::ostringstream text;
    text << std::fixed << row.first_frame << "," << row.last_frame;
    if (frames_per_second_ > 0) text << std::setprecision(3) << "," << start << "," << end;
    text << std::setprecision(6) << "," << row.action << "," << csv_field(name) << ","
         << row.probability << "," << row.person_visible;
    for (const double alpha : row.alpha_st) text << "," << alpha;
    text << "\n";
    return text.str();
}

std::string TimelineText::end() const { return format_ == Format::json ? "\n]\n" : ""; }

}  // namespace mdn
