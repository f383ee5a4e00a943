// What makes a process one of several ranks, in the program that is built with MPI.
#pragma once

#include <functional>
#include <ostream>

namespace mdn {

/// Joins the ranks that a launcher started, which program_ranks() then gives, calls `command`, and
/// leaves them. Returns the exit code. Rank 0 alone prints, except for a rank that ends the run: it
/// says so, with its host. The ranks of a host share its processors.
int join_ranks(const std::function<int(std::ostream& out, std::ostream& err)>& command);

}  // namespace mdn
