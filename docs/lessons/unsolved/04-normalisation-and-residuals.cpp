// Lesson 4, normalisation and residuals. Replace each not_done(…) by your code; `make lesson N=4`
// checks it. All tensors are f64. eps and momentum are in exercise.h. No norm of the engine may be
// called, nor its tape (record, backward); its other ops are yours to use.
#include "docs/lessons/04-normalisation-and-residuals/exercise.h"

#include "docs/lessons/harness/exercise.h"
#include "engine/ops.h"

namespace mdn::lesson {

// Task 1. Layer norm: each row of x by its own mean and variance.
//   μ_n  = (1/D) Σ_d x_nd
//   v_n  = (1/D) Σ_d (x_nd − μ_n)²
//   y_nd = γ_d · (x_nd − μ_n)/√(v_n + eps) + β_d
// Some rows lie around a million, and differ from it by about 1.
//
//   x             [N,D]; it must keep its values
//   gamma, beta   [D]
//   returns       a new tensor [N,D]
Tensor layer_normed(const Tensor& x, const Tensor& gamma, const Tensor& beta) {
    not_done(x, gamma, beta);
}

// Task 2. Batch norm: each channel of x by a mean and a variance of its own.
//   y_mc = γ_c · (x_mc − mean_c)/√(var_c + eps) + β_c
// In training, mean and var are those of this batch: over its M rows, divided by M. Then the
// running statistics move towards them, with the unbiased variance, whose sum is divided by M − 1:
//   running ← (1 − momentum)·running + momentum·(that of this batch)
// In evaluation, mean and var are the running ones, and nothing changes.
//
//   x         [M,C], M ≥ 2; it must keep its values
//   state     see BatchNormState. A Tensor is a handle, so you can write into its memory
//   returns   a new tensor [M,C]
Tensor batch_normed(const Tensor& x, const BatchNormState& state, bool training) {
    not_done(x, state, training);
}

// Also task 2. A convolution without a bias and the batch norm that reads it, as one convolution
// with a bias: with these weights it gives what batch_normed(…, false) makes of the old one's
// output, for every image. An output channel of the convolution is a channel of the batch norm.
//
//   weight    [O,kh,kw,I]; it must keep its values
//   state     O channels
//   returns   new tensors
BiasedConvolution folded(const Tensor& weight, const BatchNormState& state) {
    not_done(weight, state);
}

// Task 3. The backward pass through a stack of residual blocks, y = relu(F(x) + x): the gradient of
// what the first block has read, from the gradient of what the last one has given.
//
//   dy        the gradient of the last block's y; it must keep its values
//   blocks    one or more, in the order of the forward pass: block i+1 has read the y of block i
//   returns   the gradient of the x that blocks[0] has read
Tensor residual_backward(const Tensor& dy, const std::vector<PassedBlock>& blocks) {
    not_done(dy, blocks);
}

// Task 4. The backward pass of layer norm: the gradients of x, gamma and beta.
//
//   dy        [N,D], the gradient of y in task 1
//   x, gamma  as in task 1
//   returns   three new tensors: [N,D], [D] and [D]
LayerNormGradients layer_normed_backward(const Tensor& dy, const Tensor& x, const Tensor& gamma) {
    not_done(dy, x, gamma);
}

}  // namespace mdn::lesson
