// y = max of x over kernel×kernel windows; padding never wins. dx collects dy at the winners.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor max_pool2d(const Tensor& x, const Pool2d& options) {
    const int64_t kernel = options.kernel, stride = options.stride, pad = options.pad;
    require_float("max_pool2d", "x", x, 4);
    require(kernel >= 1 && kernel <= 16, "max_pool2d",
            "the kernel must be 1 to 16 wide, not " + std::to_string(kernel));
    require(stride >= 1, "max_pool2d", "the stride must be positive");
    require(pad >= 0 && pad < kernel, "max_pool2d",
            "padding " + std::to_string(pad) + " must be less than the kernel, " +
                std::to_string(kernel));
    const auto positions = [&](int64_t size) {
        require(size >= 1 && size + 2 * pad >= kernel, "max_pool2d",
                "shape " + to_string(x.shape()) + " with padding " + std::to_string(pad) +
                    " is smaller than the kernel, " + std::to_string(kernel));
        return (size + 2 * pad - kernel) / stride + 1;
    };
    const Shape shape = {x.dim(0), positions(x.dim(1)), positions(x.dim(2)), x.dim(3)};
    Tensor y = empty_as(x, shape), winner = Tensor::empty(shape, DType::u8, x.device());
    kernels(x).max_pool2d_forward(x, options, y, winner);
    return record("max_pool2d", y, {x},
                  [winner, options, input = x.shape()](const Tensor& dy) -> Gradients {
                      Tensor dx = empty_as(dy, input);
                      kernels(dy).max_pool2d_backward(winner, dy, options, dx);
                      return {dx};
                  });
}

}  // namespace mdn
