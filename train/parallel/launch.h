// How a launcher (mpirun, srun) has started this process, and the ranks that it belongs to.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/communicator.h"

namespace mdn {

/// What a launcher's environment variables say of this process.
struct Launch {
    int64_t ranks = 1, rank = 0;
    std::string variable = {};  // that says how many ranks there are; empty without a launcher
};

/// The value of an environment variable; null where there is none.
using Environment = std::function<const char*(const char* name)>;
/// Knows Open MPI's variables, those of MPICH and its relatives, and those of a Slurm step.
Launch launch_from(const Environment& environment);

/// The ranks of this process; null in a process of its own.
Communicator* program_ranks();
/// For whoever joins the ranks, or has left them.
void set_program_ranks(Communicator* ranks);
/// Whether this process writes the files, and prints what concerns all: it is rank 0, or alone.
bool is_first_rank();

}  // namespace mdn
