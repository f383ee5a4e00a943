// y = [a ; b] along the last axis;  da and db are the two parts of dy.
#include <algorithm>

#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor concat(const Tensor& a, const Tensor& b) {
    require_float("concat", "a", a);
    require_float("concat", "b", b);
    const bool fits = a.rank() >= 1 && a.rank() == b.rank() &&
                      std::equal(a.shape().begin(), a.shape().end() - 1, b.shape().begin());
    const std::string both = "a " + to_string(a.shape()) + " and b " + to_string(b.shape());
    require(fits, "concat", both + " must agree on every axis but the last");
    require(a.dim(-1) > 0 && b.dim(-1) > 0, "concat", both + " must not have an empty last axis");
    require_shape("concat", "b", b, b.shape(), a);
    const int64_t rows = a.numel() / a.dim(-1), left = a.dim(-1), right = b.dim(-1);
    Tensor y = empty_as(a, with_last_axis(a.shape(), left + right)),
           y_rows = y.view({rows, left + right});
    kernels(a).concat(a.view({rows, left}), b.view({rows, right}), y_rows);
    return record("concat", y, {a, b},
                  [rows, left, right, a_shape = a.shape(),
                   b_shape = b.shape()](const Tensor& dy) -> Gradients {
                      Tensor da = empty_as(dy, a_shape), db = empty_as(dy, b_shape);
                      Tensor da_rows = da.view({rows, left}), db_rows = db.view({rows, right});
                      kernels(dy).split(dy.view({rows, left + right}), da_rows, db_rows);
                      return {da, db};
                  });
}

}  // namespace mdn
