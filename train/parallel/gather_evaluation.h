// An evaluation that several ranks have shared.
#pragma once

#include <functional>

#include "engine/communicator.h"
#include "train/evaluate.h"

namespace mdn {

/// Completes each rank's evaluation, of its own part of the clips, by those of the others.
void gather_evaluation(Evaluation& evaluation, Communicator& over);

/// What `evaluated` returns on each rank, completed. If it throws NonFinite on one, throws it on
/// all, naming the rank.
Evaluation evaluate_together(const std::function<Evaluation()>& evaluated, Communicator& over);

}  // namespace mdn
