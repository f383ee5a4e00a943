// Mutual action consistency: the two paths should describe an entity of a clip alike, and unlike
// others (SPEC §6).
#pragma once

#include "engine/communicator.h"
#include "engine/tensor.h"

namespace mdn {

/// X_st, X_ts [B,T,K,D] → [B·K,B·K]: the mean over frames of the frame-aligned cosine between X_st
/// of pair n (clip, entity) and X_ts of pair m; s·τ_mac of SPEC §6. The positives lie on the
/// diagonal.
Tensor mac_similarity(const Tensor& st, const Tensor& ts);

/// X_st, X_ts [B,T,K,D], labels i64 [B], temperature τ_mac → [1] of parameter_dtype (bf16 is
/// widened first), differentiable in both paths.
/// With `share`, whose clips these are, the loss is the mean over the pairs of this rank, which are
/// told apart from those of all ranks: its share-weighted mean over the ranks is the loss of the
/// whole batch. Every rank calls it.
Tensor mac_loss(const Tensor& st, const Tensor& ts, const Tensor& labels, double temperature,
                const BatchShare& share = {});

}  // namespace mdn
