// Grad-CAM (Selvaraju et al., arXiv 1610.02391) on the backbone's last stage: where in the feature
// map lies what speaks for a class.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/tensor.h"
#include "model/micro_dualnet.h"

namespace mdn {

/// With A the features [1,T,H,W,C] of one clip and y the logit of a class:
///     a_c = mean over t,h,w of ∂y/∂A[t,h,w,c],   map[t,h,w] = max(Σ_c a_c A[t,h,w,c], 0).
/// One weight per channel for the whole clip, so that its frames can be compared. `boxes` as
/// MicroDualNet::head has them. Returns [T,H,W], row-major, per class, from one pass for all. The
/// gradient reaches y on all ways that lead there from the features: f_cnn, and the entities.
/// Leaves the parameters without gradients.
std::vector<std::vector<double>> grad_cam(MicroDualNet& model, const Tensor& features,
                                          const Tensor& boxes, const std::vector<int64_t>& classes);

}  // namespace mdn
