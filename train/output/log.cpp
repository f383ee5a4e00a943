#include "train/output/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace mdn {

std::string json_line(const LogFields& fields) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (const auto& [name, value] : fields)
        std::visit([&, key = name](const auto& x) { object[key] = x; }, value);
    return object.dump();
}

Log::Log(const std::string& path, int64_t keep_bytes)
    : path_(path),
      descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)),
      bytes_(keep_bytes) {
    struct stat status {};
    if (descriptor_ < 0) throw Error("cannot write " + path + ": " + std::strerror(errno));
    const bool shorter = ::fstat(descriptor_, &status) != 0 || status.st_size < keep_bytes;
    if (!shorter && ::ftruncate(descriptor_, keep_bytes) == 0) return;
    const std::string reason = std::strerror(errno);
    ::close(descriptor_);
    if (!shorter) throw Error("cannot shorten " + path + ": " + reason);
    throw Error(path + " is shorter than when the checkpoint was written",
                "was it edited? --resume needs the log as the run wrote it");
}

Log::~Log() { ::close(descriptor_); }

void Log::write(const LogFields& fields) {
    const std::string line = json_line(fields) + "\n";
    // One call writes a line, unless the disk fills up: then the next call says so.
    for (size_t done = 0; done < line.size();) {
        const ssize_t written = ::write(descriptor_, line.data() + done, line.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw Error("cannot write " + path_ + ": " + std::strerror(errno));
        done += static_cast<size_t>(written);
    }
    bytes_ += std::ssize(line);
}

void Log::sync() {
    if (::fsync(descriptor_) != 0)
        throw Error("cannot write " + path_ + ": " + std::strerror(errno));
}

}  // namespace mdn
