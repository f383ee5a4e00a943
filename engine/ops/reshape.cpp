// The same elements under another shape;  the gradient under the old one.
// No kernel: y is a view of the same memory (engine/tensor.cpp).
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor reshape(const Tensor& x, Shape shape) {
    require_float("reshape", "x", x);
    require(element_count(shape) == x.numel(), "reshape",
            to_string(x.shape()) + " has not as many elements as " + to_string(shape));
    return record("reshape", x.view(std::move(shape)), {x},
                  [old = x.shape()](const Tensor& dy) -> Gradients { return {dy.view(old)}; });
}

}  // namespace mdn
