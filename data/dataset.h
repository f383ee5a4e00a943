// A dataset folder: class names, lists of clips, and where each clip's files are. The folder may be
// in any format of data/formats/dataset_format.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/formats/frame_names.h"

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

/// What of a clip will be used; the rest need not exist.
struct ClipNeeds {
    bool frames = true;
    bool keypoints = true;
    bool label = true;
};

/// What of a dataset cannot always be told from its files, so that the user may say it.
struct DatasetOptions {
    /// How frames are called; else found for each folder (find_frame_names).
    std::optional<FrameNames> frame_names = std::nullopt;
    /// Which number lists give to the first frame of a recording, 0 or 1; else as the format has
    /// it.
    std::optional<std::int64_t> first_frame = std::nullopt;
};

/// The files of one clip; frames count from 0 here, whatever the files' own numbers.
struct ClipFiles {
    std::string name;                 // as in the list; may contain slashes
    std::filesystem::path frames;     // folder
    std::filesystem::path keypoints;  // folder of OpenPose's files, or a light_hand.csv
    std::int64_t count = 0;           // frames
    std::int64_t first = 0;           // of the folder's frames, for a clip cut from a recording
    FrameNames names = {};            // of the frames
    /// Frames at the end, at most most_without_keypoints(), for which there are no keypoints: the
    /// person counts as not seen. Filled in by complete_clip.
    std::int64_t without_keypoints = 0;

    /// Frames from..from+length-1 of these as a clip of their own, under the same name.
    ClipFiles part(std::int64_t from, std::int64_t length) const;
    /// Frame 0 of a folder is the one that `names` gives the first number: img_00001.jpg.
    std::filesystem::path frame(std::int64_t t) const;
    /// The first of these that exists, each for frame 0 of its folder:
    /// - img_00001_keypoints.json (OpenPose on images), named after the frame;
    /// - the same where frames are called otherwise, but count from 1 as well;
    /// - CLIP_000000000000_keypoints.json (OpenPose on a video, which counts from 0), CLIP being
    ///   one of video_stems().
    /// Throws Error naming them if none exists.
    std::filesystem::path keypoint(std::int64_t t) const;
    /// The same; empty if none exists.
    std::filesystem::path find_keypoint(std::int64_t t) const;
    /// CLIP above: the last component of the frames' folder, and of the keypoints' where it is
    /// another.
    std::vector<std::string> video_stems() const;
    /// Whether keypoint(0) is a file of OpenPose on a video.
    bool has_keypoints_of_video() const;
    /// Whether `keypoints` is one table for a whole recording (data/keypoints/light_hand.h).
    bool has_keypoint_table() const;

  private:
    std::filesystem::path keypoint_of_image(std::int64_t t) const;
    std::filesystem::path keypoint_of_video(std::int64_t t) const;
};

/// OpenPose and OpenCV drop last frames of videos, so that the keypoints of a clip of that many
/// frames may be this much short: by one or two, never more than a quarter of the clip.
constexpr std::int64_t most_without_keypoints(std::int64_t frames) {
    return frames < 4 ? 0 : frames < 8 ? 1 : 2;
}

/// The label of a clip whose list gives none.
constexpr std::int64_t unlabelled = -1;

/// One line of a list.
struct ListedClip {
    ClipFiles files;
    std::int64_t label = 0;
    std::string where;     // of the line, for messages: "DIR/train.txt:3"
    bool is_part = false;  // of the frames in its folder, which may hold more
};

/// The dataset's classes: from its labels.txt, or those its format always has. Throws Error naming
/// file and line: a malformed line, an index repeated or missing from 0..C-1, a body level given
/// for some actions only, text that is not UTF-8.
ClassNames read_class_names(const std::filesystem::path& dataset);

/// Throws Error naming both numbers if a model has other classes than the dataset.
void check_class_count(std::int64_t of_model, std::int64_t of_dataset,
                       const std::filesystem::path& dataset);

/// The clips of a split (train, val or test) in the order of its list. Throws Error naming file and
/// line: a malformed line, a label outside 0..classes-1 or none where one is needed, a name that
/// leaves the dataset (absolute or with ".."), a name listed before, links out of the dataset
/// (check_links), missing frames or keypoints where they are needed (complete_clip). Throws as well
/// for a list without clips.
std::vector<ListedClip> read_split(const std::filesystem::path& dataset, const std::string& split,
                                   std::int64_t classes, ClipNeeds needs,
                                   const DatasetOptions& options = {});

/// The clip of that name from the first of the lists of train, val and test that has it. Checks
/// that clip as read_split does, and no other; a dataset without some of the lists is fine. Throws
/// Error if no list has it.
ListedClip find_clip(const std::filesystem::path& dataset, const std::string& name,
                     std::int64_t classes, ClipNeeds needs, const DatasetOptions& options = {});

/// Checks that what is needed of a listed clip is there, and fills in how its frames are called,
/// files.count where the list does not say it, and files.without_keypoints. Of a clip of known
/// length the last file stands for all; a hole in the middle is found when the clip is read. Throws
/// Error beginning with `where`; also where frames count from 1 and files of keypoints that are
/// named after images from 0.
void complete_clip(ListedClip& clip, ClipNeeds needs, const DatasetOptions& options = {});

/// Throws Error naming the line of a clip of which a folder is a link out of DIR/frames or
/// DIR/keypoints. A link in the place of these two leads where the user keeps them, on another
/// disk, say; one below them may be part of a dataset that somebody else packed. A table of
/// keypoints beside its label file may be no link out of the folder of that file.
void check_links(const std::filesystem::path& dataset, const ListedClip& clip, ClipNeeds needs);

/// What to do where a clip has no keypoint files: the folder may hold files of other names, or of
/// another program, and the hint says which.
std::string missing_keypoints_hint(const ClipFiles& clip);

/// How many frames a folder holds before the first gap.
std::int64_t count_frames(const std::filesystem::path& folder, const FrameNames& names = {});

}  // namespace mdn
