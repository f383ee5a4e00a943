// A dataset folder: class names, lists of clips, and where each clip's files are.
//
//     labels.txt                     INDEX<TAB>NAME[<TAB>BODY-LEVEL NAME]
//     train.txt val.txt test.txt     CLIP_DIR NUM_FRAMES LABEL
//     frames/CLIP_DIR/img_00001.jpg …
//     keypoints/CLIP_DIR/img_00001_keypoints.json …     or  CLIP_000000000000_keypoints.json …
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mdn {

/// The actions of a dataset; an action's index is its position in `names`.
struct ClassNames {
    std::vector<std::string> names;
    /// Body-level classes in order of their first action; empty when labels.txt has no third
    /// column.
    std::vector<std::string> body_names;
    /// Index in body_names of each action; empty as body_names is.
    std::vector<std::int64_t> body_of;

    std::int64_t count() const { return static_cast<std::int64_t>(names.size()); }
};

/// Which of a clip's files will be read; the others need not exist.
struct ClipNeeds {
    bool frames = true;
    bool keypoints = true;
};

/// The files of one clip; frames count from 0 here, whatever the files' own numbers.
struct ClipFiles {
    std::string name;                 // as in the list; may contain slashes
    std::filesystem::path frames;     // folder
    std::filesystem::path keypoints;  // folder
    std::int64_t count = 0;           // frames
    std::int64_t first = 0;           // of the folder's frames, for a clip cut from a recording

    /// img_00001.jpg is frame 0 of its folder.
    std::filesystem::path frame(std::int64_t t) const;
    /// img_00001_keypoints.json (OpenPose on images), or, where that does not exist,
    /// CLIP_000000000000_keypoints.json (OpenPose on a video, which counts from 0), CLIP being the
    /// last component of the frames' folder (the keypoints' without frames); both are frame 0 of
    /// their folder. Throws Error naming both if neither exists.
    std::filesystem::path keypoint(std::int64_t t) const;
};

/// One line of a list.
struct ListedClip {
    ClipFiles files;
    std::int64_t label = 0;
};

/// Reads DIR/labels.txt. Throws Error naming file and line: a malformed line, an index repeated or
/// missing from 0..C-1, a body level given for some actions only, text that is not UTF-8.
ClassNames read_class_names(const std::filesystem::path& dataset);

/// Reads DIR/SPLIT.txt (split: train, val or test); blank lines are skipped. Throws Error naming
/// file and line: a malformed line, a label outside 0..classes-1, a name that leaves the dataset
/// (absolute or with ".."), a name listed before, missing frames or keypoints where they are needed
/// (of each clip the last file is looked for). Throws as well for a list without clips.
std::vector<ListedClip> read_split(const std::filesystem::path& dataset, const std::string& split,
                                   std::int64_t classes, ClipNeeds needs);

/// The clip of that name from the first of train.txt, val.txt and test.txt that lists it. Checks
/// that clip as read_split does, and no other; a dataset without some of the lists is fine. Throws
/// Error if no list has it.
ListedClip find_clip(const std::filesystem::path& dataset, const std::string& name,
                     std::int64_t classes, ClipNeeds needs);

/// How many of img_00001.jpg, img_00002.jpg, … a folder holds before the first gap.
std::int64_t count_frames(const std::filesystem::path& folder);

}  // namespace mdn
