// A folder that one process at a time works in: a locked file in it, which names the process.
#pragma once

#include <functional>
#include <string>

namespace mdn {

/// The lock file is COMMAND.lock, and messages call the folder `--out PATH`. What the file says is
/// for people; that it is locked (flock) is what counts.
class FolderLock {
  public:
    /// Makes the folder if it is missing, and holds it. Throws Error naming the process if another
    /// one holds it, whatever the spelling of its path. Where the file system has no locks, says so
    /// by `note` and goes on.
    FolderLock(std::string path, std::string command,
               const std::function<void(const std::string&)>& note);
    /// Removes the lock file, and the folders it made if nothing is in them.
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

    /// Throws as the constructor does if another process holds the folder now. Writes nothing.
    static void refuse_if_held(const std::string& path, const std::string& command);
    /// Whether the lock file is still the one that this process made: somebody may have removed it,
    /// or moved or replaced the folder. Another process may then work under the same path.
    bool is_ours() const;
    /// COMMAND.lock
    static std::string name_for(const std::string& command) { return command + ".lock"; }

  private:
    void make();
    void lock(const std::function<void(const std::string&)>& note);
    void remove_made() const;

    std::string path_, command_, file_, made_;  // made_: the topmost folder that was missing
    int descriptor_ = -1;                       // of the lock file
};

}  // namespace mdn
