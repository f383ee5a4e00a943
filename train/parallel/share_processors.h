// How ranks on one host share its processors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mdn {

/// Of each rank of a host, the processors that it may run on: allowed[rank][p] is '1' for processor
/// p. What launchers bind to some is not everyone's.
using AllowedProcessors = std::vector<std::string>;

/// What this process may run on, in that form.
std::string own_processors();
/// Threads for rank `own`: each processor is shared evenly by those that may run on it. At least 1.
/// `granted` is usable_processors() of this rank, which knows of a container's limit; the ranks
/// share that, too.
int64_t threads_for_rank(const AllowedProcessors& allowed, size_t own, int64_t granted);
/// How many processors they have together.
int64_t processors_of(const AllowedProcessors& allowed);

}  // namespace mdn
