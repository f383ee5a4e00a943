// Locks on open files, by which writers know of each other.
#pragma once

#include <string>

namespace mdn {

/// What became of the wish to hold a file alone.
enum class Lock {
    held,
    taken,       // by another holder
    impossible,  // the file system has no locks: some network file systems
};

/// Locks an open file or folder (flock) and waits for nobody. The system frees the lock when the
/// last copy of `descriptor` is closed, also where the process was killed. `errno` tells why it is
/// impossible.
Lock try_lock(int descriptor);

/// Whether `path` still leads to the file that is open: another process may have removed, renamed
/// or replaced it before the lock was held.
bool still_names(const std::string& path, int descriptor);

}  // namespace mdn
