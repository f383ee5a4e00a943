#include "train/run_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <utility>
#include <vector>

#include "data/file.h"
#include "engine/error.h"
#include "engine/files/file_lock.h"
#include "engine/files/partial_path.h"
#include "train/report/evaluation_data.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr const char* lock_name = "train.lock";
/// Of the name to which older versions of this program wrote first.
constexpr const char* old_ending = ".partial";

std::array<std::string, 5> files_of(const std::string& run) {
    return {last_checkpoint(run), next_checkpoint(run), best_checkpoint(run), log_file(run),
            report_file(run)};
}

std::vector<std::string> report_data_of(const std::string& run) {
    std::vector<std::string> files;
    std::error_code ignored;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(report_data_folder(run), ignored))
        files.push_back(entry.path().string());
    return files;
}

/// Whether a run that is stopped before its first checkpoint leaves a file of this name.
bool is_left_over(const std::string& name) {
    if (name == lock_name || name == fs::path(log_file("")).filename()) return true;
    const auto files = files_of("");
    return std::any_of(files.begin(), files.end(), [&](const std::string& file) {
        const std::string whole = fs::path(file).filename().string();
        return name == whole + old_ending || PartialPath::target_of(name) == whole;
    });
}

bool holds_run(const std::string& run) {
    return !newest_checkpoint(run).empty() || is_file(best_checkpoint(run));
}

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

/// Locks the open train.lock of a run. Closes it and throws Error naming the process that has it.
Lock refuse_if_taken(const std::string& run, int descriptor) {
    const Lock lock = try_lock(descriptor);
    if (lock != Lock::taken) return lock;
    const std::string holder = text_in(descriptor);
    ::close(descriptor);
    throw Error("another train writes into --out " + run + ": " +
                    (holder.empty() ? "a process that has just begun" : holder),
                "wait until it is done, or give another --out");
}

}  // namespace

std::string last_checkpoint(const std::string& run) { return run + "/last.safetensors"; }
std::string next_checkpoint(const std::string& run) { return run + "/next.safetensors"; }
std::string best_checkpoint(const std::string& run) { return run + "/best.safetensors"; }
std::string log_file(const std::string& run) { return run + "/log.jsonl"; }
std::string report_file(const std::string& run) { return run + "/report.html"; }

std::string newest_checkpoint(const std::string& run) {
    for (const std::string& file : {next_checkpoint(run), last_checkpoint(run)})
        if (is_file(file)) return file;
    return "";
}

RunFolder::RunFolder(std::string path, RunStart start, const std::function<void(std::string)>& note)
    : path_(std::move(path)) {
    const std::string file = path_ + "/" + lock_name;
    if (const int there = ::open(file.c_str(), O_RDWR | O_CLOEXEC); there >= 0) {
        refuse_if_taken(path_, there);
        ::close(there);
    }
    check(start);  // before anything is written into a folder that is not a run's
    try {
        lock(note);
        check(start);  // another process may have trained into it in between
    } catch (...) {
        remove_made();
        throw;
    }
}

RunFolder::~RunFolder() { remove_made(); }

/// Throws Error if the folder does not hold what it should.
void RunFolder::check(RunStart start) const {
    if (start == RunStart::resume) {
        if (!newest_checkpoint(path_).empty()) return;
        if (is_file(log_file(path_)))
            throw Error("--out " + path_ +
                            " holds no run to resume: there is a log, but no last.safetensors; "
                            "the run was stopped before its first checkpoint",
                        "leave --resume out to start the run anew");
        throw Error("--out " + path_ + " holds no run to resume: there is no last.safetensors",
                    "leave --resume out to start one");
    }
    if (holds_run(path_)) {
        if (start == RunStart::overwrite) return;
        throw Error(
            "--out " + path_ + " already holds a run",
            "continue it with --resume, replace it with --overwrite, or give another --out");
    }
    std::error_code error;
    if (!fs::exists(path_, error) && !error) return;
    fs::directory_iterator files;
    if (!error) files = fs::directory_iterator(path_, error);
    if (error == std::errc::not_a_directory)
        throw Error("--out " + path_ + " exists and is not an empty folder", "give another --out");
    if (error) throw Error("cannot read the folder " + path_ + ": " + error.message());
    for (const fs::directory_entry& entry : files)
        if (const std::string name = entry.path().filename().string(); !is_left_over(name))
            throw Error("--out " + path_ + " exists and is not an empty folder: it holds " + name,
                        "give another --out");
}

void RunFolder::make() {
    std::error_code error;
    if (made_.empty()) {
        // The topmost folder that is missing, to be removed again if nothing comes of the run.
        fs::path missing;
        for (fs::path at = fs::path(path_ + "/").parent_path();
             !at.empty() && !fs::exists(at, error) && !error; at = at.parent_path())
            missing = at;
        made_ = missing.string();
    }
    fs::create_directories(path_, error);
    if (error) throw Error("cannot make the folder " + path_ + ": " + error.message());
}

void RunFolder::lock(const std::function<void(std::string)>& note) {
    const std::string file = path_ + "/" + lock_name;
    // Whoever had it before may remove the file, or the folder, between two of these steps.
    for (int attempt = 0; attempt < 100; ++attempt) {
        make();
        const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (descriptor < 0 && errno == ENOENT) continue;
        if (descriptor < 0)
            throw Error("cannot write " + file + ": " + std::strerror(errno),
                        "train needs an --out that it may write into");
        if (refuse_if_taken(path_, descriptor) == Lock::impossible)
            note("note: the file system of " + path_ + " has no locks (" + std::strerror(errno) +
                 "): take care that no other train writes into it");
        if (!still_names(file, descriptor)) {
            ::close(descriptor);
            continue;
        }
        descriptor_ = descriptor;
        // What it says is for people; that it is locked is what counts.
        const std::string text = this_process() + "\n";
        if (::ftruncate(descriptor, 0) != 0 ||
            ::pwrite(descriptor, text.data(), text.size(), 0) < 0)
            throw Error("cannot write " + file + ": " + std::strerror(errno));
        return;
    }
    throw Error("cannot lock " + file + ": it is made and removed all the time");
}

void RunFolder::remove_made() const {
    if (descriptor_ >= 0) {
        const std::string file = path_ + "/" + lock_name;
        if (still_names(file, descriptor_)) ::unlink(file.c_str());
    }
    // As long as they are empty: with a run in them, or another process's lock, they stay.
    if (!made_.empty())
        for (fs::path at = fs::path(path_ + "/").parent_path();
             at.string().size() >= made_.size() && ::rmdir(at.c_str()) == 0;
             at = at.parent_path()) {
        }
    if (descriptor_ >= 0) ::close(descriptor_);
}

void RunFolder::check_is_ours() const {
    const std::string file = path_ + "/" + lock_name;
    if (still_names(file, descriptor_)) return;
    throw Error("--out " + path_ + " is no longer this run's: its " + lock_name +
                    " was removed or replaced, or the folder was moved",
                "another train may write there by now, so this one saves nothing more; where its "
                "checkpoints are, train --out THAT_FOLDER --resume goes on from the last of them");
}

void RunFolder::remove_left_overs() const {
    std::error_code ignored;
    for (const std::string& file : report_data_of(path_))
        if (const std::string whole = PartialPath::target_of(file); !whole.empty())
            PartialPath::remove_left_overs(whole, PartialPath::Kind::file);
    for (const std::string& file : files_of(path_)) {
        PartialPath::remove_left_overs(file, PartialPath::Kind::file);
        fs::remove(file + old_ending, ignored);
    }
}

void RunFolder::empty() const {
    std::error_code ignored;
    for (const std::string& file : files_of(path_)) fs::remove(file, ignored);
    for (const std::string& file : report_data_of(path_))
        if (file.ends_with(".json")) fs::remove(file, ignored);
    remove_left_overs();
    fs::remove(report_data_folder(path_), ignored);  // with files of others in it, it stays
}

}  // namespace mdn
