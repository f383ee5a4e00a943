// y = x·Φ(x), Φ the normal distribution function;  dx = dy ⊙ (Φ(x) + x·φ(x)).
// At ±∞ the formulas hold, not their limits: y(∞) = ∞, and y(−∞) and both gradients are ∞·0 = NaN.
// So are they in PyTorch 2.15.0, whose vectorised float32 also gives NaN for y(∞).
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor gelu(const Tensor& x) {
    require_float("gelu", "x", x);
    Tensor y = empty_like(x);
    kernels(x).gelu_forward(x, y);
    return record("gelu", y, {x}, [x = x.detach()](const Tensor& dy) -> Gradients {
        Tensor dx = empty_like(dy);
        kernels(dy).gelu_backward(x, dy, dx);
        return {dx};
    });
}

}  // namespace mdn
