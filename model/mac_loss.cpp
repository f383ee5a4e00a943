#include "model/mac_loss.h"

#include <numeric>

#include "engine/ops.h"

namespace mdn {

namespace {

/// ẑ·√T [B·K,T·D]: the frames of an entity side by side, each of length 1.
Tensor aligned_directions(const Tensor& x) {
    const int64_t B = x.dim(0), T = x.dim(1), K = x.dim(2), D = x.dim(3);
    return reshape(swap_middle_axes(l2_normalize(x)), {B * K, T * D});
}

}  // namespace

Tensor mac_included(const Tensor& labels, int64_t entities) {
    const std::vector<int64_t> label = labels.to_vector<int64_t>();
    const int64_t B = static_cast<int64_t>(label.size()), N = B * entities;
    Tensor included = Tensor::full({N, N}, 1, DType::u8);
    for (int64_t a = 0; a < B; ++a)
        for (int64_t b = 0; b < B; ++b)
            for (int64_t i = 0; a != b && label[a] == label[b] && i < entities; ++i)
                included.data<uint8_t>()[(a * entities + i) * N + b * entities + i] = 0;
    return included;
}

Tensor mac_loss(const Tensor& st, const Tensor& ts, const Tensor& labels, double temperature) {
    const int64_t T = st.dim(1), K = st.dim(2), N = st.dim(0) * K;
    const Tensor z_st = aligned_directions(st), z_ts = aligned_directions(ts);
    // s = ẑ_st ẑ_tsᵀ/τ_mac: the mean over frames of the frame-aligned cosine. sᵀ is the same
    // product with its factors swapped.
    const double factor = 1 / (static_cast<double>(T) * temperature);
    const Tensor rows = matmul_nt(z_st, z_ts, factor), columns = matmul_nt(z_ts, z_st, factor);
    // Positives on the diagonal; the mask is symmetric.
    std::vector<int64_t> diagonal(static_cast<size_t>(N));
    std::iota(diagonal.begin(), diagonal.end(), 0);
    const Tensor targets = Tensor::from(diagonal, {N}).to(st.device());
    const Tensor included = mac_included(labels, K).to(st.device());
    // MAC = ½ (CE over rows + CE over columns)
    return scale(add(softmax_cross_entropy(rows, targets, included),
                     softmax_cross_entropy(columns, targets, included)),
                 0.5);
}

}  // namespace mdn
