// Which folder a user means by DATASET, and whether it can be one.
#pragma once

#include <filesystem>

namespace mdn {

/// The folder itself, or the one that it lies in if it is the frames/ or keypoints/ of a dataset.
std::filesystem::path dataset_of(const std::filesystem::path& folder);

/// Throws Error, with a way forward, if there is no such folder, if its frames/ or keypoints/ is
/// something other than a folder, or if it has neither.
void check_dataset_folder(const std::filesystem::path& dataset);

}  // namespace mdn
