// Lesson 3, matrix product and convolution. Replace each not_done(…) by your code;
// `make lesson N=3` checks it. All tensors are f64. Write the loops: no matrix product and no
// convolution of the engine.
#include "docs/lessons/03-matrix-product-and-convolution/exercise.h"

#include "docs/lessons/harness/exercise.h"

namespace mdn::lesson {

// Task 1. The product of two matrices that lie anywhere in memory: c_ij = Σ_k a_ik · b_kj.
//
//   a        [M,K]: a.rows is M, a.columns is K. Any strides: see MatrixView
//   b        [K,N]
//   returns  a new tensor [M,N]
Tensor product(const MatrixView& a, const MatrixView& b) { not_done(a, b); }

// Task 2. The same product for ordinary matrices, in an order that is kind to the cache: see Cache.
// For M = N = K = 64 it may miss the cache at most 10 000 times. Your blocks need not divide M, N
// and K.
//
//   a, b     [M,K] and [K,N]; a(i, k) is an element
//   c        [M,N], full of zeros; afterwards it holds the product
void blocked_product(CachedMatrix& a, CachedMatrix& b, CachedMatrix& c) { not_done(a, b, c); }

// Task 3. A convolution, channels last:
//   y[n,p,q,o] = Σ_r Σ_s Σ_i  x[n, stride·p + r − pad, stride·q + s − pad, i] · weight[o,r,s,i]
// where x is 0 outside the image.
//
//   x        [N,H,W,I]
//   weight   [O,kh,kw,I], not larger than the padded image
//   stride   1 or more; pad 0 or more
//   returns  a new tensor [N,H',W',O] with H' = ⌊(H + 2·pad − kh) / stride⌋ + 1, and W' likewise
Tensor convolved(const Tensor& x, const Tensor& weight, int64_t stride, int64_t pad) {
    not_done(x, weight, stride, pad);
}

// Task 4. Its backward pass: the gradients of x and weight, from the gradient dy of y.
//
//   dy       [N,H',W',O], and the others as in task 3
//   returns  two new tensors, of the shapes of x and weight
ConvolutionGradients convolved_backward(const Tensor& dy, const Tensor& x, const Tensor& weight,
                                        int64_t stride, int64_t pad) {
    not_done(dy, x, weight, stride, pad);
}

}  // namespace mdn::lesson
