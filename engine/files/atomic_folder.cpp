#include "engine/files/atomic_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const std::string& path, const char* what, int reason) {
    throw Error("cannot " + std::string(what) + " " + path + ": " + std::strerror(reason));
}

/// Something in a folder that is no file with that ending; empty where there is none.
std::string stranger_in(const fs::path& folder, const std::string& suffix) {
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) {
        std::error_code unseen;
        const std::string name = entry.path().filename().string();
        const bool ours = entry.is_regular_file(unseen) && name.ends_with(suffix);
        if (!ours) return name;
    }
    if (failure) throw Error("cannot read " + folder.string() + ": " + failure.message());
    return "";
}

bool is_ours(const std::string& folder, const std::string& suffix) {
    try {
        return stranger_in(folder, suffix).empty();
    } catch (const Error&) {  // it cannot be read
        return false;
    }
}

/// Makes the folders that `path` lies in, once it is known that it may be written.
const std::string& prepared(const std::string& path, const std::string& suffix, bool overwrite) {
    AtomicFolder::check_replaceable(path, suffix, overwrite);
    const fs::path parent = fs::path(path).parent_path();
    std::error_code failure;
    if (!parent.empty()) fs::create_directories(parent, failure);
    if (failure) throw Error("cannot make " + parent.string() + ": " + failure.message());
    return path;
}

}  // namespace

void AtomicFolder::check_replaceable(const std::string& path, const std::string& suffix,
                                     bool overwrite) {
    std::error_code failure;
    const fs::file_status status = fs::symlink_status(path, failure);
    if (!fs::exists(status)) return;
    if (!fs::is_directory(status)) throw Error(path + " is in the way: it is no folder");
    const std::string stranger = stranger_in(path, suffix);
    if (!stranger.empty())
        throw Error(path + " exists and holds " + stranger + ", which is never removed",
                    "move the folder away");
    if (!overwrite) throw Error(path + " exists already", "--overwrite replaces it");
}

AtomicFolder::AtomicFolder(std::string path, std::string suffix, bool overwrite)
    : path_(std::move(path)),
      suffix_(std::move(suffix)),
      overwrite_(overwrite),
      partial_(prepared(path_, suffix_, overwrite), PartialPath::Kind::folder,
               [suffix = suffix_](const std::string& folder) { return is_ours(folder, suffix); }) {}

AtomicFolder::~AtomicFolder() {
    if (!committed_) partial_.remove();
}

void AtomicFolder::write(const std::string& name, const std::string& text) {
    const std::string file = partial_.name() + "/" + name;
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0) fail(file, "write", errno);
    const char* next = text.data();
    for (std::size_t left = text.size(); left > 0;) {
        const ssize_t written = ::write(descriptor, next, left);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            const int reason = errno;
            ::close(descriptor);
            fail(file, "write", reason);
        }
        next += written;
        left -= static_cast<std::size_t>(written);
    }
    if (::close(descriptor) != 0) fail(file, "write", errno);
}

void AtomicFolder::take_place() {
    const char *partial = partial_.name().c_str(), *path = path_.c_str();
    if (::rename(partial, path) == 0) {  // nothing there, or an empty folder
        committed_ = true;
        partial_.release();
        return;
    }
    if (errno != EEXIST && errno != ENOTEMPTY) fail(path_, "write", errno);
    // A folder that is not empty: another process may have written it since this one looked. The
    // two change places in one step, and the old one goes.
    check_replaceable(path_, suffix_, overwrite_);
    if (::renameat2(AT_FDCWD, partial, AT_FDCWD, path, RENAME_EXCHANGE) == 0) {
        committed_ = true;
        partial_.remove();
        partial_.release();
        return;
    }
    // File systems that cannot do that let the old one make room first.
    if (errno != EINVAL && errno != ENOSYS) fail(path_, "write", errno);
    const PartialPath old(path_, PartialPath::Kind::folder);
    if (::rename(path, old.name().c_str()) != 0 || ::rename(partial, path) != 0)
        fail(path_, "write", errno);
    committed_ = true;
    partial_.release();
    old.remove();
}

void AtomicFolder::commit() {
    partial_.sync();
    take_place();
}

void AtomicFolder::commit_all(const std::vector<std::unique_ptr<AtomicFolder>>& folders) {
    if (folders.empty()) return;
    folders.front()->partial_.sync();
    for (const auto& folder : folders) folder->take_place();
}

}  // namespace mdn
