// In the place of nccl_ranks.cu where there is no NCCL.
#include "engine/cuda/nccl/nccl_ranks.h"

namespace mdn {

Backend::Joined join_by_nccl(Communicator&) {
    return {.ranks = nullptr,
            .note =
                "built without NCCL: what ranks add goes through the host's memory, and steps "
                "are not recorded (docs/scaling.md)"};
}

}  // namespace mdn
