// The files that a command writes, held against those that it reads.
#pragma once

#include <string>
#include <vector>

namespace mdn {

/// A file that an option names; an empty path stands for an option that was not given.
struct NamedPath {
    std::string option;
    std::string path;
};

/// For before a long computation. Throws Error if an output is one of the inputs, or two outputs
/// are one file, whatever their spelling or links (a file's FILE.partial, to which it is first
/// written, counts as well); and what writing would throw at its end (check_writable).
void check_outputs(const std::vector<NamedPath>& outputs, const std::vector<NamedPath>& inputs);

}  // namespace mdn
