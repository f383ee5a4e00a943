// Event files as TensorBoard reads them.
//
// A file is a sequence of records (TFRecord): the length of the data as eight bytes, its checksum,
// the data, and their checksum. The data is an Event, a protobuf message with the time, the step
// and either the version of the format, a summary (tags with a number or a picture), or a note that
// a run went on. Written after TensorBoard 2.21.0 (tensorboard/compat/proto/event.proto and
// summary.proto).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/images/image.h"

namespace mdn {

/// Event files of ours are called so, after a number that puts them in order.
inline constexpr const char* event_file_suffix = ".microdualnet";

/// The event files in a folder that end so, in order; none if it does not exist.
std::vector<std::string> event_files(const std::string& folder);

class EventFile {
  public:
    /// Creates the folder if it is missing, and a file in it. Throws Error if it cannot.
    explicit EventFile(const std::string& folder);
    ~EventFile();
    EventFile(const EventFile&) = delete;
    EventFile& operator=(const EventFile&) = delete;

    /// Each call writes one event, which the system has when it returns. Throws Error if it cannot.
    void scalars(int64_t step, const std::vector<std::pair<std::string, double>>& values);
    void image(int64_t step, const std::string& tag, const Image& picture);
    /// What files before this one say of this step and those after it no longer holds.
    void restart_at(int64_t step);

    const std::string& path() const { return path_; }

  private:
    void write_record(const std::string& event);

    std::string path_;
    int descriptor_ = -1;
};

/// A record's bytes: length, checksum, data, checksum. The checksums are masked as TFRecord's are.
std::string record_of(std::string_view data);

}  // namespace mdn
