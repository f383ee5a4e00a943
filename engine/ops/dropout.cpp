// y = x ⊙ keep/(1−p);  dx = dy ⊙ keep/(1−p), with the mask drawn again from the same numbers, so
// the stream's (seed, step) must not change between the forward pass and backward().
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor dropout(const Tensor& x, double p, const RandomStream& stream) {
    require_float("dropout", "x", x);
    require(p >= 0 && p < 1, "dropout",
            "the probability must be in [0, 1), not " + std::to_string(p));
    if (p == 0) return x;
    require_tensor("dropout", "seed_and_step", stream.seed_and_step, DType::i64, {2}, x.device());
    require(stream.op >= 0 && stream.op < (int64_t{1} << 31), "dropout",
            "the stream's op must be in [0, 2^31), not " + std::to_string(stream.op));
    require(stream.first >= 0, "dropout",
            "the stream's first element must be 0 or more, not " + std::to_string(stream.first));
    Tensor y = empty_like(x);
    kernels(x).dropout(x, p, stream, y);
    return record("dropout", y, {x}, [p, stream](const Tensor& dy) -> Gradients {
        Tensor dx = empty_like(dy);
        kernels(dy).dropout(dy, p, stream, dx);
        return {dx};
    });
}

}  // namespace mdn
