// The name under which a file or a folder is written before it takes its own.
#pragma once

#include <functional>
#include <string>

#include "engine/files/unfinished_files.h"

namespace mdn {

/// Makes `<path>.partial-1`, or the same with the first number that no other writer has, and locks
/// it for as long as this object lives. So any number of processes may write the same path: each
/// writes something of its own, and the last to rename it wins.
///
/// What a killed writer left is not locked any more: the next writer of `path` removes it. (Of a
/// file that a signal's handler ends, nothing is left: UnfinishedFile.) What another still writes
/// is locked, and stays. Where the file system has no locks, the two cannot be told apart, and
/// nothing is removed.
class PartialPath {
  public:
    enum class Kind { file, folder };
    /// Whether a folder holds only what a writer of `path` writes. Others are never removed.
    using IsOurs = std::function<bool(const std::string& folder)>;

    /// Throws Error naming `path` and the system's reason if nothing can be made there.
    PartialPath(const std::string& path, Kind kind, IsOurs is_ours = {});
    /// Frees the lock, and leaves what was written: remove() or rename it first.
    ~PartialPath();
    PartialPath(const PartialPath&) = delete;
    PartialPath& operator=(const PartialPath&) = delete;

    const std::string& name() const { return name_; }
    /// Of what was made; a file is open for writing.
    int descriptor() const { return descriptor_; }
    /// Puts what was written into the folder on the disk, with all of its file system: to sync many
    /// files one by one takes a millisecond each. Throws Error naming the folder.
    void sync() const;
    /// Removes what lies under name(), with all it holds, as far as the system lets it. What
    /// another writer has made there since this one's was renamed stays.
    void remove() const;

    /// Frees the lock early: what was made has its own name now.
    void release();

    /// Removes what killed writers of `path` left, as the constructor does.
    static void remove_left_overs(const std::string& path, Kind kind, const IsOurs& is_ours = {});
    /// The path whose writers could use this name; empty if it is no such name.
    static std::string target_of(const std::string& name);

  private:
    bool make(const std::string& path);

    Kind kind_;
    IsOurs is_ours_;
    std::string name_;
    int descriptor_ = -1;
    UnfinishedFile unfinished_;  // a file
    bool locked_ = false;
};

}  // namespace mdn
