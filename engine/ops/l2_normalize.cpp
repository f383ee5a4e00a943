// y = x/max(‖x‖, eps) over the last axis;  dx = (dy − y·⟨y, dy⟩)/‖x‖, or dy/eps where ‖x‖ <= eps.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor l2_normalize(const Tensor& x, double eps) {
    require_float("l2_normalize", "x", x);
    require(x.rank() >= 1 && x.dim(-1) > 0, "l2_normalize",
            "no last axis in " + to_string(x.shape()));
    require_positive("l2_normalize", "eps", eps, x);
    const Shape rows = {x.numel() / x.dim(-1), x.dim(-1)};
    Tensor y = empty_like(x), norm = empty_parameter_as(x, {rows[0]});
    Tensor y_rows = y.view(rows);
    kernels(x).l2_normalize_forward(x.view(rows), eps, y_rows, norm);
    return record("l2_normalize", y, {x}, [y_rows, norm, eps](const Tensor& dy) -> Gradients {
        Tensor dx = empty_like(dy), dx_rows = dx.view(y_rows.shape());
        kernels(dy).l2_normalize_backward(y_rows, norm, eps, dy.view(y_rows.shape()), dx_rows);
        return {dx};
    });
}

}  // namespace mdn
