// Kernels that are not written yet.
#include <stdexcept>

#include "engine/cpu/cpu_kernels.h"

namespace mdn {
__attribute__((weak)) void CpuKernels::fill(double, Tensor&) { throw std::logic_error("fill"); }
__attribute__((weak)) void CpuKernels::copy(const Tensor&, const Tensor&) {
    throw std::logic_error("copy");
}
__attribute__((weak)) void CpuKernels::cast(const Tensor&, Tensor&) {
    throw std::logic_error("cast");
}
__attribute__((weak)) void CpuKernels::add(const Tensor&, const Tensor&, Tensor&) {
    throw std::logic_error("add");
}
__attribute__((weak)) void CpuKernels::multiply(const Tensor&, const Tensor&, Tensor&) {
    throw std::logic_error("multiply");
}
__attribute__((weak)) void CpuKernels::scale(const Tensor&, double, Tensor&) {
    throw std::logic_error("scale");
}
__attribute__((weak)) void CpuKernels::relu_forward(const Tensor&, Tensor&) {
    throw std::logic_error("relu_forward");
}
__attribute__((weak)) void CpuKernels::relu_backward(const Tensor&, const Tensor&, Tensor&) {
    throw std::logic_error("relu_backward");
}
__attribute__((weak)) void CpuKernels::gelu_forward(const Tensor&, Tensor&) {
    throw std::logic_error("gelu_forward");
}
__attribute__((weak)) void CpuKernels::gelu_backward(const Tensor&, const Tensor&, Tensor&) {
    throw std::logic_error("gelu_backward");
}
__attribute__((weak)) void CpuKernels::dropout(const Tensor&, double, const RandomStream&,
                                               Tensor&) {
    throw std::logic_error("dropout");
}
__attribute__((weak)) void CpuKernels::sum(const Tensor&, Tensor&) {
    throw std::logic_error("sum");
}
__attribute__((weak)) void CpuKernels::mean_forward(const Tensor&, Tensor&) {
    throw std::logic_error("mean_forward");
}
__attribute__((weak)) void CpuKernels::mean_backward(const Tensor&, Tensor&) {
    throw std::logic_error("mean_backward");
}
__attribute__((weak)) void CpuKernels::concat(const Tensor&, const Tensor&, Tensor&) {
    throw std::logic_error("concat");
}
__attribute__((weak)) void CpuKernels::split(const Tensor&, Tensor&, Tensor&) {
    throw std::logic_error("split");
}
__attribute__((weak)) void CpuKernels::swap_middle_axes(const Tensor&, Tensor&) {
    throw std::logic_error("swap_middle_axes");
}
__attribute__((weak)) void CpuKernels::matmul(const Tensor&, bool, const Tensor&, bool, double,
                                              Tensor&) {
    throw std::logic_error("matmul");
}
__attribute__((weak)) void CpuKernels::linear_forward(const Tensor&, const Tensor&, const Tensor&,
                                                      Tensor&) {
    throw std::logic_error("linear_forward");
}
__attribute__((weak)) void CpuKernels::linear_gelu_forward(const Tensor&, const Tensor&,
                                                           const Tensor&, Tensor&, Tensor&) {
    throw std::logic_error("linear_gelu_forward");
}
__attribute__((weak)) void CpuKernels::linear_backward_input(const Tensor&, const Tensor&,
                                                             Tensor&) {
    throw std::logic_error("linear_backward_input");
}
__attribute__((weak)) void CpuKernels::linear_backward_weight(const Tensor&, const Tensor&, Tensor&,
                                                              Tensor&) {
    throw std::logic_error("linear_backward_weight");
}
__attribute__((weak)) void CpuKernels::grouped_linear_forward(const Tensor&, const Tensor&,
                                                              const Tensor&, Tensor&) {
    throw std::logic_error("grouped_linear_forward");
}
__attribute__((weak)) void CpuKernels::grouped_linear_backward(const Tensor&, const Tensor&,
                                                               const Tensor&, Tensor&, Tensor&,
                                                               Tensor&) {
    throw std::logic_error("grouped_linear_backward");
}
__attribute__((weak)) void CpuKernels::conv2d_forward(const Tensor&, const ChannelAffine&,
                                                      const Tensor&, const Conv2d&, Tensor&) {
    throw std::logic_error("conv2d_forward");
}
__attribute__((weak)) void CpuKernels::conv2d_backward_input(const Tensor&, const Tensor&,
                                                             const Conv2d&, Tensor&) {
    throw std::logic_error("conv2d_backward_input");
}
__attribute__((weak)) void CpuKernels::conv2d_backward_weight(const Tensor&, const ChannelAffine&,
                                                              const Tensor&, const Conv2d&,
                                                              Tensor&) {
    throw std::logic_error("conv2d_backward_weight");
}
__attribute__((weak)) void CpuKernels::depthwise_conv2d_forward(const Tensor&, const Tensor&,
                                                                int64_t, Tensor&) {
    throw std::logic_error("depthwise_conv2d_forward");
}
__attribute__((weak)) void CpuKernels::depthwise_conv2d_backward(const Tensor&, const Tensor&,
                                                                 const Tensor&, int64_t, Tensor&,
                                                                 Tensor&) {
    throw std::logic_error("depthwise_conv2d_backward");
}
__attribute__((weak)) void CpuKernels::temporal_shift(const Tensor&, int64_t, bool, Tensor&) {
    throw std::logic_error("temporal_shift");
}
__attribute__((weak)) void CpuKernels::batch_norm_prepare(const Tensor&, const Tensor&,
                                                          const Tensor&, const BatchNormOptions&,
                                                          Tensor&, Tensor&, Tensor&, Tensor&,
                                                          Tensor&, Tensor&) {
    throw std::logic_error("batch_norm_prepare");
}
__attribute__((weak)) void CpuKernels::channel_affine_forward(const Tensor&, const ChannelAffine&,
                                                              const Tensor&, const ChannelAffine&,
                                                              bool, Tensor&) {
    throw std::logic_error("channel_affine_forward");
}
__attribute__((weak)) void CpuKernels::relu_mask(const Tensor&, const Tensor&, Tensor&) {
    throw std::logic_error("relu_mask");
}
__attribute__((weak)) void CpuKernels::batch_norm_backward(const Tensor&, const Tensor&,
                                                           const Tensor&, const ChannelAffine&,
                                                           bool, const Tensor&, Tensor&, Tensor&,
                                                           Tensor&) {
    throw std::logic_error("batch_norm_backward");
}
__attribute__((weak)) void CpuKernels::max_pool2d_forward(const Tensor&, const Pool2d&, Tensor&,
                                                          Tensor&) {
    throw std::logic_error("max_pool2d_forward");
}
__attribute__((weak)) void CpuKernels::max_pool2d_backward(const Tensor&, const Tensor&,
                                                           const Pool2d&, Tensor&) {
    throw std::logic_error("max_pool2d_backward");
}
__attribute__((weak)) void CpuKernels::roi_align_forward(const Tensor&, const Tensor&, double,
                                                         Tensor&) {
    throw std::logic_error("roi_align_forward");
}
__attribute__((weak)) void CpuKernels::roi_align_backward(const Tensor&, const Tensor&, double,
                                                          Tensor&) {
    throw std::logic_error("roi_align_backward");
}
__attribute__((weak)) void CpuKernels::layer_norm_forward(const Tensor&, const Tensor&,
                                                          const Tensor&, double, Tensor&, Tensor&,
                                                          Tensor&) {
    throw std::logic_error("layer_norm_forward");
}
__attribute__((weak)) void CpuKernels::layer_norm_backward(const Tensor&, const Tensor&,
                                                           const Tensor&, const Tensor&,
                                                           const Tensor&, Tensor&, Tensor&,
                                                           Tensor&) {
    throw std::logic_error("layer_norm_backward");
}
__attribute__((weak)) void CpuKernels::attention_forward(const Tensor&, int64_t, TokenAxis, Tensor&,
                                                         Tensor&) {
    throw std::logic_error("attention_forward");
}
__attribute__((weak)) void CpuKernels::attention_backward(const Tensor&, const Tensor&, int64_t,
                                                          TokenAxis, const Tensor&, Tensor&) {
    throw std::logic_error("attention_backward");
}
__attribute__((weak)) void CpuKernels::add_embeddings_forward(const Tensor&, const Tensor&,
                                                              const Tensor&, Tensor&) {
    throw std::logic_error("add_embeddings_forward");
}
__attribute__((weak)) void CpuKernels::add_embeddings_backward(const Tensor&, Tensor&, Tensor&) {
    throw std::logic_error("add_embeddings_backward");
}
__attribute__((weak)) void CpuKernels::softmax_forward(const Tensor&, double, Tensor&) {
    throw std::logic_error("softmax_forward");
}
__attribute__((weak)) void CpuKernels::softmax_backward(const Tensor&, const Tensor&, double,
                                                        Tensor&) {
    throw std::logic_error("softmax_backward");
}
__attribute__((weak)) void CpuKernels::mix_forward(const Tensor&, const Tensor&, const Tensor&,
                                                   Tensor&) {
    throw std::logic_error("mix_forward");
}
__attribute__((weak)) void CpuKernels::mix_backward(const Tensor&, const Tensor&, const Tensor&,
                                                    const Tensor&, Tensor&, Tensor&, Tensor&) {
    throw std::logic_error("mix_backward");
}
__attribute__((weak)) void CpuKernels::l2_normalize_forward(const Tensor&, double, Tensor&,
                                                            Tensor&) {
    throw std::logic_error("l2_normalize_forward");
}
__attribute__((weak)) void CpuKernels::l2_normalize_backward(const Tensor&, const Tensor&, double,
                                                             const Tensor&, Tensor&) {
    throw std::logic_error("l2_normalize_backward");
}
__attribute__((weak)) void CpuKernels::softmax_cross_entropy_forward(const Tensor&, const Tensor&,
                                                                     const Tensor&, double, Tensor&,
                                                                     Tensor&) {
    throw std::logic_error("softmax_cross_entropy_forward");
}
__attribute__((weak)) void CpuKernels::softmax_cross_entropy_backward(const Tensor&, const Tensor&,
                                                                      const Tensor&, double,
                                                                      const Tensor&, Tensor&) {
    throw std::logic_error("softmax_cross_entropy_backward");
}
__attribute__((weak)) void CpuKernels::sgd_step(std::vector<ParameterSlot>&, const SgdOptions&,
                                                const Tensor&) {
    throw std::logic_error("sgd_step");
}
__attribute__((weak)) void CpuKernels::adamw_step(std::vector<ParameterSlot>&, const AdamWOptions&,
                                                  const Tensor&) {
    throw std::logic_error("adamw_step");
}
__attribute__((weak)) void CpuKernels::global_norm(const std::vector<ParameterSlot>&, Tensor&) {
    throw std::logic_error("global_norm");
}
}  // namespace mdn
