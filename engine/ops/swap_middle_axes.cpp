// y[a,c,b,:] = x[a,b,c,:];  the gradient swaps back.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor swap_middle_axes(const Tensor& x) {
    require_float("swap_middle_axes", "x", x, 4);
    Tensor y = empty_as(x, {x.dim(0), x.dim(2), x.dim(1), x.dim(3)});
    kernels(x).swap_middle_axes(x, y);
    return record("swap_middle_axes", y, {x}, [shape = x.shape()](const Tensor& dy) -> Gradients {
        Tensor dx = empty_as(dy, shape);
        kernels(dy).swap_middle_axes(dy, dx);
        return {dx};
    });
}

}  // namespace mdn
