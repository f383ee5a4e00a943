// What a folder of a dataset holds, or why nobody can tell.
#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace mdn {

/// Names that begin with a dot are other programs', and left out.
struct FolderEntries {
    std::set<std::filesystem::path> folders;  // whole paths, in a fixed order
    std::set<std::string> files;              // names
    std::string failure;                      // the system's reason where it cannot be read
};

FolderEntries read_folder(const std::filesystem::path& folder);

/// Throws Error with the system's reason if a file or folder cannot be looked at because the way to
/// it may not be taken. Where there is none, others say so.
void check_can_be_reached(const std::filesystem::path& path);

/// The same where a folder that is there may not be read.
void check_can_be_read(const std::filesystem::path& folder);

/// Throws the same where `failure` is a reason.
void check_was_read(const std::filesystem::path& folder, const std::string& failure);

}  // namespace mdn
