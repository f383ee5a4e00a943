#include "data/file.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
    std::error_code failure;  // asked for so that a folder we may not enter is no internal fault
    return fs::is_regular_file(path, failure);
}

bool is_folder(const fs::path& path) {
    std::error_code failure;
    return fs::is_directory(path, failure);
}

bool stays_inside(const fs::path& folder, const fs::path& path) {
    std::error_code failure;
    const fs::path root = fs::canonical(folder, failure);
    if (failure) return true;
    const fs::path target = fs::canonical(path, failure);
    if (failure) return true;
    return std::mismatch(root.begin(), root.end(), target.begin(), target.end()).first ==
           root.end();
}

std::string read_file(const fs::path& path) {
    constexpr std::uintmax_t limit = std::uintmax_t{256} << 20;
    std::error_code failure;
    const fs::file_status status = fs::status(path, failure);
    if (!fs::exists(status)) throw Error("missing file " + path.string());
    // Asked before opening: a folder opens like a file, and reading a pipe would wait for ever.
    if (!fs::is_regular_file(status)) throw Error(path.string() + " is not a file");
    const std::uintmax_t size = fs::file_size(path, failure);
    if (failure) throw Error("cannot read " + path.string() + ": " + failure.message());
    if (size > limit) {
        throw Error(path.string() + " is too large (" + std::to_string(size) + " bytes)");
    }
    std::string bytes(size, '\0');
    std::ifstream in(path, std::ios::binary);
    if (!in.read(bytes.data(), static_cast<std::streamsize>(size))) {
        throw Error("cannot read " + path.string());
    }
    return bytes;
}

std::string line_at(const fs::path& file, std::size_t line) {
    return file.string() + ":" + std::to_string(line);
}

LineReader::LineReader(const fs::path& path) : path_(path), text_(read_file(path)) {
    // With a byte-order mark, as Windows' shells write it, or without: text in UTF-8 holds no 0.
    const bool marked = text_.starts_with("\xFF\xFE") || text_.starts_with("\xFE\xFF");
    if (marked || (text_.size() > 1 && (text_[0] == '\0') != (text_[1] == '\0')))
        throw Error(path.string() + " is UTF-16: save it as UTF-8",
                    "in PowerShell: Get-Content old.txt | Set-Content -Encoding utf8 new.txt; "
                    "elsewhere: iconv -f UTF-16 -t UTF-8 old.txt > new.txt");
    if (text_.starts_with("\xEF\xBB\xBF")) begin_ = 3;
}

bool LineReader::next(std::string& line) {
    while (begin_ < text_.size()) {
        std::size_t end = std::min(text_.find('\n', begin_), text_.size());
        const std::size_t begin = begin_;
        begin_ = end + 1;
        ++number_;
        if (end > begin && text_[end - 1] == '\r') --end;
        if (std::min(text_.find_first_not_of(" \t", begin), end) == end) continue;
        line.assign(text_, begin, end - begin);
        return true;
    }
    return false;
}

std::size_t LineReader::count() const {
    return 1 + static_cast<std::size_t>(std::count(text_.begin(), text_.end(), '\n'));
}

bool is_utf8(const std::string& text) {
    try {
        (void)nlohmann::json(text).dump();
        return true;
    } catch (const nlohmann::json::type_error&) {
        return false;
    }
}

}  // namespace mdn
