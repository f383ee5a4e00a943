// Lesson 9, contrastive learning and the MAC loss. Replace each not_done(…) by your code;
// `make lesson N=9` checks it. Write the loops: the engine's ops for these steps (l2_normalize,
// matmul_nt, contrastive_targets, softmax_cross_entropy, backward) are refused.
//
// B clips, T frames, K entities, D the width of a token. A pair n = b·K + k is entity k of clip b,
// and there are N = B·K pairs.
#include "docs/lessons/09-contrastive-learning-and-mac-loss/exercise.h"

#include "docs/lessons/harness/exercise.h"

namespace mdn::lesson {

// Task 1. How alike the two paths describe two pairs n = (b, k) and m = (b', k'): the mean over the
// frames of the cosine between their tokens.
//   c[n,m] = 1/T · Σ_t ⟨X_st[b,t,k] / max(‖X_st[b,t,k]‖, 1e-6), X_ts[b',t,k'] / max(‖…‖, 1e-6)⟩
//
//   st, ts   [B,T,K,D], both f32 or both f64; a token may be all zeros
//   returns  [B·K, B·K] of the same dtype
Tensor cosines(const Tensor& st, const Tensor& ts) { not_done(st, ts); }

// Task 2. Which entries of c a row compares: 1 where pair m counts for anchor n, 0 where it is left
// out. Left out are the pairs with the same entity and the same label, except n itself.
//
//   labels     i64 [B]
//   entities   K
//   returns    u8 [B·K, B·K]
Tensor compared(const Tensor& labels, int64_t entities) { not_done(labels, entities); }

// Task 3. The loss of every row. The positive of row n is column n.
//   loss[n] = −log( exp(c[n,n]/τ) / Σ_{m compared} exp(c[n,m]/τ) )
// It must be finite for every τ of 0.001 or more.
//
//   c          [N,N], f32 or f64, −1 ≤ c ≤ 1
//   compared   u8 [N,N], as task 2 returns it
//   returns    [N] of the dtype of c
Tensor row_losses(const Tensor& c, const Tensor& compared, double temperature) {
    not_done(c, compared, temperature);
}

// Task 4. The MAC loss and its gradient. The loss is the mean of two: each the mean over the N
// anchors, once with the rows of c as in task 3, and once with its columns (X_ts asks, X_st
// answers).
//
//   c, compared   as in task 3; compared is symmetric
//   returns       the loss [1] and ∂loss/∂c [N,N], of the dtype of c
MacLoss mac(const Tensor& c, const Tensor& compared, double temperature) {
    not_done(c, compared, temperature);
}

}  // namespace mdn::lesson
