#include "train/output/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "engine/files/file_lock.h"

namespace mdn {

namespace {

[[noreturn]] void fail(const char* what, const std::string& path) {
    throw Error(std::string("cannot ") + what + " " + path + ": " + std::strerror(errno));
}

}  // namespace

std::string json_line(const LogFields& fields) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (const auto& [name, value] : fields)
        std::visit([&, key = name](const auto& x) { object[key] = x; }, value);
    return object.dump();
}

Log::Log(const std::string& path, int64_t keep_bytes) : path_(path), bytes_(keep_bytes) {
    struct stat status {};
    const bool missing = ::stat(path.c_str(), &status) != 0 && errno == ENOENT;
    if (missing) bytes_ = 0;
    descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail("write", path);
    const bool shorter = ::fstat(descriptor_, &status) != 0 || status.st_size < bytes_;
    if (!shorter && ::ftruncate(descriptor_, bytes_) == 0) return;
    const int reason = errno;
    ::close(descriptor_);
    errno = reason;
    if (!shorter) fail("shorten", path);
    throw Error(path + " is shorter than when the checkpoint was written",
                "was it edited? --resume needs the log as the run wrote it; without the file, it "
                "begins a new one");
}

Log::~Log() { ::close(descriptor_); }

void Log::write(const LogFields& fields) {
    const std::string line = json_line(fields) + "\n";
    // One call writes a line, unless the disk fills up: then the next call says so.
    for (size_t done = 0; done < line.size();) {
        const ssize_t written = ::write(descriptor_, line.data() + done, line.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("write", path_);
        done += static_cast<size_t>(written);
    }
    bytes_ += std::ssize(line);
}

std::string Log::sync() {
    if (::fsync(descriptor_) != 0) fail("write", path_);
    if (!still_names(path_, descriptor_)) return write_again();
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0 || status.st_size == bytes_) return "";
    const std::string was = std::to_string(std::exchange(bytes_, status.st_size));
    return path_ + " was changed by another program: it has " + std::to_string(bytes_) +
           " bytes, but the run has written " + was;
}

/// Copies the log, which no name leads to any more, under its name.
std::string Log::write_again() {
    std::string odd = path_ + " was removed while the run wrote it: written again";
    struct stat status {};
    if (::lstat(path_.c_str(), &status) == 0) {  // what lies there is not the run's to remove
        std::string aside = path_ + ".other";
        for (int i = 2; ::lstat(aside.c_str(), &status) == 0; ++i)
            aside = (path_ + ".other-").append(std::to_string(i));
        if (::rename(path_.c_str(), aside.c_str()) != 0) fail("rename", path_);
        odd = path_ + " was replaced by another file while the run wrote it: that file is now " +
              aside + ", and the log was written again";
    }
    AtomicFile copy(path_);
    bytes_ = 0;
    for (std::array<char, 65536> part{};;) {
        const ssize_t read = ::pread(descriptor_, part.data(), part.size(), bytes_);
        if (read < 0 && errno == EINTR) continue;
        if (read < 0) fail("read", path_);
        if (read == 0) break;
        copy.write(part.data(), read);
        bytes_ += read;
    }
    copy.commit();
    const int anew = ::open(path_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
    if (anew < 0) fail("write", path_);
    ::close(std::exchange(descriptor_, anew));
    return odd;
}

}  // namespace mdn
