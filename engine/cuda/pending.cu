// Kernels still to be written.
#include "engine/cuda/cuda_kernels.h"

namespace mdn {

__attribute__((weak)) void CudaKernels::fill(double, Tensor&) {
    throw Error("[cuda] fill is not written yet");
}
__attribute__((weak)) void CudaKernels::copy(const Tensor&, const Tensor&) {
    throw Error("[cuda] copy is not written yet");
}
__attribute__((weak)) void CudaKernels::cast(const Tensor&, Tensor&) {
    throw Error("[cuda] cast is not written yet");
}
__attribute__((weak)) void CudaKernels::add(const Tensor&, const Tensor&, Tensor&) {
    throw Error("[cuda] add is not written yet");
}
__attribute__((weak)) void CudaKernels::multiply(const Tensor&, const Tensor&, Tensor&) {
    throw Error("[cuda] multiply is not written yet");
}
__attribute__((weak)) void CudaKernels::scale(const Tensor&, double, Tensor&) {
    throw Error("[cuda] scale is not written yet");
}
__attribute__((weak)) void CudaKernels::relu_forward(const Tensor&, Tensor&) {
    throw Error("[cuda] relu_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::relu_backward(const Tensor&, const Tensor&, Tensor&) {
    throw Error("[cuda] relu_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::gelu_forward(const Tensor&, Tensor&) {
    throw Error("[cuda] gelu_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::gelu_backward(const Tensor&, const Tensor&, Tensor&) {
    throw Error("[cuda] gelu_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::dropout(const Tensor&, double, const RandomStream&,
                                                Tensor&) {
    throw Error("[cuda] dropout is not written yet");
}
__attribute__((weak)) void CudaKernels::sum(const Tensor&, Tensor&) {
    throw Error("[cuda] sum is not written yet");
}
__attribute__((weak)) void CudaKernels::mean_forward(const Tensor&, Tensor&) {
    throw Error("[cuda] mean_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::mean_backward(const Tensor&, Tensor&) {
    throw Error("[cuda] mean_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::concat(const Tensor&, const Tensor&, Tensor&) {
    throw Error("[cuda] concat is not written yet");
}
__attribute__((weak)) void CudaKernels::split(const Tensor&, Tensor&, Tensor&) {
    throw Error("[cuda] split is not written yet");
}
__attribute__((weak)) void CudaKernels::swap_middle_axes(const Tensor&, Tensor&) {
    throw Error("[cuda] swap_middle_axes is not written yet");
}
__attribute__((weak)) void CudaKernels::matmul(const Tensor&, bool, const Tensor&, bool, double,
                                               Tensor&) {
    throw Error("[cuda] matmul is not written yet");
}
__attribute__((weak)) void CudaKernels::linear_forward(const Tensor&, const Tensor&, const Tensor&,
                                                       Tensor&) {
    throw Error("[cuda] linear_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::linear_gelu_forward(const Tensor&, const Tensor&,
                                                            const Tensor&, Tensor&, Tensor&) {
    throw Error("[cuda] linear_gelu_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::linear_backward_input(const Tensor&, const Tensor&,
                                                              Tensor&) {
    throw Error("[cuda] linear_backward_input is not written yet");
}
__attribute__((weak)) void CudaKernels::linear_backward_weight(const Tensor&, const Tensor&,
                                                               Tensor&, Tensor&) {
    throw Error("[cuda] linear_backward_weight is not written yet");
}
__attribute__((weak)) void CudaKernels::grouped_linear_forward(const Tensor&, const Tensor&,
                                                               const Tensor&, Tensor&) {
    throw Error("[cuda] grouped_linear_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::grouped_linear_backward(const Tensor&, const Tensor&,
                                                                const Tensor&, Tensor&, Tensor&,
                                                                Tensor&) {
    throw Error("[cuda] grouped_linear_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::conv2d_forward(const Tensor&, const ChannelAffine&,
                                                       const Tensor&, const Conv2d&, Tensor&) {
    throw Error("[cuda] conv2d_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::conv2d_backward_input(const Tensor&, const Tensor&,
                                                              const Conv2d&, Tensor&) {
    throw Error("[cuda] conv2d_backward_input is not written yet");
}
__attribute__((weak)) void CudaKernels::conv2d_backward_weight(const Tensor&, const ChannelAffine&,
                                                               const Tensor&, const Conv2d&,
                                                               Tensor&) {
    throw Error("[cuda] conv2d_backward_weight is not written yet");
}
__attribute__((weak)) void CudaKernels::depthwise_conv2d_forward(const Tensor&, const Tensor&,
                                                                 int64_t, Tensor&) {
    throw Error("[cuda] depthwise_conv2d_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::depthwise_conv2d_backward(const Tensor&, const Tensor&,
                                                                  const Tensor&, int64_t, Tensor&,
                                                                  Tensor&) {
    throw Error("[cuda] depthwise_conv2d_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::temporal_shift(const Tensor&, int64_t, bool, Tensor&) {
    throw Error("[cuda] temporal_shift is not written yet");
}
__attribute__((weak)) void CudaKernels::batch_norm_prepare(const Tensor&, const Tensor&,
                                                           const Tensor&, const BatchNormOptions&,
                                                           Tensor&, Tensor&, Tensor&, Tensor&,
                                                           Tensor&, Tensor&) {
    throw Error("[cuda] batch_norm_prepare is not written yet");
}
__attribute__((weak)) void CudaKernels::channel_affine_forward(const Tensor&, const ChannelAffine&,
                                                               const Tensor&, const ChannelAffine&,
                                                               bool, Tensor&) {
    throw Error("[cuda] channel_affine_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::relu_mask(const Tensor&, const Tensor&, Tensor&) {
    throw Error("[cuda] relu_mask is not written yet");
}
__attribute__((weak)) void CudaKernels::batch_norm_backward(const Tensor&, const Tensor&,
                                                            const Tensor&, const ChannelAffine&,
                                                            bool, const Tensor&, Tensor&, Tensor&,
                                                            Tensor&) {
    throw Error("[cuda] batch_norm_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::max_pool2d_forward(const Tensor&, const Pool2d&, Tensor&,
                                                           Tensor&) {
    throw Error("[cuda] max_pool2d_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::max_pool2d_backward(const Tensor&, const Tensor&,
                                                            const Pool2d&, Tensor&) {
    throw Error("[cuda] max_pool2d_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::roi_align_forward(const Tensor&, const Tensor&, double,
                                                          Tensor&) {
    throw Error("[cuda] roi_align_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::roi_align_backward(const Tensor&, const Tensor&, double,
                                                           Tensor&) {
    throw Error("[cuda] roi_align_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::layer_norm_forward(const Tensor&, const Tensor&,
                                                           const Tensor&, double, Tensor&, Tensor&,
                                                           Tensor&) {
    throw Error("[cuda] layer_norm_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::layer_norm_backward(const Tensor&, const Tensor&,
                                                            const Tensor&, const Tensor&,
                                                            const Tensor&, Tensor&, Tensor&,
                                                            Tensor&) {
    throw Error("[cuda] layer_norm_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::attention_forward(const Tensor&, int64_t, TokenAxis,
                                                          Tensor&, Tensor&) {
    throw Error("[cuda] attention_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::attention_backward(const Tensor&, const Tensor&, int64_t,
                                                           TokenAxis, const Tensor&, Tensor&) {
    throw Error("[cuda] attention_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::add_embeddings_forward(const Tensor&, const Tensor&,
                                                               const Tensor&, Tensor&) {
    throw Error("[cuda] add_embeddings_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::add_embeddings_backward(const Tensor&, Tensor&, Tensor&) {
    throw Error("[cuda] add_embeddings_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::softmax_forward(const Tensor&, double, Tensor&) {
    throw Error("[cuda] softmax_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::softmax_backward(const Tensor&, const Tensor&, double,
                                                         Tensor&) {
    throw Error("[cuda] softmax_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::mix_forward(const Tensor&, const Tensor&, const Tensor&,
                                                    Tensor&) {
    throw Error("[cuda] mix_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::mix_backward(const Tensor&, const Tensor&, const Tensor&,
                                                     const Tensor&, Tensor&, Tensor&, Tensor&) {
    throw Error("[cuda] mix_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::l2_normalize_forward(const Tensor&, double, Tensor&,
                                                             Tensor&) {
    throw Error("[cuda] l2_normalize_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::l2_normalize_backward(const Tensor&, const Tensor&, double,
                                                              const Tensor&, Tensor&) {
    throw Error("[cuda] l2_normalize_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::softmax_cross_entropy_forward(const Tensor&, const Tensor&,
                                                                      const Tensor&, double,
                                                                      Tensor&, Tensor&) {
    throw Error("[cuda] softmax_cross_entropy_forward is not written yet");
}
__attribute__((weak)) void CudaKernels::softmax_cross_entropy_backward(const Tensor&, const Tensor&,
                                                                       const Tensor&, double,
                                                                       const Tensor&, Tensor&) {
    throw Error("[cuda] softmax_cross_entropy_backward is not written yet");
}
__attribute__((weak)) void CudaKernels::sgd_step(std::vector<ParameterSlot>&, const SgdOptions&,
                                                 const Tensor&) {
    throw Error("[cuda] sgd_step is not written yet");
}
__attribute__((weak)) void CudaKernels::adamw_step(std::vector<ParameterSlot>&, const AdamWOptions&,
                                                   const Tensor&) {
    throw Error("[cuda] adamw_step is not written yet");
}
__attribute__((weak)) void CudaKernels::global_norm(const std::vector<ParameterSlot>&, Tensor&) {
    throw Error("[cuda] global_norm is not written yet");
}
__attribute__((weak)) void CudaKernels::clip_factor(const Tensor&, double, Tensor&) {
    throw Error("[cuda] clip_factor is not written yet");
}

}  // namespace mdn
