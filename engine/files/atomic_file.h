// A file that appears under its name only when it is complete.
#pragma once

#include <cstdint>
#include <string>

#include "engine/files/partial_path.h"

namespace mdn {

/// Writes to `<path>.partial-1` (PartialPath); commit() syncs it and renames it over `path`. A
/// crash at any moment leaves either the old file or the new one under `path`, and so do several
/// processes that write it at the same time. Destroyed without commit(), it removes what it wrote.
/// Every failure throws Error naming the file and the system's reason.
class AtomicFile {
  public:
    /// Refuses a path that exists and is not a regular file: renaming would replace a device or
    /// fail on a folder only after all the work.
    explicit AtomicFile(std::string path);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    void write(const void* bytes, int64_t count);
    void write(const std::string& text) { write(text.data(), static_cast<int64_t>(text.size())); }
    void commit();

  private:
    std::string path_;
    PartialPath partial_;
    int descriptor_ = -1;  // a second one: partial_ keeps the lock until the file has its name
};

/// A whole text file in one go.
inline void write_file(const std::string& path, const std::string& text) {
    AtomicFile file(path);
    file.write(text);
    file.commit();
}

/// Throws what writing `path` would throw at its end; for before a long computation. A path that is
/// empty (nothing is to be written) is fine.
inline void check_writable(const std::string& path) {
    if (!path.empty()) AtomicFile{path};
}

}  // namespace mdn
