#include "data/formats/folder_entries.h"

#include <system_error>

#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

FolderEntries read_folder(const fs::path& folder) {
    FolderEntries entries;
    std::error_code failure;
    // Names can be read without the right to enter, but no file behind them.
    (void)fs::status(folder / ".", failure);
    fs::directory_iterator entry;
    if (!failure) entry = fs::directory_iterator(folder, failure);
    for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
        const fs::path& path = entry->path();
        if (path.filename().string().starts_with('.')) continue;
        std::error_code of_entry;  // a link that leads nowhere is no folder
        if (entry->is_directory(of_entry))
            entries.folders.insert(path);
        else
            entries.files.insert(path.filename().string());
    }
    if (failure) entries.failure = failure.message();
    return entries;
}

void check_was_read(const fs::path& folder, const std::string& failure) {
    if (failure.empty()) return;
    throw Error(folder.string() + " cannot be read: " + failure,
                "ls -ld " + folder.string() + " shows who may read it");
}

void check_can_be_reached(const fs::path& path) {
    std::error_code failure;
    const fs::file_status status = fs::status(path, failure);
    // Where there is nothing, the system has an error as well.
    if (failure && status.type() != fs::file_type::not_found)
        check_was_read(path, failure.message());
}

void check_can_be_read(const fs::path& folder) {
    check_can_be_reached(folder);
    std::error_code failure;
    if (fs::is_directory(folder, failure)) check_was_read(folder, read_folder(folder).failure);
}

}  // namespace mdn
