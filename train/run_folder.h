// The folder of a training run: what lies in it, and that one process at a time trains into it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "train/folder_lock.h"

namespace mdn {

/// A state that a run can go on from is first written as next.safetensors. It becomes
/// last.safetensors when a step from it has succeeded, or the run is complete: so `last` is never a
/// state whose next step is known to fail, whatever kills the process.
std::string last_checkpoint(const std::string& run);
std::string next_checkpoint(const std::string& run);
std::string best_checkpoint(const std::string& run);
std::string log_file(const std::string& run);
std::string report_file(const std::string& run);

/// The checkpoint that --resume starts from: next.safetensors if it is there, else
/// last.safetensors; empty if the folder holds neither.
std::string newest_checkpoint(const std::string& run);

/// What a run finds in its folder.
enum class RunStart { fresh, overwrite, resume };

/// Holds the folder for this process (FolderLock, train.lock), until it is destroyed.
class RunFolder {
  public:
    /// Makes the folder if it is missing. Throws Error
    /// - if another process trains into it, whatever the spelling of its path; names that process;
    /// - with `resume`, if it holds no checkpoint;
    /// - with `fresh`, if it holds one; a log and what else was left before the first checkpoint
    ///   are no run;
    /// - without `resume`, if it holds no run but other files.
    /// Where the file system has no locks, says so by `note` and goes on.
    RunFolder(std::string path, RunStart start,
              const std::function<void(const std::string&)>& note);

    /// Throws Error if train.lock is no longer the one that this process made: somebody removed it,
    /// or moved or replaced the folder. Another process may then train under the same path.
    void check_is_ours() const;
    /// Removes what a killed run left half-written.
    void remove_left_overs() const;
    /// Removes the files of an earlier run as well.
    void empty() const;

  private:
    void check(RunStart start) const;

    std::string path_;
    std::optional<FolderLock> lock_;
};

}  // namespace mdn
