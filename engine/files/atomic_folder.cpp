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

/// One call for all files of the folder: to sync them one by one takes a millisecond each.
void sync_file_system_of(const std::string& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) fail(folder, "open", errno);
    const int status = ::syncfs(descriptor);
    const int reason = errno;
    ::close(descriptor);
    if (status != 0) fail(folder, "sync", reason);
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
    : path_(std::move(path)), partial_(path_ + ".partial") {
    check_replaceable(path_, suffix, overwrite);
    // What an interrupted run left.
    check_replaceable(partial_, suffix, true);
    std::error_code failure;
    fs::remove_all(partial_, failure);
    if (!failure) fs::create_directories(partial_, failure);
    if (failure) throw Error("cannot make " + partial_ + ": " + failure.message());
}

AtomicFolder::~AtomicFolder() {
    std::error_code ignored;
    if (!committed_) fs::remove_all(partial_, ignored);
}

void AtomicFolder::write(const std::string& name, const std::string& text) {
    const std::string file = partial_ + "/" + name;
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
    if (::rename(partial_.c_str(), path_.c_str()) == 0) {  // nothing there, or an empty folder
        committed_ = true;
        return;
    }
    // A folder that is not empty: the two change places in one step, and the old one goes. File
    // systems that cannot do that let the old one make room first.
    std::string old = partial_;
    if (::renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) != 0) {
        old = path_ + ".old";
        if (errno != EINVAL && errno != ENOSYS) fail(path_, "write", errno);
        if (::rename(path_.c_str(), old.c_str()) != 0 ||
            ::rename(partial_.c_str(), path_.c_str()) != 0)
            fail(path_, "write", errno);
    }
    committed_ = true;
    std::error_code failure;
    fs::remove_all(old, failure);
    if (failure) throw Error("cannot remove the old " + old + ": " + failure.message());
}

void AtomicFolder::commit() {
    sync_file_system_of(partial_);
    take_place();
}

void AtomicFolder::commit_all(const std::vector<std::unique_ptr<AtomicFolder>>& folders) {
    if (folders.empty()) return;
    sync_file_system_of(folders.front()->partial_);
    for (const auto& folder : folders) folder->take_place();
}

}  // namespace mdn
