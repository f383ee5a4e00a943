// Lists of clips from the splits and labels that came with keypoints (MMAction2's pickles).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/keypoints/formats/conversion.h"
#include "data/keypoints/formats/keypoint_source.h"

namespace mdn {

/// Text of each file to write, by name: labels.txt, train.txt, val.txt, test.txt.
struct SplitLists {
    std::map<std::string, std::string> files;
    std::vector<std::string> warnings;
    std::string protocol;  // whose splits these are; "" where they are called train, val, test
};

/// Lines CLIP_DIR NUM_FRAMES LABEL for the clips of the splits of one protocol: "xsub" for
/// xsub_train and xsub_val, "1" for train1 and test1, "" for train, val and test. With one protocol
/// it need not be named. Classes are called "class 0", …, unless DATASET/labels.txt is there, which
/// is kept. Throws Error for an unknown protocol, with the names that there are, and for clips
/// without a label.
SplitLists make_split_lists(const FoundSplits& splits, const ConversionPlan& plan,
                            const std::filesystem::path& dataset, const std::string& protocol);

/// Throws Error if one of the files exists, unless `overwrite`.
void check_split_lists(const SplitLists& lists, const std::filesystem::path& dataset,
                       bool overwrite);

/// Each file appears complete.
void write_split_lists(const SplitLists& lists, const std::filesystem::path& dataset);

}  // namespace mdn
