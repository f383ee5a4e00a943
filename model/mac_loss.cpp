#include "model/mac_loss.h"

#include "engine/module_scope.h"
#include "engine/ops.h"

namespace mdn {

namespace {

/// ẑ·√T [B·K,T·D]: the frames of an entity side by side, each of length 1.
Tensor aligned_directions(const Tensor& x) {
    const int64_t B = x.dim(0), T = x.dim(1), K = x.dim(2), D = x.dim(3);
    const Tensor directions = l2_normalize(cast(x, parameter_dtype(x.dtype())));
    return reshape(swap_middle_axes(directions), {B * K, T * D});
}

}  // namespace

Tensor mac_similarity(const Tensor& st, const Tensor& ts) {
    return matmul_nt(aligned_directions(st), aligned_directions(ts),
                     1 / static_cast<double>(st.dim(1)));
}

Tensor mac_loss(const Tensor& st, const Tensor& ts, const Tensor& labels, double temperature) {
    static const ModuleName module = module_name("loss.mac");
    const ModuleScope in(module);
    const int64_t T = st.dim(1), K = st.dim(2);
    const Tensor z_st = aligned_directions(st), z_ts = aligned_directions(ts);
    // s = ẑ_st ẑ_tsᵀ/τ_mac: the mean over frames of the frame-aligned cosine. sᵀ is the same
    // product with its factors swapped.
    const double factor = 1 / (static_cast<double>(T) * temperature);
    const Tensor rows = in.output(matmul_nt(z_st, z_ts, factor), "similarity");
    const Tensor columns = matmul_nt(z_ts, z_st, factor);
    // Positives on the diagonal; the mask is symmetric.
    const ContrastiveTargets targets = contrastive_targets(labels, K);
    // MAC = ½ (CE over rows + CE over columns)
    return in.output(scale(add(softmax_cross_entropy(rows, targets.positives, targets.included),
                               softmax_cross_entropy(columns, targets.positives, targets.included)),
                           0.5));
}

}  // namespace mdn
