// Cross-entropy of a masked softmax, row by row.
#include <cmath>
#include <limits>
#include <vector>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

namespace {

/// Which entries of a row take part: all, or those its mask says.
class Included {
  public:
    Included(const Tensor& mask, int64_t row, int64_t classes)
        : mask_(mask.defined() ? mask.data<uint8_t>() + row * classes : nullptr) {
        for (int64_t c = 0; c < classes; ++c) count_ += (*this)[c];
    }
    bool operator[](int64_t c) const { return !mask_ || mask_[c]; }
    int64_t count() const { return count_; }

  private:
    const uint8_t* mask_;
    int64_t count_ = 0;
};

}  // namespace

void CpuKernels::softmax_cross_entropy_forward(const Tensor& logits, const Tensor& targets,
                                               const Tensor& included, double smoothing,
                                               Tensor& loss, Tensor& probabilities) {
    with_float_type(logits, [&]<class T>(T) {
        const int64_t rows = logits.dim(0), classes = logits.dim(1);
        std::vector<double> row_loss(rows);
        parallel_for(rows, logits.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; ++n) {
                const Included in(included, n, classes);
                const T* x = logits.data<T>() + n * classes;
                T* p = probabilities.data<T>() + n * classes;
                T top = -std::numeric_limits<T>::infinity();
                for (int64_t c = 0; c < classes; ++c)
                    if (in[c] && x[c] > top) top = x[c];
                T total = 0, shifted = 0;  // Σ exp(x − top) and Σ (x − top)
                for (int64_t c = 0; c < classes; ++c) {
                    p[c] = in[c] ? std::exp(x[c] - top) : T{0};
                    total += p[c];
                    shifted += in[c] ? x[c] - top : T{0};
                }
                for (int64_t c = 0; c < classes; ++c) p[c] /= total;
                const double target = x[targets.data<int64_t>()[n]] - top;
                double expected = (1 - smoothing) * target;  // Σ_c q_c·(x_c − top)
                if (smoothing > 0)
                    expected += smoothing * shifted / static_cast<double>(in.count());
                row_loss[n] = std::log(static_cast<double>(total)) - expected;
            }
        });
        double sum = 0;
        for (double value : row_loss) sum += value;
        *loss.data<T>() = static_cast<T>(sum / static_cast<double>(rows));
    });
}

void CpuKernels::softmax_cross_entropy_backward(const Tensor& probabilities, const Tensor& targets,
                                                const Tensor& included, double smoothing,
                                                const Tensor& dloss, Tensor& dlogits) {
    with_float_type(probabilities, [&]<class T>(T) {
        const int64_t rows = probabilities.dim(0), classes = probabilities.dim(1);
        const T factor = *dloss.data<T>() / static_cast<T>(rows);
        parallel_for(rows, probabilities.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; ++n) {
                const Included in(included, n, classes);
                const T* p = probabilities.data<T>() + n * classes;
                T* dx = dlogits.data<T>() + n * classes;
                const T even = static_cast<T>(smoothing / static_cast<double>(in.count()));
                for (int64_t c = 0; c < classes; ++c) dx[c] = in[c] ? factor * (p[c] - even) : T{0};
                dx[targets.data<int64_t>()[n]] -= factor * static_cast<T>(1 - smoothing);
            }
        });
    });
}

}  // namespace mdn
