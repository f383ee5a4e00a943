#include "train/output/tensorboard/event_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "data/images/encode_png.h"
#include "engine/error.h"
#include "engine/files/crc32c.h"
#include "engine/files/protobuf_writer.h"
#include "train/output/format.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

// Field numbers of event.proto and summary.proto.
namespace event {
constexpr int wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7;
}
namespace summary {
constexpr int value = 1;
}
namespace value {
constexpr int tag = 1, simple_value = 2, image = 4;
}
namespace picture {
constexpr int height = 1, width = 2, colorspace = 3, encoded_image_string = 4;
}
namespace session_log {
constexpr int status = 1, start = 1;  // a field, and the value that says: a run begins or goes on
}

double seconds_since_1970() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

ProtobufMessage event_at(int64_t step) {
    ProtobufMessage message;
    message.real64(event::wall_time, seconds_since_1970());
    message.integer(event::step, step);
    return message;
}

/// The checksum of data that may itself hold checksums, as TFRecord has it.
uint32_t masked(uint32_t checksum) { return std::rotr(checksum, 15) + 0xA282EAD8u; }

void append_little_endian(std::string& bytes, uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

}  // namespace

std::string record_of(std::string_view data) {
    std::string record;
    append_little_endian(record, data.size(), 8);
    append_little_endian(record, masked(crc32c(record)), 4);
    record += data;
    append_little_endian(record, masked(crc32c(data)), 4);
    return record;
}

std::vector<std::string> event_files(const std::string& folder) {
    std::vector<std::string> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (name.find("tfevents") != std::string::npos && name.ends_with(event_file_suffix))
            files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
}

EventFile::EventFile(const std::string& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw Error("cannot make the folder " + folder + ": " + error.message());
    const double now = seconds_since_1970();
    const auto whole = static_cast<long long>(now);
    // TensorBoard reads files in the order of their names, and only those with "tfevents" in them.
    path_ = (fs::path(folder) / format("events.out.tfevents.%010lld.%06d%s", whole,
                                       static_cast<int>((now - static_cast<double>(whole)) * 1e6),
                                       event_file_suffix))
                .string();
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) throw Error("cannot write " + path_ + ": " + std::strerror(errno));
    ProtobufMessage version;
    version.real64(event::wall_time, now);
    version.text(event::file_version, "brain.Event:2");
    write_record(version.to_string());
}

EventFile::~EventFile() { ::close(descriptor_); }

void EventFile::scalars(int64_t step, const std::vector<std::pair<std::string, double>>& values) {
    ProtobufMessage all;
    for (const auto& [tag, number] : values) {
        ProtobufMessage one;
        one.text(value::tag, tag);
        one.real(value::simple_value, static_cast<float>(number));
        all.message(summary::value, std::move(one));
    }
    ProtobufMessage message = event_at(step);
    message.message(event::summary, std::move(all));
    write_record(message.to_string());
}

void EventFile::image(int64_t step, const std::string& tag, const Image& shown) {
    ProtobufMessage encoded;
    encoded.integer(picture::height, shown.height);
    encoded.integer(picture::width, shown.width);
    encoded.integer(picture::colorspace, 3);  // RGB
    encoded.text(picture::encoded_image_string, encode_png(shown));
    ProtobufMessage one;
    one.text(value::tag, tag);
    one.message(value::image, std::move(encoded));
    ProtobufMessage all;
    all.message(summary::value, std::move(one));
    ProtobufMessage message = event_at(step);
    message.message(event::summary, std::move(all));
    write_record(message.to_string());
}

void EventFile::restart_at(int64_t step) {
    ProtobufMessage log;
    log.integer(session_log::status, session_log::start);
    ProtobufMessage message = event_at(step);
    message.message(event::session_log, std::move(log));
    write_record(message.to_string());
}

void EventFile::write_record(const std::string& event) {
    const std::string record = record_of(event);
    for (size_t done = 0; done < record.size();) {
        const ssize_t written = ::write(descriptor_, record.data() + done, record.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw Error("cannot write " + path_ + ": " + std::strerror(errno));
        done += static_cast<size_t>(written);
    }
}

}  // namespace mdn
