#include "engine/files/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "engine/error.h"

namespace mdn {

namespace {

[[noreturn]] void fail(const std::string& path, const char* what, int reason) {
    throw Error("cannot " + std::string(what) + " " + path + ": " + std::strerror(reason));
}

const std::string& checked(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
        throw Error("cannot write " + path + ": it exists and is not a regular file");
    return path;
}

/// Makes the rename itself survive a power cut.
void sync_folder_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) fail(folder, "open", errno);
    const int status = ::fsync(descriptor);
    const int reason = errno;
    ::close(descriptor);
    // EINVAL: a file system that has no such notion.
    if (status != 0 && reason != EINVAL) fail(folder, "sync", reason);
}

}  // namespace

AtomicFile::AtomicFile(std::string path)
    : path_(std::move(path)),
      partial_(checked(path_), PartialPath::Kind::file),
      descriptor_(::fcntl(partial_.descriptor(), F_DUPFD_CLOEXEC, 0)) {
    if (descriptor_ >= 0) return;
    const int reason = errno;
    partial_.remove();
    fail(path_, "write", reason);
}

AtomicFile::~AtomicFile() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    partial_.remove();
}

void AtomicFile::write(const void* bytes, int64_t count) {
    const char* next = static_cast<const char*>(bytes);
    while (count > 0) {
        const ssize_t written = ::write(descriptor_, next, static_cast<size_t>(count));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail(path_, "write", errno);
        next += written;
        count -= written;
    }
}

void AtomicFile::commit() {
    if (::fsync(descriptor_) != 0) fail(path_, "write", errno);
    // Closing may report a write that failed late (network file systems), and must not be retried.
    if (::close(std::exchange(descriptor_, -1)) != 0 ||
        std::rename(partial_.name().c_str(), path_.c_str()) != 0) {
        const int reason = errno;
        partial_.remove();
        fail(path_, "write", reason);
    }
    sync_folder_of(path_);
}

}  // namespace mdn
