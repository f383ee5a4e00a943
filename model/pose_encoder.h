// Describes each entity by the positions of its joints, in a model without frames (SPEC §8,
// `modality`).
#pragma once

#include "model/config.h"
#include "model/layers.h"

namespace mdn {

/// J: the places an entity has for joints (x, y, confidence); those it has no joint for are 0.
constexpr int64_t joints_per_entity = 12;

/// A two-layer MLP of its own for every entity, in place of backbone and SEM.
struct PoseEncoder {
    ModuleName module;
    Tensor fc1_weight, fc1_bias;  // [K,D,3J], [K,D]
    Tensor fc2_weight, fc2_bias;  // [K,D,D], [K,D]
    Tensor entity_embedding;      // [K,D]
    Tensor frame_embedding;       // [T,D]

    PoseEncoder(const Scope& scope, const Config& config);
    /// joints [B,T,K,J,3] → X [B,T,K,D]
    Tensor forward(const Tensor& joints) const;
};

}  // namespace mdn
