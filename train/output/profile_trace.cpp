#include "train/output/profile_trace.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/files/atomic_file.h"

namespace mdn {

std::string trace_events_json(const RecordedSlices& recorded) {
    using Json = nlohmann::ordered_json;
    // A line per event, written one by one: as a tree they would take many times the memory.
    std::string text = "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n";
    bool first = true;
    const auto add = [&](const Json& event) {
        text += first ? "" : ",\n";
        first = false;
        // The name of a clip may hold any bytes.
        text += event.dump(-1, ' ', false, Json::error_handler_t::replace);
    };
    // A process's first thread has the number of the process: that one is the thread that records.
    std::map<int64_t, int64_t> numbers;
    for (const auto& [thread, name] : recorded.threads)
        if (name == "main") numbers.emplace(thread, 1);
    for (const auto& [thread, name] : recorded.threads)
        numbers.emplace(thread, static_cast<int64_t>(numbers.size()) + 1);
    const auto microseconds = [](int64_t nanoseconds) {
        return static_cast<double>(nanoseconds) * 1e-3;
    };
    add({{"name", "process_name"}, {"ph", "M"}, {"pid", 1}, {"args", {{"name", "microdualnet"}}}});
    for (const auto& [thread, name] : recorded.threads)
        add({{"name", "thread_name"},
             {"ph", "M"},
             {"pid", 1},
             {"tid", numbers.at(thread)},
             {"args", {{"name", name}}}});
    for (const RecordedSlice& slice : recorded.slices) {
        Json event = {{"name", slice.name},
                      {"cat", slice.category},
                      {"ph", "X"},
                      {"ts", microseconds(slice.begin)},
                      {"dur", microseconds(slice.end - slice.begin)},
                      {"pid", 1},
                      {"tid", numbers.at(slice.thread)}};
        if (!slice.detail.empty()) event["args"] = {{"detail", slice.detail}};
        add(event);
    }
    return text + "\n]}\n";
}

ProfileTrace::ProfileTrace(std::string file, int64_t steps, Device device)
    : file_(std::move(file)), steps_left_(steps) {
    if (!file_.empty()) recording_ = std::make_unique<SliceRecording>(device);
}

void ProfileTrace::step_done() {
    if (recording_ && --steps_left_ == 0) finish();
}

void ProfileTrace::finish() {
    if (!recording_) return;
    const RecordedSlices slices = recording_->stop();
    recording_ = nullptr;
    write_file(file_, trace_events_json(slices));
}

}  // namespace mdn
