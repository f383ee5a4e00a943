#include "train/run_folder.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>
#include <vector>

#include "data/file.h"
#include "engine/error.h"
#include "engine/files/partial_path.h"
#include "train/report/evaluation_data.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr const char* command = "train";
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
    if (name == FolderLock::name_for(command) || name == fs::path(log_file("")).filename())
        return true;
    const auto files = files_of("");
    return std::any_of(files.begin(), files.end(), [&](const std::string& file) {
        const std::string whole = fs::path(file).filename().string();
        return name == whole + old_ending || PartialPath::target_of(name) == whole;
    });
}

bool holds_run(const std::string& run) {
    return !newest_checkpoint(run).empty() || is_file(best_checkpoint(run));
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

RunFolder::RunFolder(std::string path, RunStart start,
                     const std::function<void(const std::string&)>& note)
    : path_(std::move(path)) {
    FolderLock::refuse_if_held(path_, command);
    check(start);  // before anything is written into a folder that is not a run's
    lock_.emplace(path_, command, note);
    check(start);  // another process may have trained into it in between
}

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

void RunFolder::check_is_ours() const {
    if (lock_->is_ours()) return;
    throw Error("--out " + path_ + " is no longer this run's: its " +
                    FolderLock::name_for(command) +
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
