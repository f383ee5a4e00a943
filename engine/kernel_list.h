// Every kernel, once: KERNEL(name, (parameters), (arguments), family, bytes[, operations]).
//
// A file that includes this one defines what KERNEL makes of an entry: the contract (kernels.h) a
// pure virtual function, the devices (cpu_kernels.h, cuda_kernels.h) its override, the profile
// (profiling_kernels.h) a call that is timed and passed on. So a new kernel is declared here and
// nowhere else. The family groups it with others in `bench --profile`. The bytes are those of the
// tensors that it must read or write, each once. The operations are two per multiply-add, and 0
// where the kernel is not a product.
//
// kernels.h says what holds for all kernels: devices, dtypes, layouts, and what may overlap.

// clang-format off: it takes the parameters for expressions.

// ---- memory ----
/// Any dtype. `copy` also reaches across devices.
KERNEL(fill, (double value, Tensor& y), (value, y), "copies and casts", bytes_of(y))
KERNEL(copy, (const Tensor& x, const Tensor& y), (x, y), "copies and casts", bytes_of(x, y))
/// f32 <-> f64, on a GPU f32 <-> bf16.
KERNEL(cast, (const Tensor& x, Tensor& y), (x, y), "copies and casts", bytes_of(x, y))
/// cast() of every x[i], all of one dtype, into y[i], all of another.
KERNEL(cast_all, (const std::vector<Tensor>& x, const std::vector<Tensor>& y), (x, y),
       "copies and casts", bytes_of(x) + bytes_of(y))

// ---- elementwise, any shape ----
/// y = a + b; y may be a or b.
KERNEL(add, (const Tensor& a, const Tensor& b, Tensor& y), (a, b, y), "elementwise",
       bytes_of(a, b, y))
KERNEL(multiply, (const Tensor& a, const Tensor& b, Tensor& y), (a, b, y), "elementwise",
       bytes_of(a, b, y))
/// y = factor·x; y may be x.
KERNEL(scale, (const Tensor& x, double factor, Tensor& y), (x, factor, y), "elementwise",
       bytes_of(x, y))
KERNEL(relu_forward, (const Tensor& x, Tensor& y), (x, y), "elementwise", bytes_of(x, y))
/// dx = 0 where x <= 0, else dy, also where x is NaN. x may be the output of the ReLU, and dx may
/// be dy.
KERNEL(relu_backward, (const Tensor& x, const Tensor& dy, Tensor& dx), (x, dy, dx), "elementwise",
       bytes_of(x, dy, dx))
KERNEL(gelu_forward, (const Tensor& x, Tensor& y), (x, y), "elementwise", bytes_of(x, y))
KERNEL(gelu_backward, (const Tensor& x, const Tensor& dy, Tensor& dx), (x, dy, dx), "elementwise",
       bytes_of(x, dy, dx))
/// y = x·keep/(1−p). Element number i, the first being stream.first, is kept when uniform_from_bits
/// of word i % 4 of philox({low and high word of i/4, low word of step, 2³¹ + op}, seed) is at
/// least p. Its own backward.
KERNEL(dropout, (const Tensor& x, double p, const RandomStream& stream, Tensor& y),
       (x, p, stream, y), "dropout", bytes_of(x, y))

// ---- reductions and layout ----
/// y [1] = Σ x.
KERNEL(sum, (const Tensor& x, Tensor& y), (x, y), "sums and means", bytes_of(x, y))
/// x [outer,axis,inner] → y [outer,inner] and back: dx = dy/axis, broadcast.
KERNEL(mean_forward, (const Tensor& x, Tensor& y), (x, y), "sums and means", bytes_of(x, y))
KERNEL(mean_backward, (const Tensor& dy, Tensor& dx), (dy, dx), "sums and means", bytes_of(dy, dx))
/// a [N,Ca], b [N,Cb] → y [N,Ca+Cb], and the split back.
KERNEL(concat, (const Tensor& a, const Tensor& b, Tensor& y), (a, b, y), "layout",
       bytes_of(a, b, y))
KERNEL(split, (const Tensor& y, Tensor& a, Tensor& b), (y, a, b), "layout", bytes_of(y, a, b))
/// x [A,B,C,D] → y [A,C,B,D].
KERNEL(swap_middle_axes, (const Tensor& x, Tensor& y), (x, y), "layout", bytes_of(x, y))

// ---- matrix products ----
/// C [M,N] = alpha · op(A) · op(B); op transposes where asked.
KERNEL(matmul,
       (const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b, double alpha,
        Tensor& c),
       (a, transpose_a, b, transpose_b, alpha, c), "matrix product", bytes_of(a, b, c),
       2.0 * c.numel() * a.dim(transpose_a ? 0 : 1))
/// x [N,I], weight [O,I], bias [O] or undefined → y [N,O].
KERNEL(linear_forward, (const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& y),
       (x, weight, bias, y), "linear forward", bytes_of(x, weight, bias, y),
       2.0 * y.numel() * x.dim(1))
/// As linear_forward, keeping the pre-activation u: y = GELU(u).
KERNEL(linear_gelu_forward,
       (const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& u, Tensor& y),
       (x, weight, bias, u, y), "linear forward", bytes_of(x, weight, bias, u, y),
       2.0 * y.numel() * x.dim(1))
KERNEL(linear_backward_input, (const Tensor& dy, const Tensor& weight, Tensor& dx),
       (dy, weight, dx), "linear backward", bytes_of(dy, weight, dx),
       2.0 * dy.numel() * weight.dim(1))
/// dbias may be undefined.
KERNEL(linear_backward_weight, (const Tensor& x, const Tensor& dy, Tensor& dweight, Tensor& dbias),
       (x, dy, dweight, dbias), "linear backward", bytes_of(x, dy, dweight, dbias),
       2.0 * dweight.numel() * x.dim(0))
/// A linear layer of its own for every group: x [N,G,I], weight [G,O,I], bias [G,O] → y
/// [N,G,O].
KERNEL(grouped_linear_forward,
       (const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& y), (x, weight, bias, y),
       "grouped linear forward", bytes_of(x, weight, bias, y), 2.0 * y.numel() * x.dim(2))
KERNEL(grouped_linear_backward,
       (const Tensor& x, const Tensor& weight, const Tensor& dy, Tensor& dx, Tensor& dweight,
        Tensor& dbias),
       (x, weight, dy, dx, dweight, dbias), "grouped linear backward",
       bytes_of(x, weight, dy, dx, dweight, dbias), 4.0 * dy.numel() * x.dim(2))

// ---- images ----
/// x [N,H,W,I] read through `read` and the shift, weight [O,kh,kw,I] → y [N,H',W',O].
KERNEL(conv2d_forward,
       (const Tensor& x, const ChannelAffine& read, const Tensor& weight, const Conv2d& options,
        Tensor& y),
       (x, read, weight, options, y), "convolution forward", bytes_of(x, weight, y),
       2.0 * y.numel() * filter_size(weight))
/// As conv2d_forward; also, of each moment_rows rows of y [N·H'·W',O] and each channel, their mean
/// and Σ(y − mean)²: moments [2,⌈rows/moment_rows⌉,O].
KERNEL(conv2d_forward_moments,
       (const Tensor& x, const ChannelAffine& read, const Tensor& weight, const Conv2d& options,
        Tensor& y, Tensor& moments),
       (x, read, weight, options, y, moments), "convolution forward",
       bytes_of(x, weight, y, moments), 2.0 * y.numel() * filter_size(weight))
/// y = affine(x ∗ W) [+ residual], then ReLU if affine.relu; residual as y.
KERNEL(conv2d_forward_finished,
       (const Tensor& x, const Tensor& weight, const Conv2d& options, const ChannelAffine& affine,
        const Tensor& residual, Tensor& y),
       (x, weight, options, affine, residual, y), "convolution forward",
       bytes_of(x, weight, residual, y), 2.0 * y.numel() * filter_size(weight))
/// dx [N,H,W,I]: the gradient of what was read, i.e. after `read`, before the shift.
KERNEL(conv2d_backward_input,
       (const Tensor& dy, const Tensor& weight, const Conv2d& options, Tensor& dx),
       (dy, weight, options, dx), "convolution backward, input", bytes_of(dy, weight, dx),
       2.0 * dy.numel() * filter_size(weight))
/// The same added to dx.
KERNEL(conv2d_backward_input_add,
       (const Tensor& dy, const Tensor& weight, const Conv2d& options, Tensor& dx),
       (dy, weight, options, dx), "convolution backward, input", bytes_of(dy, weight, dx, dx),
       2.0 * dy.numel() * filter_size(weight))
/// The same, or without `add` conv2d_backward_input, where `norm` is in front of the convolution:
/// what batch norm's backward would begin with is done on the way. dx becomes g, which is 0 where
/// the ReLU was at 0; dgamma = Σ g·x̂ and dbeta = Σ g, both [I]. With `add` the kernel must not be
/// smaller than the stride.
KERNEL(conv2d_backward_input_sums,
       (const Tensor& dy, const Tensor& weight, const Conv2d& options, bool add,
        const NormAndRelu& norm, Tensor& dx, Tensor& dgamma, Tensor& dbeta),
       (dy, weight, options, add, norm, dx, dgamma, dbeta), "convolution backward, input",
       bytes_of(dy, weight, norm.x, norm.output, dx, add ? dx : Tensor(), dgamma, dbeta),
       2.0 * dy.numel() * filter_size(weight))
KERNEL(conv2d_backward_weight,
       (const Tensor& x, const ChannelAffine& read, const Tensor& dy, const Conv2d& options,
        Tensor& dweight),
       (x, read, dy, options, dweight), "convolution backward, weight", bytes_of(x, dy, dweight),
       2.0 * dy.numel() * filter_size(dweight))
/// Stride 1. x [N,H,W,C], weight [kh,kw,C] → y [N,H',W',C], H' = H + 2·pad − kh + 1.
KERNEL(depthwise_conv2d_forward, (const Tensor& x, const Tensor& weight, int64_t pad, Tensor& y),
       (x, weight, pad, y), "depthwise convolution forward", bytes_of(x, weight, y),
       2.0 * y.numel() * weight.dim(0) * weight.dim(1))
KERNEL(depthwise_conv2d_backward,
       (const Tensor& x, const Tensor& weight, const Tensor& dy, int64_t pad, Tensor& dx,
        Tensor& dweight),
       (x, weight, dy, pad, dx, dweight), "depthwise convolution backward",
       bytes_of(x, weight, dy, dx, dweight), 4.0 * dy.numel() * weight.dim(0) * weight.dim(1))
/// x [B·T,H,W,C], `backward` moves the other way (the adjoint).
KERNEL(temporal_shift, (const Tensor& x, int64_t frames, bool backward, Tensor& y),
       (x, frames, backward, y), "temporal shift", bytes_of(x, y))

/// x [...,C]: mean and 1/σ over all but the last axis, running ← (1−momentum)·running +
/// momentum·batch (variance unbiased), scale = γ/σ and shift = β − mean·scale. All [C].
KERNEL(batch_norm_statistics,
       (const Tensor& x, const Tensor& gamma, const Tensor& beta, const BatchNormOptions& options,
        Tensor& running_mean, Tensor& running_var, Tensor& mean, Tensor& inv_std, Tensor& scale,
        Tensor& shift),
       (x, gamma, beta, options, running_mean, running_var, mean, inv_std, scale, shift),
       "batch norm statistics", bytes_of(x))
/// The same from the moments of `rows` rows, as conv2d_forward_moments takes them.
KERNEL(batch_norm_from_moments,
       (const Tensor& moments, int64_t rows, const Tensor& gamma, const Tensor& beta,
        const BatchNormOptions& options, Tensor& running_mean, Tensor& running_var, Tensor& mean,
        Tensor& inv_std, Tensor& scale, Tensor& shift),
       (moments, rows, gamma, beta, options, running_mean, running_var, mean, inv_std, scale,
        shift),
       "batch norm statistics", bytes_of(moments))
/// Overwrites every norm's folded form, which must be defined.
KERNEL(fold_batch_norms, (const std::vector<BatchNormToFold>& norms, double eps), (norms, eps),
       "batch norm statistics", bytes_of(norms))
/// y = a(x) [+ b(residual)], then ReLU if `relu`. A residual without `b` is added as it is.
/// The `relu` flags inside a and b are not used. y may be x or the residual.
KERNEL(channel_affine_forward,
       (const Tensor& x, const ChannelAffine& a, const Tensor& residual, const ChannelAffine& b,
        bool relu, Tensor& y),
       (x, a, residual, b, relu, y), "batch norm applied", bytes_of(x, residual, y))
/// Gradient of affine.relu ? relu(BN(x)) : BN(x). With batch statistics,
/// dx = scale·(g − mean(g) − x̂·mean(g·x̂)), g = dy behind the ReLU; otherwise dx = scale·g.
/// dgamma = Σ g·x̂, dbeta = Σ g. dx may be dy.
KERNEL(batch_norm_backward,
       (const Tensor& x, const Tensor& mean, const Tensor& inv_std, const ChannelAffine& affine,
        bool batch_statistics, const Tensor& dy, Tensor& dx, Tensor& dgamma, Tensor& dbeta),
       (x, mean, inv_std, affine, batch_statistics, dy, dx, dgamma, dbeta), "batch norm backward",
       bytes_of(x, mean, inv_std, dy, dx, dgamma, dbeta))

/// The rest of it, where g and its sums are there already (conv2d_backward_input_sums): dy is g,
/// and the ReLU is not asked for again.
KERNEL(batch_norm_backward_from_sums,
       (const Tensor& x, const Tensor& mean, const Tensor& inv_std, const ChannelAffine& affine,
        bool batch_statistics, const Tensor& dy, const Tensor& dgamma, const Tensor& dbeta,
        Tensor& dx),
       (x, mean, inv_std, affine, batch_statistics, dy, dgamma, dbeta, dx), "batch norm backward",
       bytes_of(x, mean, inv_std, dy, dgamma, dbeta, dx))

/// x [N,H,W,C] → y [N,H',W',C] and the winning offset ky·kernel+kx as u8 (first on a tie).
KERNEL(max_pool2d_forward, (const Tensor& x, const Pool2d& options, Tensor& y, Tensor& winner),
       (x, options, y, winner), "max pooling forward", bytes_of(x, y, winner))
KERNEL(max_pool2d_backward,
       (const Tensor& winner, const Tensor& dy, const Pool2d& options, Tensor& dx),
       (winner, dy, options, dx), "max pooling backward", bytes_of(winner, dy, dx))
/// features [N,H,W,C], boxes [N,K,4] in pixels of an image of side `size` → y [N,K,P,P,C].
KERNEL(roi_align_forward, (const Tensor& features, const Tensor& boxes, double size, Tensor& y),
       (features, boxes, size, y), "ROIAlign forward", bytes_of(features, boxes, y))
KERNEL(roi_align_backward, (const Tensor& boxes, const Tensor& dy, double size, Tensor& dfeatures),
       (boxes, dy, size, dfeatures), "ROIAlign backward", bytes_of(boxes, dy, dfeatures))

// ---- tokens ----
/// x [N,D]; mean and inv_std [N] are kept for the backward.
KERNEL(layer_norm_forward,
       (const Tensor& x, const Tensor& gamma, const Tensor& beta, double eps, Tensor& y,
        Tensor& mean, Tensor& inv_std),
       (x, gamma, beta, eps, y, mean, inv_std), "layer norm forward",
       bytes_of(x, gamma, beta, y, mean, inv_std))
KERNEL(layer_norm_backward,
       (const Tensor& x, const Tensor& gamma, const Tensor& mean, const Tensor& inv_std,
        const Tensor& dy, Tensor& dx, Tensor& dgamma, Tensor& dbeta),
       (x, gamma, mean, inv_std, dy, dx, dgamma, dbeta), "layer norm backward",
       bytes_of(x, gamma, mean, inv_std, dy, dx, dgamma, dbeta))
/// qkv [B,T,K,3D] → y [B,T,K,D] and probabilities [B,S,heads,L,L], where L is the length of
/// `axis` and S that of the other one.
KERNEL(attention_forward,
       (const Tensor& qkv, int64_t heads, TokenAxis axis, Tensor& y, Tensor& probabilities),
       (qkv, heads, axis, y, probabilities), "attention forward", bytes_of(qkv, y, probabilities),
       4.0 * probabilities.numel() * y.dim(3) / heads)
KERNEL(attention_backward,
       (const Tensor& qkv, const Tensor& probabilities, int64_t heads, TokenAxis axis,
        const Tensor& dy, Tensor& dqkv),
       (qkv, probabilities, heads, axis, dy, dqkv), "attention backward",
       bytes_of(qkv, probabilities, dy, dqkv), 8.0 * probabilities.numel() * dy.dim(3) / heads)
/// x [B,T,K,D] + entity [K,D] + frame [T,D] → y.
KERNEL(add_embeddings_forward,
       (const Tensor& x, const Tensor& entity, const Tensor& frame, Tensor& y),
       (x, entity, frame, y), "embeddings", bytes_of(x, entity, frame, y))
KERNEL(add_embeddings_backward, (const Tensor& dy, Tensor& dentity, Tensor& dframe),
       (dy, dentity, dframe), "embeddings", bytes_of(dy, dentity, dframe))
/// Over the last axis of x [N,C]: y = softmax(x/temperature).
KERNEL(softmax_forward, (const Tensor& x, double temperature, Tensor& y), (x, temperature, y),
       "softmax", bytes_of(x, y))
KERNEL(softmax_backward, (const Tensor& y, const Tensor& dy, double temperature, Tensor& dx),
       (y, dy, temperature, dx), "softmax", bytes_of(y, dy, dx))
/// y = alpha[b,k,0]·a + alpha[b,k,1]·b; a, b, y [B,T,K,D], alpha [B,K,2].
KERNEL(mix_forward, (const Tensor& a, const Tensor& b, const Tensor& alpha, Tensor& y),
       (a, b, alpha, y), "mix", bytes_of(a, b, alpha, y))
KERNEL(mix_backward,
       (const Tensor& a, const Tensor& b, const Tensor& alpha, const Tensor& dy, Tensor& da,
        Tensor& db, Tensor& dalpha),
       (a, b, alpha, dy, da, db, dalpha), "mix", bytes_of(a, b, alpha, dy, da, db, dalpha))
/// Rows of x [N,D] divided by max(‖row‖, eps); norm [N] is kept.
KERNEL(l2_normalize_forward, (const Tensor& x, double eps, Tensor& y, Tensor& norm),
       (x, eps, y, norm), "L2 norm", bytes_of(x, y, norm))
KERNEL(l2_normalize_backward,
       (const Tensor& y, const Tensor& norm, double eps, const Tensor& dy, Tensor& dx),
       (y, norm, eps, dy, dx), "L2 norm", bytes_of(y, norm, dy, dx))

// ---- losses ----
/// Mean over rows of −Σ_c q_c·log softmax(logits)_c, with q = (1−smoothing)·onehot(target) +
/// smoothing/(entries included). logits [N,C], targets i64 [N]; `included` u8 [N,C] or
/// undefined: entries with 0 are left out of the softmax, and q is 0 there. loss [1];
/// probabilities [N,C] are kept (0 where left out).
KERNEL(softmax_cross_entropy_forward,
       (const Tensor& logits, const Tensor& targets, const Tensor& included, double smoothing,
        Tensor& loss, Tensor& probabilities),
       (logits, targets, included, smoothing, loss, probabilities), "losses",
       bytes_of(logits, targets, included, loss, probabilities))
/// labels i64 [B] → positives i64 [B·K], positives[n] = n, and included u8 [B·K,B·K]: 0 where a
/// row and another column are of the same entity and of clips with the same label, else 1.
KERNEL(contrastive_targets, (const Tensor& labels, Tensor& positives, Tensor& included),
       (labels, positives, included), "losses", bytes_of(labels, positives, included))
/// dlogits = dloss·(probabilities − q)/N where included; dloss [1].
KERNEL(softmax_cross_entropy_backward,
       (const Tensor& probabilities, const Tensor& targets, const Tensor& included,
        double smoothing, const Tensor& dloss, Tensor& dlogits),
       (probabilities, targets, included, smoothing, dloss, dlogits), "losses",
       bytes_of(probabilities, targets, included, dloss, dlogits))

// ---- optimizers ----
/// Brings the slots to the device: all of them the first time, which waits for it, and from
/// then on their gradients, which does not.
KERNEL(update_table, (ParameterTable & parameters), (parameters), "optimizer", 0)
/// One call updates every parameter that has a gradient. `schedule` f64 [2] on the device: learning
/// rate, and the factor on every gradient (clipping). AdamW also counts the slot's updates, and
/// corrects its moments by that count.
KERNEL(sgd_step, (ParameterTable & parameters, const SgdOptions& options, const Tensor& schedule),
       (parameters, options, schedule), "optimizer", bytes_of_gradients(parameters) * 5)
KERNEL(adamw_step,
       (ParameterTable & parameters, const AdamWOptions& options, const Tensor& schedule),
       (parameters, options, schedule), "optimizer", bytes_of_gradients(parameters) * 7)
/// √Σ‖gradient‖² over all parameters, accumulated in double: norm f64 [1].
KERNEL(global_norm, (const ParameterTable& parameters, Tensor& norm), (parameters, norm),
       "gradient norm", bytes_of_gradients(parameters))
/// schedule[1] = min(1, limit/(norm + 1e-6)), or 1 where limit is 0. Not a number where the
/// norm is not finite, upon which sgd_step and adamw_step change nothing.
KERNEL(clip_factor, (const Tensor& norm, double limit, Tensor& schedule), (norm, limit, schedule),
       "gradient norm", bytes_of(norm, schedule))

// ---- several processes ----
/// Batch norm over ranks (engine/norm_over_ranks.h). Of each rank's rows, the mean and the unbiased
/// variance: parts [R,2,C], in the dtype of parameters, of rows[r] rows each, which may be 0 →
/// mean and (biased) variance of all rows, and the running ones as batch_norm_statistics updates
/// them. Joined in the order of the ranks, in double.
KERNEL(batch_norm_join_ranks,
       (const Tensor& parts, const std::vector<int64_t>& rows, double momentum,
        Tensor& running_mean, Tensor& running_var, Tensor& mean, Tensor& var),
       (parts, rows, momentum, running_mean, running_var, mean, var), "batch norm statistics",
       bytes_of(parts, mean, var))
/// Of each rank, dγ and dβ: parts [R,2,C] → what statistics of `rows` rows in all add to dx,
/// slope·x + constant, both [C]. Added in the order of the ranks, in double.
KERNEL(batch_norm_ranks_gradient,
       (const Tensor& parts, int64_t rows, const Tensor& mean, const Tensor& inv_std,
        const Tensor& scale, Tensor& slope, Tensor& constant),
       (parts, rows, mean, inv_std, scale, slope, constant), "batch norm backward",
       bytes_of(parts, slope, constant))

#undef KERNEL
