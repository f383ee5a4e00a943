// Lesson 8, the dual path and its router. Replace each not_done(…) by your code;
// `make lesson N=8` checks it. The ops of engine/ops.h are yours to use, except mix and backward.
//
// B clips, T frames, K entities (body parts), D the width of a token. X_st and X_ts are [B,T,K,D];
// α is [B,K,2], α[b,k,0] for the ST path and α[b,k,1] for the TS path.
#include "docs/lessons/08-dual-path-and-router/exercise.h"

#include "docs/lessons/harness/exercise.h"
#include "engine/ops.h"

namespace mdn::lesson {

// Task 1. The two paths:
//   X_st = Temporal(Spatial(X) + MLP(X))
//   X_ts = Spatial(Temporal(X) + MLP(X))
//
//   x        [B,T,K,D]
//   parts    of this path: the two paths share no weights
//   returns  [B,T,K,D]
Tensor st_path(const Tensor& x, const PathParts& parts) { not_done(x, parts); }
Tensor ts_path(const Tensor& x, const PathParts& parts) { not_done(x, parts); }

// Task 2. How much of each path an entity takes:
//   g[b,k] = [mean over t of X_st[b,t,k] ; mean over t of X_ts[b,t,k]]      2D numbers
//   α[b,k] = softmax((W2_k GELU(W1_k g[b,k] + b1_k) + b2_k) / τ)            2 numbers
//
//   temperature   τ > 0
//   returns       α [B,K,2]
Tensor routing(const Tensor& st, const Tensor& ts, const RouterWeights& weights,
               double temperature) {
    not_done(st, ts, weights, temperature);
}

// Task 3. The two paths, mixed: y[b,t,k,d] = α[b,k,0]·X_st[b,t,k,d] + α[b,k,1]·X_ts[b,t,k,d].
// Write the loops.
//
//   st, ts   [B,T,K,D], f32 or f64; alpha [B,K,2] of the same dtype
//   returns  a new tensor [B,T,K,D] of the same dtype
Tensor mixed(const Tensor& st, const Tensor& ts, const Tensor& alpha) { not_done(st, ts, alpha); }

// Task 4. The backward pass of task 3: the gradients of st, ts and alpha, from the gradient dy of
// y.
//
//   dy       [B,T,K,D], and st, ts, alpha as in task 3
//   returns  three new tensors, of the shapes and dtype of st, ts and alpha
MixGradients mixed_backward(const Tensor& dy, const Tensor& st, const Tensor& ts,
                            const Tensor& alpha) {
    not_done(dy, st, ts, alpha);
}

}  // namespace mdn::lesson
