#include "model/mac_loss.h"

#include <vector>

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

/// What the rows of one rank are compared with.
struct Compared {
    Tensor st, ts;  // ẑ·√T of all pairs [N,T·D]
    ContrastiveTargets targets;
};

/// Positives on the diagonal of all pairs, of which this rank has some rows.
ContrastiveTargets targets_of(const Tensor& labels, int64_t K, const BatchShare& share) {
    const Tensor all = share.over->gather_rows(labels, share.clips);
    if (share.own() == 0)  // a stand-in, whose loss counts for nothing
        return {Tensor::zeros({labels.dim(0) * K}, DType::i64, labels.device()), Tensor()};
    const ContrastiveTargets square = contrastive_targets(all, K);
    const int64_t first = share.first() * K, count = share.own() * K;
    return {square.positives.rows(first, count).clone(),
            square.included.rows(first, count).clone()};
}

Compared compare_with_all(const Tensor& z_st, const Tensor& z_ts, const Tensor& labels, int64_t K,
                          const BatchShare& share) {
    if (!share.is_part()) return {z_st, z_ts, contrastive_targets(labels, K)};
    std::vector<int64_t> pairs;
    for (const int64_t clips : share.clips) pairs.push_back(clips * K);
    return {gather_ranks(z_st, pairs, *share.over), gather_ranks(z_ts, pairs, *share.over),
            targets_of(labels, K, share)};
}

}  // namespace

Tensor mac_similarity(const Tensor& st, const Tensor& ts) {
    return matmul_nt(aligned_directions(st), aligned_directions(ts),
                     1 / static_cast<double>(st.dim(1)));
}

Tensor mac_loss(const Tensor& st, const Tensor& ts, const Tensor& labels, double temperature,
                const BatchShare& share) {
    static const ModuleName module = module_name("loss.mac");
    const ModuleScope in(module);
    const int64_t T = st.dim(1), K = st.dim(2);
    const Tensor z_st = aligned_directions(st), z_ts = aligned_directions(ts);
    // s = ẑ_st ẑ_tsᵀ/τ_mac: the mean over frames of the frame-aligned cosine. sᵀ is the same
    // product with its factors swapped.
    const double factor = 1 / (static_cast<double>(T) * temperature);
    const auto [all_st, all_ts, targets] = compare_with_all(z_st, z_ts, labels, K, share);
    const Tensor rows = in.output(matmul_nt(z_st, all_ts, factor), "similarity");
    const Tensor columns = matmul_nt(z_ts, all_st, factor);
    // Positives on the diagonal; the mask is symmetric.
    // MAC = ½ (CE over rows + CE over columns)
    return in.output(scale(add(softmax_cross_entropy(rows, targets.positives, targets.included),
                               softmax_cross_entropy(columns, targets.positives, targets.included)),
                           0.5));
}

}  // namespace mdn
