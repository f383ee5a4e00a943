#include "train/log.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace mdn {

std::string json_line(const LogFields& fields) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (const auto& [name, value] : fields)
        std::visit([&, key = name](const auto& x) { object[key] = x; }, value);
    return object.dump();
}

Log::Log(const std::string& path, int64_t keep_bytes) : path_(path), bytes_(keep_bytes) {
    std::error_code error;
    if (keep_bytes > 0) {
        const auto size = static_cast<int64_t>(std::filesystem::file_size(path, error));
        if (error || size < keep_bytes)
            throw Error(path + " is shorter than when the checkpoint was written",
                        "was it edited? the run can only go on with the log it wrote");
        std::filesystem::resize_file(path, static_cast<uintmax_t>(keep_bytes), error);
        if (error) throw Error("cannot shorten " + path + ": " + error.message());
    }
    stream_.open(path, std::ios::binary | (keep_bytes > 0 ? std::ios::app : std::ios::trunc));
    if (!stream_) throw Error("cannot write " + path);
}

void Log::write(const LogFields& fields) {
    const std::string line = json_line(fields) + "\n";
    stream_ << line << std::flush;
    if (!stream_) throw Error("cannot write " + path_ + ": is the disk full?");
    bytes_ += std::ssize(line);
}

}  // namespace mdn
