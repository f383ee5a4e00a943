// Mutual action consistency: the two paths should describe an entity of a clip alike, and unlike
// others (SPEC §6).
#pragma once

#include "engine/tensor.h"

namespace mdn {

/// u8 [B·K,B·K] on the host for labels i64 [B]: 0 where two different (clip, entity) pairs have
/// the same entity and the same label, else 1.
Tensor mac_included(const Tensor& labels, int64_t entities);

/// X_st, X_ts [B,T,K,D], labels i64 [B], temperature τ_mac → [1], differentiable in both paths.
Tensor mac_loss(const Tensor& st, const Tensor& ts, const Tensor& labels, double temperature);

}  // namespace mdn
