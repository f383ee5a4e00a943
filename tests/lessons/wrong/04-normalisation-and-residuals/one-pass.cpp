// Task 1 says: around a million:
// Mean of the squares minus square of the mean: large means leave no digits for the variance.
#define layer_normed right_layer_normed
#include "tests/lessons/solutions/04-normalisation-and-residuals.cpp"
#undef layer_normed

namespace mdn::lesson {

Tensor layer_normed(const Tensor& x, const Tensor& gamma, const Tensor& beta) {
    Tensor y = empty_like(x);
    const double *g = gamma.data<double>(), *b = beta.data<double>();
    const int64_t rows = x.dim(0), width = x.dim(1);
    for (int64_t n = 0; n < rows; ++n) {
        const double* in = x.data<double>() + n * width;
        double sum = 0, squares = 0;
        for (int64_t d = 0; d < width; ++d) sum += in[d], squares += in[d] * in[d];
        const Moments row = {sum / width, squares / width - sum / width * (sum / width)};
        for (int64_t d = 0; d < width; ++d)
            y.data<double>()[n * width + d] =
                g[d] * (in[d] - row.mean) / std::sqrt(row.variance + eps) + b[d];
    }
    return y;
}

}  // namespace mdn::lesson
