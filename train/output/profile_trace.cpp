#include "train/output/profile_trace.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "engine/files/atomic_file.h"

namespace mdn {

namespace {

using Json = nlohmann::ordered_json;

// Events are written as text at once. A JSON tree per event takes longer to build and print than
// the event took to record.

void append(std::string& text, int64_t number) {
    char digits[20];
    text.append(digits, std::to_chars(digits, std::end(digits), number).ptr);
}

/// "name":"value"
void append(std::string& text, const char* name, std::string_view value) {
    text.append("\"").append(name).append("\":");
    const bool plain = std::all_of(value.begin(), value.end(), [](char c) {
        return c >= ' ' && c <= '~' && c != '"' && c != '\\';
    });
    if (plain)
        text.append("\"").append(value).append("\"");
    else  // the name of a clip may hold any bytes
        text += Json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Nanoseconds in microseconds, to the last digit: slices that nest do so in the file.
void append_time(std::string& text, const char* name, int64_t nanoseconds) {
    text.append(",\"").append(name).append(nanoseconds < 0 ? "\":-" : "\":");
    const auto part = static_cast<int>(std::abs(nanoseconds % 1000));
    append(text, std::abs(nanoseconds / 1000));
    const auto digit = [](int n) { return static_cast<char>('0' + n); };
    text.append({'.', digit(part / 100), digit(part / 10 % 10), digit(part % 10)});
}

void append(std::string& text, const RecordedSlice& slice, int64_t thread) {
    text += '{';
    append(text, "name", slice.name);
    text += ',';
    append(text, "cat", slice.category);
    text += ",\"ph\":\"X\"";
    append_time(text, "ts", slice.begin);
    append_time(text, "dur", slice.end - slice.begin);
    text += ",\"pid\":1,\"tid\":";
    append(text, thread);
    if (!slice.detail.empty()) {
        text += ",\"args\":{";
        append(text, "detail", slice.detail);
        text += '}';
    }
    text += '}';
}

}  // namespace

std::string trace_events_json(const RecordedSlices& recorded) {
    // A process's first thread has the number of the process: that one is the thread that records.
    std::map<int64_t, int64_t> numbers;
    for (const auto& [thread, name] : recorded.threads)
        if (name == "main") numbers.emplace(thread, 1);
    for (const auto& [thread, name] : recorded.threads)
        numbers.emplace(thread, static_cast<int64_t>(numbers.size()) + 1);
    // A line per event.
    std::string text = "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n";
    text += R"({"name":"process_name","ph":"M","pid":1,"args":{"name":"microdualnet"}})";
    for (const auto& [thread, name] : recorded.threads) {
        text += ",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":";
        append(text, numbers.at(thread));
        text += ",\"args\":{";
        append(text, "name", name);
        text += "}}";
    }
    for (const RecordedSlice& slice : recorded.slices) {
        text += ",\n";
        append(text, slice, numbers.at(slice.thread));
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
