// What `trace` prints of a batch's journey.
#pragma once

#include <string>
#include <vector>

#include "engine/tensor.h"
#include "train/journey.h"

namespace mdn {

/// A line per stage: its name, the symbol and section of docs/SPEC.md, shape, mean, spread, least
/// and largest element. At most 100 columns wide.
std::string journey_table(const std::vector<JourneyStage>& stages);

/// How much of each path the entities take, from α [B,K,2]: a line per entity, the mean over the
/// batch.
std::string routing_text(const Tensor& alpha, const std::vector<std::string>& entities);

/// The five most probable classes of each clip, from logits [B,classes], and its label from i64 [B]
/// where that is defined. Classes without a name have their number alone.
std::string answer_text(const Tensor& logits, const Tensor& labels,
                        const std::vector<std::string>& names);

}  // namespace mdn
