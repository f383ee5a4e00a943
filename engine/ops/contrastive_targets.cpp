// Row n's positive is column n. Left out is the same entity of another clip with the same label: it
// is neither a positive nor a negative.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

ContrastiveTargets contrastive_targets(const Tensor& labels, int64_t entities) {
    const char* op = "contrastive_targets";
    require(labels.defined() && labels.rank() == 1 && labels.dtype() == DType::i64, op,
            "labels must be i64 [B]");
    require(entities >= 1, op, "needs at least one entity, not " + std::to_string(entities));
    const int64_t rows = labels.dim(0) * entities;
    ContrastiveTargets targets{Tensor::empty({rows}, DType::i64, labels.device()),
                               Tensor::empty({rows, rows}, DType::u8, labels.device())};
    kernels(labels).contrastive_targets(labels, targets.positives, targets.included);
    return targets;
}

}  // namespace mdn
