#include "data/formats/dataset_folder.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "data/file.h"
#include "data/formats/folder_entries.h"
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

/// What may be meant as the frames of a dataset that has neither frames/ nor keypoints/.
struct Candidates {
    std::vector<fs::path> folders;   // directly below the dataset, with images below them
    std::vector<fs::path> of_clips;  // those of them whose own folders have images below them
};

Candidates candidates_in(const fs::path& dataset) {
    Candidates found;
    for (const fs::path& folder : read_folder(dataset).folders) {
        if (image_below(folder).empty()) continue;
        found.folders.push_back(folder);
        const std::set<fs::path> below = read_folder(folder).folders;
        if (std::any_of(below.begin(), below.end(),
                        [](const fs::path& clip) { return !image_below(clip).empty(); }))
            found.of_clips.push_back(folder);
    }
    return found;
}

bool is_called_frames(const fs::path& folder) {
    std::string name = folder.filename().string();
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return name == "frames";
}

/// How the frames come to lie in frames/; empty where none are found. A folder of all clips that
/// was moved into frames/ would become their only class.
std::string way_into_frames(const fs::path& dataset) {
    const Candidates found = candidates_in(dataset);
    if (found.folders.empty()) return "";
    const fs::path frames = dataset / "frames";
    auto all = std::find_if(found.of_clips.begin(), found.of_clips.end(), is_called_frames);
    if (found.folders.size() == 1) all = found.of_clips.begin();
    const std::string rename =
        all == found.of_clips.end() ? "" : "rename " + all->string() + " to " + frames.string();
    if (!rename.empty() && is_called_frames(*all)) return rename + "; ";
    const fs::path& first = found.folders.front();
    const std::string move = "make the folder " + frames.string() +
                             " and move the folders of the frames into it: " + first.string() +
                             " becomes " + (frames / first.filename()).string();
    // One folder may hold all clips, or be the first class or person of more to come.
    return rename.empty()
               ? move + "; "
               : rename + " if its name says nothing of the clips; otherwise " + move + "; ";
}

/// "." in frames/ does not say so itself.
void refuse_frames_itself(const fs::path& dataset) {
    std::error_code failure;
    const fs::path real = fs::canonical(dataset, failure);
    if (failure || (real.filename() != "frames" && real.filename() != "keypoints")) return;
    // The way that was taken here may lead through a link.
    const char* taken = std::getenv("PWD");
    const bool is_here = taken != nullptr && fs::equivalent(taken, dataset, failure);
    const fs::path path = is_here ? fs::path(taken) : real;
    throw Error("DATASET " + dataset.string() + " is the " + real.filename().string() +
                    "/ of a dataset, not the dataset",
                "name the folder that it lies in: " + path.parent_path().string());
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
    check_can_be_reached(dataset);
    if (!fs::exists(dataset, failure))
        throw Error("DATASET " + dataset.string() + ": there is no such folder", holds);
    if (!is_folder(dataset))
        throw Error("DATASET " + dataset.string() + " is a file, not a folder", holds);
    // One that was meant must not be passed over for the other.
    for (const char* part : {"frames", "keypoints"}) {
        const fs::path path = dataset / part;
        check_can_be_reached(path);
        if (is_folder(path) || !fs::exists(fs::symlink_status(path, failure))) continue;
        if (fs::exists(path, failure))
            throw Error(path.string() + " is a file, not a folder",
                        "move it away, or give it another name");
        throw Error(path.string() + " is a link that leads nowhere",
                    "link the folder that is meant, or remove the link");
    }
    const fs::path frames = dataset / "frames";
    if (is_folder(frames) || is_folder(dataset / "keypoints")) return;
    refuse_frames_itself(dataset);
    throw Error("DATASET " + dataset.string() + " has neither frames/ nor keypoints/",
                way_into_frames(dataset) + "data/extract_frames VIDEOS " + frames.string() +
                    " makes the frames from videos");
}

}  // namespace mdn
