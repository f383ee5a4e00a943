// iMiGUE as it is distributed: one CSV of all gestures, or the MiGA challenge's files per video.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "data/formats/dataset_format.h"

namespace mdn {

/// The 31 gestures, then "illustrative gesture"; no body level. Raw ids 1..31 are 0..30, 99 is 31.
ClassNames imigue_classes();

/// Of the subjects 1..72 those whose clips are trained on; the others are tested on (cross-subject
/// protocol).
bool is_imigue_training_subject(std::int64_t subject);

/// A folder with labels_20200831.csv (in it, or in its Label/), or with files VIDEO_label.csv at
/// most four folders down; else null. VIDEO is a number written with at least 4 digits.
///
/// - labels_20200831.csv: a header that names the columns, in any order; of them video_id, class,
///   start_frame, end_frame and subject_id are used. The split goes by the subject.
/// - VIDEO_label.csv: rows class,start,end without a header. The split is told by the name of one
///   of the folders that the file lies in: a word of it is train, val, valid, validate, validation
///   or test (imigue_skeleton_train/0001/0001_label.csv). In the test split class 0 stands for a
///   label that is not given. With a file subjects.csv (columns video_id and subject_id) the split
///   goes by the subject instead, and files of the test split with no class but 0 are left out.
///
/// Of the latter, listing gives an Error for a second file of a video in the same split, for a
/// video that subjects.csv does not name, and for a folder that cannot be read; where no label file
/// was found and a folder cannot be read, it is thrown here.
///
/// Both give ranges of a video's frames that include their end. labels_20200831.csv counts frames
/// from 0: in its first published version start_frame is 25 times start_time, rounded down, in all
/// but 2 of 18,498 rows. Where VIDEO_label.csv counts from is not published; from 1 is assumed.
/// `first_frame`, 0 or 1, says otherwise. A clip is called VIDEO_START_END, with VIDEO of at least
/// 4 digits and the numbers as the row has them; a repeated range is VIDEO_START_END_2 and so on
/// (16 ranges of the table stand there twice, with two classes). Where the split goes by the
/// subject there is no list for validation: val is the test list then, as in the literature.
///
/// Frames are looked for in frames/VIDEO/, with or without the padding of VIDEO (0371 or 371).
/// Keypoints are, padded or not, in the folder keypoints/VIDEO/ or, as published,
/// Data/skeleton/raw/VIDEO/, or in the first VIDEO_light_hand.csv of those in keypoints/,
/// keypoints/VIDEO/ and beside VIDEO_label.csv. Listing gives an Error for a video whose frames or
/// keypoints lie in both folders.
std::unique_ptr<const DatasetFormat> open_imigue(
    const std::filesystem::path& dataset, std::optional<std::int64_t> first_frame = std::nullopt);

}  // namespace mdn
