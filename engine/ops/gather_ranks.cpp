// y = the rows of x on all ranks, one rank's after the other's;  dx = Σ over ranks r of what dy of
// r says of this rank's rows: each rank's loss may depend on all rows. No kernel: the processes
// exchange memory (engine/communicator.cpp).
#include "engine/communicator.h"
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor gather_ranks(const Tensor& x, const std::vector<int64_t>& rows, Communicator& over) {
    require_float("gather_ranks", "x", x);
    require(std::ssize(rows) == over.ranks(), "gather_ranks",
            "rows of " + std::to_string(rows.size()) + " ranks given, there are " +
                std::to_string(over.ranks()));
    const int64_t own = rows[static_cast<size_t>(over.rank())];
    require(x.rank() >= 1 && (x.dim(0) == own || own == 0), "gather_ranks",
            "x of shape " + to_string(x.shape()) + " has not the " + std::to_string(own) +
                " rows of this rank");
    return record("gather_ranks", over.gather_rows(x, rows), {x},
                  [rows, own, shape = x.shape(), &over](const Tensor& dy) -> Gradients {
                      const Tensor dx = over.sum_own_rows(dy, rows);
                      if (own > 0) return {dx};
                      return {Tensor::zeros(shape, dy.dtype(), dy.device())};
                  });
}

}  // namespace mdn
