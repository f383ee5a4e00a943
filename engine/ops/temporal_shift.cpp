// y_t = [x_{t+1}, x_{t−1}, x_t] over the channels [0,C/8), [C/8,2·(C/8)), rest; 0 beyond the clip.
// The backward is the adjoint: the same moves the other way.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor temporal_shift(const Tensor& x, int64_t frames) {
    require_float("temporal_shift", "x", x, 4);
    require(frames >= 1 && x.dim(0) % frames == 0, "temporal_shift",
            "shape " + to_string(x.shape()) + " does not hold whole clips of " +
                std::to_string(frames) + " frames");
    Tensor y = empty_like(x);
    kernels(x).temporal_shift(x, frames, false, y);
    return record("temporal_shift", y, {x}, [frames](const Tensor& dy) -> Gradients {
        Tensor dx = empty_like(dy);
        kernels(dy).temporal_shift(dy, frames, true, dx);
        return {dx};
    });
}

}  // namespace mdn
