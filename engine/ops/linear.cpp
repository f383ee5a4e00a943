// y = x Wᵀ + b over the last axis;  dx = dy W, dW = dyᵀ x, db = Σ_rows dy.
// linear_gelu: y = GELU(u), u = x Wᵀ + b;  the same with du = dy ⊙ GELU'(u) in place of dy.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

namespace {

void check(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias) {
    require_float(op, "x", x);
    require_float(op, "weight", weight, 2);
    require(x.rank() >= 1 && x.dim(-1) == weight.dim(1), op,
            "x " + to_string(x.shape()) + " does not fit weight " + to_string(weight.shape()));
    require(weight.numel() > 0, op, "weight " + to_string(weight.shape()) + " is empty");
    require_parameter(op, "weight", weight, weight.shape(), x);
    if (bias.defined()) require_parameter(op, "bias", bias, {weight.dim(0)}, x);
}

/// [..., I] as [N, I].
Tensor rows_of(const Tensor& x, int64_t width) { return x.view({x.numel() / width, width}); }

Gradients gradients(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& dy) {
    const int64_t in = weight.dim(1), out = weight.dim(0);
    const Tensor dy_rows = rows_of(dy, out);
    Tensor dx, dweight, dbias;
    if (x.requires_grad()) {
        dx = empty_like(x);
        Tensor dx_rows = rows_of(dx, in);
        kernels(dy).linear_backward_input(dy_rows, weight, dx_rows);
    }
    if (weight.requires_grad() || bias.requires_grad()) {
        dweight = empty_like(weight);
        if (bias.requires_grad()) dbias = empty_like(bias);
        kernels(dy).linear_backward_weight(rows_of(x, in), dy_rows, dweight, dbias);
    }
    return {dx, dweight, dbias};
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    check("linear", x, weight, bias);
    Tensor y = empty_as(x, with_last_axis(x.shape(), weight.dim(0)));
    Tensor y_rows = rows_of(y, weight.dim(0));
    kernels(x).linear_forward(rows_of(x, weight.dim(1)), weight, bias, y_rows);
    return record("linear", y, {x, weight, bias},
                  [x, weight, bias](const Tensor& dy) { return gradients(x, weight, bias, dy); });
}

Tensor linear_gelu(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    check("linear_gelu", x, weight, bias);
    Tensor y = empty_as(x, with_last_axis(x.shape(), weight.dim(0))), u = empty_like(y);
    Tensor y_rows = rows_of(y, weight.dim(0)), u_rows = rows_of(u, weight.dim(0));
    kernels(x).linear_gelu_forward(rows_of(x, weight.dim(1)), weight, bias, u_rows, y_rows);
    return record("linear_gelu", y, {x, weight, bias}, [x, weight, bias, u](const Tensor& dy) {
        Tensor du = empty_like(u);
        kernels(dy).gelu_backward(u, dy, du);
        return gradients(x, weight, bias, du);
    });
}

}  // namespace mdn
