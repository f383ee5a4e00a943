// y[b,t,k] = α[b,k,0]·st[b,t,k] + α[b,k,1]·ts[b,t,k];
// dst = α₀·dy, dts = α₁·dy, dα[b,k,0] = Σ_t ⟨dy, st⟩, dα[b,k,1] = Σ_t ⟨dy, ts⟩.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor mix(const Tensor& st, const Tensor& ts, const Tensor& alpha) {
    require_float("mix", "st", st, 4);
    require(st.dim(3) > 0, "mix", "st " + to_string(st.shape()) + " has tokens of width 0");
    require_shape("mix", "ts", ts, st.shape(), st);
    require_shape("mix", "alpha", alpha, {st.dim(0), st.dim(2), 2}, st);
    Tensor y = empty_like(st);
    kernels(st).mix_forward(st, ts, alpha, y);
    return record("mix", y, {st, ts, alpha},
                  [st = st.detach(), ts = ts.detach(),
                   alpha = alpha.detach()](const Tensor& dy) -> Gradients {
                      Tensor dst = empty_like(st), dts = empty_like(ts), dalpha = empty_like(alpha);
                      kernels(dy).mix_backward(st, ts, alpha, dy, dst, dts, dalpha);
                      return {dst, dts, dalpha};
                  });
}

}  // namespace mdn
