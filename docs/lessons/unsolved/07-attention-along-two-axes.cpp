// Lesson 7, attention along two axes. Replace each not_done(…) by your code; `make lesson N=7`
// checks it. The ops of engine/ops.h are yours to use, except softmax, attention and backward.
// matmul_nt(a, b) is a·bᵀ.
//
// Everywhere below, all tensors are f64, and inputs must keep their values.
#include "docs/lessons/07-attention-along-two-axes/exercise.h"

#include "docs/lessons/harness/exercise.h"
#include "engine/ops.h"

namespace mdn::lesson {

// Task 1. The softmax of each row: y_mn = exp(x_mn) / Σ_j exp(x_mj), also where exp(x_mn) is too
// large for a double or where all of a row is too small.
//
//   x        [M,N], M and N 1 or more; every number is finite
//   returns  [M,N]
Tensor softmax_rows(const Tensor& x) { not_done(x); }

// Task 2. Attention in one sequence of L tokens, with one head of width w:
//   p_ij = softmax over j of ⟨q_i, k_j⟩/√w        y_i = Σ_j p_ij v_j
//
//   q, k, v   [L,w] each, a row per token
//   returns   y [L,w]
Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v) { not_done(q, k, v); }

// Task 3. Attention along one axis of all tokens [B,T,K,·], with several heads.
//   TokenAxis::entities   a sequence is the K entities of one frame of one clip
//   TokenAxis::frames     a sequence is the T frames of one entity of one clip
// The last axis of qkv holds q, k and v of a token, D numbers each, in this order. Head h has the
// numbers h·w, …, h·w + w−1 of each, w = D/heads. Heads and sequences do not see each other.
//
//   qkv      [B,T,K,3D]
//   heads    divides D
//   returns  y [B,T,K,D], where head h has written its part of each token
Tensor attend_along(const Tensor& qkv, int64_t heads, TokenAxis axis) {
    not_done(qkv, heads, axis);
}

// Task 4. The backward pass of task 2: the gradients of q, k and v, from the gradient dy of y.
//
//   dy       [L,w]; q, k and v as in task 2
//   returns  three tensors [L,w]
AttentionGradients attend_backward(const Tensor& dy, const Tensor& q, const Tensor& k,
                                   const Tensor& v) {
    not_done(dy, q, k, v);
}

}  // namespace mdn::lesson
