// y[b,t,k] = x[b,t,k] + entity[k] + frame[t];
// dx = dy, dentity[k] = Σ_{b,t} dy[b,t,k], dframe[t] = Σ_{b,k} dy[b,t,k].
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor add_embeddings(const Tensor& x, const Tensor& entity, const Tensor& frame) {
    require_float("add_embeddings", "x", x, 4);
    require(x.dim(3) > 0, "add_embeddings", "x " + to_string(x.shape()) + " has tokens of width 0");
    require_parameter("add_embeddings", "entity", entity, {x.dim(2), x.dim(3)}, x);
    require_parameter("add_embeddings", "frame", frame, {x.dim(1), x.dim(3)}, x);
    Tensor y = empty_like(x);
    kernels(x).add_embeddings_forward(x, entity, frame, y);
    return record("add_embeddings", y, {x, entity, frame},
                  [entity_shape = entity.shape(),
                   frame_shape = frame.shape()](const Tensor& dy) -> Gradients {
                      Tensor dentity = empty_parameter_as(dy, entity_shape),
                             dframe = empty_parameter_as(dy, frame_shape);
                      kernels(dy).add_embeddings_backward(dy, dentity, dframe);
                      return {dy, dentity, dframe};
                  });
}

}  // namespace mdn
