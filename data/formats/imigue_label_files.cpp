#include "data/formats/imigue_label_files.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "data/formats/imigue_tables.h"
#include "data/formats/list_file.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr const char* label_suffix = "_label.csv";

/// "validate", "imigue_skeleton_validate", "validation_data": val; nothing for "0001".
std::optional<std::string> split_named(const std::string& folder) {
    for (const std::string& word : split_at(folder, '_')) {
        if (word == "train" || word == "test") return word;
        if (word == "val" || word == "valid" || word == "validate" || word == "validation")
            return "val";
    }
    return std::nullopt;
}

/// Whether a failure to look at something leaves open what is there; a link that leads nowhere does
/// not.
bool hides_something(const std::error_code& failure) {
    return failure && failure != std::errc::no_such_file_or_directory &&
           failure != std::errc::not_a_directory &&
           failure != std::errc::too_many_symbolic_link_levels;
}

/// Adds the label files below a folder. `depth` counts from the dataset's folder, which is 0;
/// `split` is what the folders above tell.
void find_label_files(const fs::path& folder, int depth, const std::string& split,
                      LabelFiles& found) {
    const auto note = [&](const fs::path& path, const std::error_code& failure) {
        if (hides_something(failure))
            found.unread.emplace_back("cannot read " + path.string() + ": " + failure.message(),
                                      "files *_label.csv are looked for in it");
    };
    std::error_code failure;
    fs::directory_iterator walk(folder, failure);
    for (; !failure && walk != fs::directory_iterator(); walk.increment(failure)) {
        const fs::path& path = walk->path();
        const std::string name = path.filename().string();
        // Millions of files may lie in the first two, none of them a list; the others are a disk's
        // own and nobody's to read (.Trash-0).
        if (depth == 0 && (name == "frames" || name == "keypoints" || name == "lost+found" ||
                           name.starts_with('.')))
            continue;
        std::error_code unseen;
        if (walk->is_directory(unseen)) {
            if (depth < 4)
                find_label_files(path, depth + 1, split_named(name).value_or(split), found);
            continue;
        }
        note(path, unseen);
        if (unseen || !name.ends_with(label_suffix)) continue;
        const std::string number = name.substr(0, name.size() - std::string(label_suffix).size());
        if (number.size() < 4 || number.find_first_not_of("0123456789") != std::string::npos)
            continue;
        const fs::file_status status = fs::status(path, unseen);
        note(path, unseen);
        if (fs::is_regular_file(status))
            found.files.push_back({path, parse_video(number, path.string()), split});
    }
    note(folder, failure);
}

}  // namespace

LabelFiles find_label_files(const fs::path& dataset) {
    LabelFiles found;
    find_label_files(dataset, 0, "", found);
    std::sort(found.files.begin(), found.files.end(), [](const LabelFile& a, const LabelFile& b) {
        return std::pair(a.video, a.path) < std::pair(b.video, b.path);
    });
    return found;
}

}  // namespace mdn
