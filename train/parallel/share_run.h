// What ranks that train together must agree on before they begin.
#pragma once

#include <functional>

#include "engine/communicator.h"
#include "train/trainer.h"

namespace mdn {

/// Calls `prepare` on rank 0, which settles in `run` what is trained, by files that other ranks may
/// not see; then all ranks have the same config, settings and dataset folder. What concerns the
/// run's files is emptied on the others. If `prepare` throws on rank 0, all ranks throw.
void on_first_rank_for_all(Communicator& ranks, const std::function<void()>& prepare,
                           TrainRun& run);

}  // namespace mdn
