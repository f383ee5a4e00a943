// Checks that the files a command writes would not overwrite the files it reads, or each other.
#pragma once

#include <string>
#include <vector>

namespace mdn {

/// A file that an option names; an empty path stands for an option that was not given.
struct NamedPath {
    std::string option;
    std::string path;
};

/// Throws Error if an output is one of the inputs or a file that is read of the dataset, or two
/// outputs are one file, whatever their spelling or links (FILE.partial-1 and so on, to which FILE
/// is first written, count as well). An input that is a folder stands for the keypoint files in it.
/// Of a dataset its lists and labels are read, and whatever lies in frames/ and keypoints/. Throws
/// as open_dataset does.
void check_inputs_kept(std::vector<NamedPath> outputs, std::vector<NamedPath> inputs,
                       const NamedPath& dataset = {});

/// For before a long computation: also throws what writing would throw at its end (check_writable).
void check_outputs(const std::vector<NamedPath>& outputs, const std::vector<NamedPath>& inputs,
                   const NamedPath& dataset = {});

/// Throws Error unless a page that is asked for is called FILE.html: no frame and no file of
/// keypoints or weights is.
void check_page_name(const NamedPath& page);

}  // namespace mdn
