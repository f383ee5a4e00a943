#include "data/formats/dataset_folder.h"

#include "data/file.h"
#include "data/formats/frame_names.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

/// An image below a folder; empty where there is none, or none among the first files.
fs::path image_below(const fs::path& folder) {
    constexpr int most = 10000, deep = 4;
    std::error_code failure;
    fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                           failure);
    for (int looked = 0; !failure && entry != fs::end(entry) && looked < most;
         entry.increment(failure), ++looked) {
        if (entry.depth() >= deep) entry.disable_recursion_pending();
        if (is_image_name(entry->path()) && entry->is_regular_file(failure)) return entry->path();
    }
    return {};
}

}  // namespace

fs::path dataset_of(const fs::path& folder) {
    if (is_folder(folder / "frames") || is_folder(folder / "keypoints")) return folder;
    fs::path path = folder.lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // behind a last slash there is no name
    if (path.filename() != "frames" && path.filename() != "keypoints") return folder;
    return path.has_parent_path() ? path.parent_path() : ".";
}

void check_dataset_folder(const fs::path& dataset) {
    std::error_code failure;
    const char* holds = "DATASET is the folder that holds frames/, or keypoints/";
    if (!fs::exists(dataset, failure))
        throw Error("DATASET " + dataset.string() + ": there is no such folder", holds);
    if (!is_folder(dataset))
        throw Error("DATASET " + dataset.string() + " is a file, not a folder", holds);
    // One that was meant must not be passed over for the other.
    for (const char* part : {"frames", "keypoints"}) {
        const fs::path path = dataset / part;
        if (is_folder(path) || !fs::exists(fs::symlink_status(path, failure))) continue;
        if (fs::exists(path, failure))
            throw Error(path.string() + " is a file, not a folder",
                        "move it away, or give it another name");
        throw Error(path.string() + " is a link that leads nowhere",
                    "link the folder that is meant, or remove the link");
    }
    const fs::path frames = dataset / "frames";
    if (is_folder(frames) || is_folder(dataset / "keypoints")) return;
    std::string hint;
    const fs::path image = image_below(dataset);
    const fs::path first = image.empty() ? fs::path() : *image.lexically_relative(dataset).begin();
    if (is_folder(dataset / first) && !first.empty())
        hint = "if the folders in " + dataset.string() + " hold the frames, move them into " +
               frames.string() + ": " + (dataset / first).string() + " becomes " +
               (frames / first).string() + "; ";
    throw Error(
        "DATASET " + dataset.string() + " has neither frames/ nor keypoints/",
        hint + "data/extract_frames VIDEOS " + frames.string() + " makes the frames from videos");
}

}  // namespace mdn
