// This project's own dataset folder: labels.txt and MMAction2's rawframes lists (docs/data.md).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "data/formats/dataset_format.h"

namespace mdn {

/// A folder with labels.txt, or with one of train.txt, val.txt and test.txt; else null.
std::unique_ptr<const DatasetFormat> open_rawframes(
    const std::filesystem::path& dataset,
    const std::optional<FrameNames>& frame_names = std::nullopt);

}  // namespace mdn
