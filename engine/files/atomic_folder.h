// A folder of files that appears under its name only when all of them are written.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/files/partial_path.h"

namespace mdn {

/// Writes files into `<path>.partial-1` (PartialPath); commit() brings them to the disk and renames
/// the folder. A crash at any moment leaves under `path` either what was there or all of the new
/// files; of several processes that write it at the same time, one writes all of them. Destroyed
/// without commit(), it removes what it wrote. Every failure throws Error naming the file and the
/// system's reason.
class AtomicFolder {
  public:
    /// Makes the folders that `path` lies in. A folder that is there is replaced if `overwrite` and
    /// if it holds nothing but files whose names end in `suffix`; otherwise that is an Error.
    AtomicFolder(std::string path, std::string suffix, bool overwrite);
    ~AtomicFolder();
    AtomicFolder(const AtomicFolder&) = delete;
    AtomicFolder& operator=(const AtomicFolder&) = delete;

    void write(const std::string& name, const std::string& text);
    void commit();
    /// The same for many of one file system, which is synced once. Throws Error if another process
    /// has written one of them meanwhile, unless `overwrite`.
    static void commit_all(const std::vector<std::unique_ptr<AtomicFolder>>& folders);

    /// Throws what making one would throw about what is at `path`.
    static void check_replaceable(const std::string& path, const std::string& suffix,
                                  bool overwrite);

  private:
    void take_place();

    std::string path_, suffix_;
    bool overwrite_;
    PartialPath partial_;
    bool committed_ = false;
};

}  // namespace mdn
