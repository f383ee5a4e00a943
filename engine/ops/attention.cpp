// p_ij = softmax_j(⟨q_i, k_j⟩/√(D/heads)), y_i = Σ_j p_ij v_j, i and j along `axis`, head by head;
// dv_j = Σ_i p_ij dy_i, ds_ij = p_ij (⟨dy_i, v_j⟩ − Σ_l p_il ⟨dy_i, v_l⟩)/√(D/heads),
// dq_i = Σ_j ds_ij k_j, dk_j = Σ_i ds_ij q_i.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor attention(const Tensor& qkv, int64_t heads, TokenAxis axis, Tensor* weights) {
    require_float("attention", "qkv", qkv, 4);
    require(heads > 0 && qkv.dim(3) > 0 && qkv.dim(3) % (3 * heads) == 0, "attention",
            "the last axis of qkv " + to_string(qkv.shape()) + " is not 3·D with D a multiple of " +
                std::to_string(heads) + " heads");
    const int64_t clips = qkv.dim(0), frames = qkv.dim(1), entities = qkv.dim(2);
    const bool along_frames = axis == TokenAxis::frames;
    const int64_t length = along_frames ? frames : entities;
    const int64_t others = along_frames ? entities : frames;
    Tensor y = empty_as(qkv, {clips, frames, entities, qkv.dim(3) / 3});
    Tensor probabilities = empty_as(qkv, {clips, others, heads, length, length});
    kernels(qkv).attention_forward(qkv, heads, axis, y, probabilities);
    if (weights) *weights = probabilities;
    return record("attention", y, {qkv},
                  [qkv = qkv.detach(), probabilities, heads, axis](const Tensor& dy) -> Gradients {
                      Tensor dqkv = empty_like(qkv);
                      kernels(dy).attention_backward(qkv, probabilities, heads, axis, dy, dqkv);
                      return {dqkv};
                  });
}

}  // namespace mdn
