// y_c = exp(x_c/τ) / Σ_j exp(x_j/τ) over the last axis;  dx = y ⊙ (dy − ⟨dy, y⟩)/τ.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor softmax(const Tensor& x, double temperature) {
    require_float("softmax", "x", x);
    require(x.rank() >= 1 && x.dim(-1) > 0, "softmax", "no last axis in " + to_string(x.shape()));
    require_positive("softmax", "the temperature", temperature, x);
    const Shape rows = {x.numel() / x.dim(-1), x.dim(-1)};
    Tensor y = empty_like(x);
    Tensor y_rows = y.view(rows);
    kernels(x).softmax_forward(x.view(rows), temperature, y_rows);
    return record("softmax", y, {x}, [y_rows, temperature](const Tensor& dy) -> Gradients {
        Tensor dx = empty_like(dy);
        Tensor dx_rows = dx.view(y_rows.shape());
        kernels(dy).softmax_backward(y_rows, dy.view(y_rows.shape()), temperature, dx_rows);
        return {dx};
    });
}

}  // namespace mdn
