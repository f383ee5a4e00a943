// Which program this is, for reports of problems.
#pragma once

#include <string>

namespace mdn {

/// The same as in CITATION.cff.
inline constexpr const char* program_version = "1.0.0";

/// What `microdualnet --version` prints: the version, the compiler, the instructions that the CPU
/// kernels are built for, and whether there is CUDA.
std::string version_text();

}  // namespace mdn
