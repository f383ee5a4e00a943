// The sequences that attention runs over, for both devices. The axis is a stride between tokens:
// nothing is transposed or copied.
#pragma once

#include <cstdint>

#include "engine/kernels.h"

namespace mdn {

/// Sequences along one axis of [B,T,K,·], as token numbers of [B,T,K].
struct Sequences {
    int64_t count, step;  // step between neighbouring tokens of a sequence
    int64_t frames, entities;
    bool along_frames;
    int length, heads, width;  // tokens of a sequence; width of one head

    Sequences(const Tensor& qkv, int64_t head_count, TokenAxis axis)
        : frames(qkv.dim(1)),
          entities(qkv.dim(2)),
          along_frames(axis == TokenAxis::frames),
          heads(static_cast<int>(head_count)),
          width(static_cast<int>(qkv.dim(3) / 3 / head_count)) {
        length = static_cast<int>(along_frames ? frames : entities);
        step = along_frames ? entities : 1;
        count = qkv.dim(0) * (along_frames ? entities : frames);
    }

    /// Elements of a token in y; qkv has three times as many.
    constexpr int64_t model() const { return int64_t{heads} * width; }
    constexpr int64_t first_token(int64_t sequence) const {
        return along_frames ? sequence / entities * frames * entities + sequence % entities
                            : sequence * entities;
    }
};

}  // namespace mdn
