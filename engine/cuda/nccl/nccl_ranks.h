// GPUs of several ranks, one each, joined by NCCL.
//
// What belongs into this room is what needs NCCL: one file, and no_nccl.cu for programs without it.
#pragma once

#include "engine/backend.h"

namespace mdn {

/// As Backend::join. In a program without NCCL, and where ranks share a GPU, they cannot be joined.
Backend::Joined join_by_nccl(Communicator& over);

}  // namespace mdn
