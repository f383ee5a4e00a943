#include <algorithm>
#include <cmath>

#include "docs/lessons/07-attention-along-two-axes/exercise.h"
#include "docs/lessons/harness/exercise.h"
#include "engine/ops.h"

namespace mdn::lesson {

Tensor softmax_rows(const Tensor& x) {
    Tensor y = empty_like(x);
    const int64_t width = x.dim(1);
    for (int64_t m = 0; m < x.dim(0); ++m) {
        const double* in = x.data<double>() + m * width;
        double* out = y.data<double>() + m * width;
        const double top = *std::max_element(in, in + width);
        double sum = 0;
        for (int64_t n = 0; n < width; ++n) sum += out[n] = std::exp(in[n] - top);
        for (int64_t n = 0; n < width; ++n) out[n] /= sum;
    }
    return y;
}

Tensor transposed(const Tensor& x) {
    const int64_t rows = x.dim(0), columns = x.dim(1);
    Tensor y = Tensor::empty({columns, rows}, DType::f64);
    for (int64_t m = 0; m < rows; ++m)
        for (int64_t n = 0; n < columns; ++n)
            y.data<double>()[n * rows + m] = x.data<double>()[m * columns + n];
    return y;
}

/// a·b.
Tensor product(const Tensor& a, const Tensor& b) { return matmul_nt(a, transposed(b)); }

double scale_of(const Tensor& q) { return 1 / std::sqrt(static_cast<double>(q.dim(1))); }

Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v) {
    return product(softmax_rows(matmul_nt(q, k, scale_of(q))), v);
}

Tensor attend_along(const Tensor& qkv, int64_t heads, TokenAxis axis) {
    const int64_t clips = qkv.dim(0), frames = qkv.dim(1), entities = qkv.dim(2);
    const int64_t model = qkv.dim(3) / 3, width = model / heads;
    const bool along_frames = axis == TokenAxis::frames;
    const int64_t length = along_frames ? frames : entities,
                  others = along_frames ? entities : frames, step = along_frames ? entities : 1;
    Tensor y = Tensor::empty({clips, frames, entities, model}, DType::f64);
    Tensor part[3];  // q, k and v of one head in one sequence
    for (Tensor& each : part) each = Tensor::empty({length, width}, DType::f64);
    for (int64_t b = 0; b < clips; ++b)
        for (int64_t other = 0; other < others; ++other)
            for (int64_t h = 0; h < heads; ++h) {
                const int64_t first =
                    b * frames * entities + (along_frames ? other : other * entities);
                for (int64_t i = 0; i < length; ++i)
                    for (int64_t n = 0; n < 3; ++n)
                        std::copy_n(qkv.data<double>() + (first + i * step) * 3 * model +
                                        n * model + h * width,
                                    width, part[n].data<double>() + i * width);
                const Tensor out = attend(part[0], part[1], part[2]);
                for (int64_t i = 0; i < length; ++i)
                    std::copy_n(out.data<double>() + i * width, width,
                                y.data<double>() + (first + i * step) * model + h * width);
            }
    return y;
}

/// ds_ij = p_ij (dp_ij − Σ_l p_il dp_il).
Tensor softmax_rows_backward(const Tensor& p, const Tensor& dp) {
    Tensor ds = empty_like(p);
    const int64_t width = p.dim(1);
    for (int64_t m = 0; m < p.dim(0); ++m) {
        const double *weight = p.data<double>() + m * width, *grad = dp.data<double>() + m * width;
        double along = 0;
        for (int64_t n = 0; n < width; ++n) along += weight[n] * grad[n];
        for (int64_t n = 0; n < width; ++n)
            ds.data<double>()[m * width + n] = weight[n] * (grad[n] - along);
    }
    return ds;
}

AttentionGradients attend_backward(const Tensor& dy, const Tensor& q, const Tensor& k,
                                   const Tensor& v) {
    const Tensor p = softmax_rows(matmul_nt(q, k, scale_of(q)));
    const Tensor ds = scale(softmax_rows_backward(p, matmul_nt(dy, v)), scale_of(q));
    return {product(ds, k), product(transposed(ds), q), product(transposed(p), dy)};
}

}  // namespace mdn::lesson
