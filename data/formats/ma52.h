// MA-52 as it is distributed: {train,val,test}_list_videos.txt with lines `NAME.mp4 LABEL`.
#pragma once

#include <filesystem>
#include <memory>

#include "data/formats/dataset_format.h"

namespace mdn {

/// The 52 actions and 7 body-level classes in the dataset's own order.
ClassNames ma52_classes();

/// A folder with train_list_videos.txt, val_list_videos.txt or test_list_videos.txt; else null.
/// Frames of NAME.mp4 are looked for in frames/NAME/, keypoints in keypoints/NAME/; how many there
/// are, the folders say. A list whose labels are all 0 holds placeholders, as the challenge's test
/// list does: its clips are unlabelled.
std::unique_ptr<const DatasetFormat> open_ma52(const std::filesystem::path& dataset);

}  // namespace mdn
