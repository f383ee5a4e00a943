// Makes lists for a folder of clips that has none. The name of a clip tells what it shows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/formats/clip_folders.h"
#include "data/formats/frame_names.h"
#include "data/formats/group_split.h"
#include "data/formats/name_pattern.h"

namespace mdn {

/// A dataset folder's clips, shared out to train, val and test.
struct FolderLists {
    /// A line of a list.
    struct Clip {
        std::string name;  // path below frames/
        std::int64_t count = 0;
        std::int64_t label = 0;
        std::string group;  // the clip's name where the pattern has no {group}
        int split = 0;      // position in split_names
    };

    std::filesystem::path dataset;
    std::vector<std::string> classes;
    std::vector<Clip> clips;  // by name
    bool keeps_labels = false;
    bool has_frames = false, has_keypoints = false;  // of the clips

    /// Clips of a class in a split.
    std::int64_t count(std::int64_t label, int split) const;
    /// Names of a split's groups, in order.
    std::vector<std::string> groups(int split) const;
};

/// Shares the clips of a folder (find_clip_folders) out. Classes are numbered in the order of their
/// names, or by the labels.txt that is there if `keep_labels`. `warn` is told of what was left out,
/// and why, of classes that do not train, and of classes, and groups of different lists, that
/// differ only in case. Throws Error if no clip is left, a name does not fit the pattern or cannot
/// stand in a list, and as split_by_group does.
FolderLists make_folder_lists(const std::filesystem::path& dataset, const NamePattern& pattern,
                              const SplitPlan& plan, bool keep_labels,
                              const std::optional<FrameNames>& frame_names, const Warn& warn);

/// Throws Error if one of the files exists already, unless `overwrite`, if the folder may not be
/// read, or if it is a dataset whose lists came with it. With `overwrite` as well if something else
/// than a file has the name of one, or if labels.txt is to be replaced and has body-level names,
/// which would be lost, or cannot be read, so that nobody knows.
void check_lists_can_be_written(const std::filesystem::path& dataset, bool keep_labels,
                                bool overwrite);

/// What write_folder_lists did to the dataset folder.
struct ListFiles {
    std::vector<std::filesystem::path> written;
    std::vector<std::filesystem::path> removed;  // old lists of splits that have no clips now
};

/// Writes labels.txt, unless it is kept, and a list for each split that has clips; removes the list
/// of a split that has none. All are written under other names first: what fails there, as on a
/// full disk, replaces nothing. Then they take their names one after the other, each complete. What
/// fails there throws Error that says which are new by then: those do not belong to the old ones.
ListFiles write_folder_lists(const FolderLists& lists);

}  // namespace mdn
