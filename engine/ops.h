// Table of contents: every differentiable op, one line of maths each. `ops/<op>.cpp` holds the
// check, the forward and the backward. The kernels are in `cpu/<op>.cpp` and `cuda/<op>.cu`, or in
// the files that the first comment of `ops/<op>.cpp` names.
//
// All tensors are f32 or all are f64, on one device; on a GPU activations may be bf16 beside f32
// parameters (the cast between them is an op). Every op throws Error, with a message that
// starts with `[op]` and names the shapes, when its inputs do not fit. Batches may be empty; axes
// that an op averages, normalises, joins or multiplies by weights may not. An eps, a temperature
// and an image's side must be positive and finite in the arithmetic of the tensors. Images are
// channels-last [N,H,W,C], N = clips·frames; tokens are [B,T,K,D] (clips, frames, entities, width).
#pragma once

#include "engine/autograd.h"
#include "engine/kernels.h"
#include "engine/random.h"
#include "engine/tensor.h"

namespace mdn {

// ---- elementwise -------------------------------------------------------------------------------
Tensor add(const Tensor& a, const Tensor& b);       // a + b, same shape
Tensor multiply(const Tensor& a, const Tensor& b);  // a ⊙ b, same shape
Tensor scale(const Tensor& x, double factor);       // factor · x
Tensor relu(const Tensor& x);                       // max(x, 0), and NaN where x is
Tensor gelu(const Tensor& x);  // x·Φ(x), exact erf form (SPEC §5); no limits at ±∞
Tensor cast(const Tensor& x, DType dtype);  // x in another floating dtype, or x itself
/// x·keep/(1−p), keep ~ Bernoulli(1−p) from `stream`; x itself when p = 0. The mask is drawn again
/// in the backward pass: (seed, step) must not change before it.
Tensor dropout(const Tensor& x, double p, const RandomStream& stream);

// ---- layout and reductions ---------------------------------------------------------------------
Tensor reshape(const Tensor& x, Shape shape);     // the same memory under another shape
Tensor sum(const Tensor& x);                      // Σ x → [1]; its backward reads dy on the host
Tensor mean(const Tensor& x, int64_t axis);       // mean over one axis, which disappears
Tensor concat(const Tensor& a, const Tensor& b);  // along the last axis
Tensor swap_middle_axes(const Tensor& x);         // [A,B,C,D] → [A,C,B,D]

// ---- matrix products ---------------------------------------------------------------------------
Tensor matmul_nt(const Tensor& a, const Tensor& b, double alpha = 1);  // alpha·a·bᵀ, [M,K]·[N,K]ᵀ
/// x Wᵀ + bias over the last axis; weight [O,I], bias [O] or undefined.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);
/// gelu(linear(x)) in one pass.
Tensor linear_gelu(const Tensor& x, const Tensor& weight, const Tensor& bias);
/// A linear layer per group: x [N,G,I], weight [G,O,I], bias [G,O] → [N,G,O].
Tensor grouped_linear(const Tensor& x, const Tensor& weight, const Tensor& bias);

// ---- batch norm (SPEC §2) ----------------------------------------------------------------------
/// BN(x) that has not been written to memory: its consumers apply scale·x + shift (and the ReLU)
/// as they read x. `x` is a raw convolution output, so one tensor per convolution is all that
/// lives until the backward pass.
struct Normalized {
    Tensor x;                            // [...,C]
    Tensor gamma, beta;                  // [C], parameters
    Tensor mean, inv_std, scale, shift;  // [C], constants of this batch
    bool batch_statistics = false;       // whether mean and inv_std are functions of x
    NormRanks ranks = {};                // of whose rows, where not of x alone
    int64_t rows = 0;                    // how many these are; only with ranks
};

/// Takes the statistics of x (training) or the running ones (evaluation). Where `folded` is given,
/// evaluation reads it instead of folding anew. The result then shares its memory, so that a
/// backward pass must come before it changes, and `options` must have the eps it was folded with,
/// the default one.
/// In training, `moments` of x, where the convolution that wrote x gave them, spare reading x
/// again. With options.ranks the batch is that of all ranks, each of which calls this for its rows
/// (`moments` are not used then), and later the backward pass: both wait for the others.
Normalized batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                      RunningStatistics& running, const BatchNormOptions& options,
                      const FoldedBatchNorm& folded = {}, const Tensor& moments = {});
/// What evaluation reads of the running statistics.
FoldedBatchNorm fold_batch_norm(const Tensor& gamma, const Tensor& beta,
                                const RunningStatistics& running, double eps);
Tensor normalize(const Normalized& x);       // BN(x)
Tensor normalize_relu(const Normalized& x);  // relu(BN(x))
/// relu(BN(x) + residual), and relu(BN(x) + BN(residual)). Computed again, the output takes one
/// pass over x and the residual.
Tensor add_relu(const Normalized& x, const Tensor& residual, ForBackward what = ForBackward::keep);
Tensor add_relu(const Normalized& x, const Normalized& residual,
                ForBackward what = ForBackward::keep);

// ---- images ------------------------------------------------------------------------------------
/// x [N,H,W,I] ∗ weight [O,kh,kw,I], read through the temporal shift where options say so.
/// `moments`, where given, becomes those of the output for batch_norm, on devices that take them on
/// the way; elsewhere it stays undefined.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Conv2d& options = {},
              ForBackward what = ForBackward::keep, Tensor* moments = nullptr);
/// BN(x ∗ W) [+ residual], then ReLU if `relu`, with the running statistics: for evaluation, where
/// no gradient is asked for. Nothing but the result is written.
Tensor conv2d_folded(const Tensor& x, const Tensor& weight, const Conv2d& options,
                     const FoldedBatchNorm& norm, bool relu, const Tensor& residual = {});
/// conv2d(normalize_relu(x), ...) without writing the normalised activation.
Tensor conv2d(const Normalized& x, const Tensor& weight, const Conv2d& options = {},
              ForBackward what = ForBackward::keep, Tensor* moments = nullptr);
Tensor depthwise_conv2d(const Tensor& x, const Tensor& weight, int64_t pad);  // weight [kh,kw,C]
/// SPEC §2: x [B·frames,H,W,C]; channels [0,C/8) from t+1, [C/8,2·(C/8)) from t−1, 0 beyond.
Tensor temporal_shift(const Tensor& x, int64_t frames);
Tensor max_pool2d(const Tensor& x, const Pool2d& options);
/// SPEC §4: features [N,H,W,C], boxes [N,K,4] (x1,y1,x2,y2) in an image of side `size` →
/// [N,K,bins,bins,C]. No gradient to boxes.
Tensor roi_align(const Tensor& features, const Tensor& boxes, double size, int64_t bins);

// ---- tokens ------------------------------------------------------------------------------------
Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double eps = 1e-5);
/// softmax(q kᵀ/√(D/heads)) v along one axis of [B,T,K,3D]; q, k, v packed in that order, each
/// [heads, D/heads] → [B,T,K,D]. `weights`, where given, becomes the softmax
/// [B,S,heads,L,L]: row i is how much token i takes of each, L tokens along the axis, S sequences.
Tensor attention(const Tensor& qkv, int64_t heads, TokenAxis axis, Tensor* weights = nullptr);
Tensor add_embeddings(const Tensor& x, const Tensor& entity, const Tensor& frame);  // SPEC §4
Tensor softmax(const Tensor& x, double temperature = 1);  // over the last axis
/// SPEC §5: alpha[b,k,0]·st + alpha[b,k,1]·ts; alpha [B,K,2].
Tensor mix(const Tensor& st, const Tensor& ts, const Tensor& alpha);
Tensor l2_normalize(const Tensor& x, double eps = 1e-6);  // x/max(‖x‖, eps) over the last axis

// ---- several processes (engine/communicator.h) --------------------------------------------------
/// x [rows[rank],...] of each rank → all rows [Σ rows,...], in the order of the ranks. Every rank
/// calls it, and its backward pass. A rank of 0 rows gives an x that is not looked at.
Tensor gather_ranks(const Tensor& x, const std::vector<int64_t>& rows, Communicator& over);

// ---- losses ------------------------------------------------------------------------------------
/// What a contrastive loss compares: row (b,k) of B·K with column (b',k'), clips b and entities k.
struct ContrastiveTargets {
    Tensor positives;  // i64 [B·K]: row n's positive is column n
    Tensor included;   // u8 [B·K,B·K]: 0 for the same entity of another clip with the same label
};
/// SPEC §6's positives and negatives, from labels i64 [B], on their device and without reading them
/// on the host.
ContrastiveTargets contrastive_targets(const Tensor& labels, int64_t entities);
/// Mean over rows of the cross-entropy of softmax(logits) [N,C] with targets i64 [N] → [1].
/// `included` u8 [N,C], where given, leaves entries with 0 out of the softmax; a row's target must
/// be included. Targets that are not, or lie outside 0..C−1, throw (where they are on the host: on
/// another device they are the caller's duty). `smoothing` in [0,1) spreads that much of the target
/// evenly over the included entries.
Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& targets,
                             const Tensor& included = {}, double smoothing = 0);

}  // namespace mdn
