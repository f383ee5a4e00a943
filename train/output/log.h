// The run's log: one JSON object a line, for programs that draw curves.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace mdn {

/// A field's value; numbers that are not finite are written as null, as JSON has none.
using LogValue = std::variant<int64_t, double, std::string, std::vector<double>>;
using LogFields = std::vector<std::pair<std::string, LogValue>>;

/// `fields` as one JSON object on one line.
std::string json_line(const LogFields& fields);

/// Appends lines to a file; each reaches the system before write() returns.
class Log {
  public:
    /// Keeps the first `keep_bytes` of what the file holds: a resumed run drops the lines written
    /// after its checkpoint, so that the log reads as one run. If the file is missing, begins it
    /// anew. Throws Error if it cannot be opened or is shorter than that.
    Log(const std::string& path, int64_t keep_bytes);
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    void write(const LogFields& fields);
    /// Puts what was written on the disk, so that a checkpoint never knows more than the log. If
    /// another program removed the file, or put another in its place, writes it again from the
    /// start: the system keeps it as long as it is open. Returns what was odd, for the user, or "".
    std::string sync();
    /// Length of the file.
    int64_t bytes() const { return bytes_; }

  private:
    std::string write_again();

    std::string path_;
    int descriptor_;
    int64_t bytes_;
};

}  // namespace mdn
