// loss = mean_n −Σ_c q_nc·log p_nc, p = softmax(logits) over the included entries of a row,
// q = (1−smoothing)·onehot(target) + smoothing/(number included);  dlogits = dloss·(p − q)/N.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

namespace {

/// On the host only: elsewhere looking at a value would stall the device.
void check_values(const Tensor& targets, const Tensor& included, int64_t classes) {
    for (int64_t n = 0; n < targets.numel(); ++n) {
        const int64_t target = targets.data<int64_t>()[n];
        require(target >= 0 && target < classes, "softmax_cross_entropy",
                "target " + std::to_string(target) + " of row " + std::to_string(n) +
                    " outside 0.." + std::to_string(classes - 1));
        require(!included.defined() || included.data<uint8_t>()[n * classes + target],
                "softmax_cross_entropy",
                "target " + std::to_string(target) + " of row " + std::to_string(n) +
                    " is not included");
    }
}

}  // namespace

Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& targets, const Tensor& included,
                             double smoothing) {
    const char* op = "softmax_cross_entropy";
    require_float(op, "logits", logits, 2);
    require(logits.dtype() != DType::bf16, op, "a loss is not computed in bf16: cast the logits");
    require(logits.numel() > 0, op, "logits " + to_string(logits.shape()) + " are empty");
    require_tensor(op, "targets", targets, DType::i64, {logits.dim(0)}, logits.device());
    if (included.defined())
        require_tensor(op, "included", included, DType::u8, logits.shape(), logits.device());
    require(smoothing >= 0 && smoothing < 1, op,
            "smoothing must be in [0, 1), not " + std::to_string(smoothing));
    if (logits.device() == Device::cpu) check_values(targets, included, logits.dim(1));
    Tensor loss = empty_as(logits, {1}), probabilities = empty_like(logits);
    kernels(logits).softmax_cross_entropy_forward(logits, targets, included, smoothing, loss,
                                                  probabilities);
    return record(op, loss, {logits},
                  [probabilities, targets, included, smoothing](const Tensor& dy) -> Gradients {
                      Tensor dlogits = empty_like(probabilities);
                      kernels(dy).softmax_cross_entropy_backward(probabilities, targets, included,
                                                                 smoothing, dy, dlogits);
                      return {dlogits};
                  });
}

}  // namespace mdn
