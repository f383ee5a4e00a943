#include "train/folder_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <utility>

#include "engine/error.h"
#include "engine/files/file_lock.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

/// "process 4711 on host since 2026-11-28 13:05:12 UTC", as the lock says it.
std::string this_process() {
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) std::strcpy(host.data(), "this host");
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    std::array<char, 32> since{};
    std::strftime(since.data(), since.size(), "%Y-%m-%d %H:%M:%S UTC", &utc);
    return "process " + std::to_string(::getpid()) + " on " + host.data() + " since " +
           since.data();
}

std::string text_in(int descriptor) {
    std::array<char, 512> text{};
    const ssize_t length = ::pread(descriptor, text.data(), text.size(), 0);
    std::string line(text.data(), static_cast<size_t>(std::max<ssize_t>(length, 0)));
    return line.substr(0, line.find('\n'));
}

/// Locks an open lock file. Closes it and throws Error naming the process that has it.
Lock refuse_if_taken(const std::string& path, const std::string& command, int descriptor) {
    const Lock lock = try_lock(descriptor);
    if (lock != Lock::taken) return lock;
    const std::string holder = text_in(descriptor);
    ::close(descriptor);
    throw Error("another " + command + " writes into --out " + path + ": " +
                    (holder.empty() ? "a process that has just begun" : holder),
                "wait until it is done, or give another --out");
}

}  // namespace

void FolderLock::refuse_if_held(const std::string& path, const std::string& command) {
    const std::string file = path + "/" + name_for(command);
    const int there = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    if (there < 0) return;
    refuse_if_taken(path, command, there);
    ::close(there);
}

FolderLock::FolderLock(std::string path, std::string command,
                       const std::function<void(const std::string&)>& note)
    : path_(std::move(path)),
      command_(std::move(command)),
      file_(path_ + "/" + name_for(command_)) {
    try {
        lock(note);
    } catch (...) {
        remove_made();
        throw;
    }
}

FolderLock::~FolderLock() { remove_made(); }

void FolderLock::make() {
    std::error_code error;
    if (made_.empty()) {
        // The topmost folder that is missing, to be removed again if nothing comes of the work.
        fs::path missing;
        for (fs::path at = fs::path(path_ + "/").parent_path();
             !at.empty() && !fs::exists(at, error) && !error; at = at.parent_path())
            missing = at;
        made_ = missing.string();
    }
    fs::create_directories(path_, error);
    if (error) throw Error("cannot make the folder " + path_ + ": " + error.message());
}

void FolderLock::lock(const std::function<void(const std::string&)>& note) {
    // Whoever had it before may remove the file, or the folder, between two of these steps.
    for (int attempt = 0; attempt < 100; ++attempt) {
        make();
        const int descriptor = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (descriptor < 0 && errno == ENOENT) continue;
        if (descriptor < 0)
            throw Error("cannot write " + file_ + ": " + std::strerror(errno),
                        command_ + " needs an --out that it may write into");
        if (refuse_if_taken(path_, command_, descriptor) == Lock::impossible)
            note("note: the file system of " + path_ + " has no locks (" + std::strerror(errno) +
                 "): take care that no other " + command_ + " writes into it");
        if (!still_names(file_, descriptor)) {
            ::close(descriptor);
            continue;
        }
        descriptor_ = descriptor;
        const std::string text = this_process() + "\n";
        if (::ftruncate(descriptor, 0) != 0 ||
            ::pwrite(descriptor, text.data(), text.size(), 0) < 0)
            throw Error("cannot write " + file_ + ": " + std::strerror(errno));
        return;
    }
    throw Error("cannot lock " + file_ + ": it is made and removed all the time");
}

void FolderLock::remove_made() const {
    if (is_ours()) ::unlink(file_.c_str());
    // As long as they are empty: with a run in them, or another process's lock, they stay.
    if (!made_.empty())
        for (fs::path at = fs::path(path_ + "/").parent_path();
             at.string().size() >= made_.size() && ::rmdir(at.c_str()) == 0;
             at = at.parent_path()) {
        }
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool FolderLock::is_ours() const { return descriptor_ >= 0 && still_names(file_, descriptor_); }

}  // namespace mdn
