// GELU(x) = x·Φ(x); its derivative Φ(x) + x·φ(x), φ = exp(−x²/2)/√(2π).
#include "engine/cuda/gelu.h"

#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/map.h"

namespace mdn {

namespace {

struct Gelu {
    __device__ float operator()(float x) const { return gelu(x); }
};

struct GeluBackward {
    __device__ float operator()(float x, float dy) const {
        const float density = 0.39894228040143268f * expf(-0.5f * x * x);
        return dy * (normal_cdf(x) + x * density);
    }
};

}  // namespace

void CudaKernels::gelu_forward(const Tensor& x, Tensor& y) { map(Gelu{}, y, x); }

void CudaKernels::gelu_backward(const Tensor& x, const Tensor& dy, Tensor& dx) {
    map(GeluBackward{}, dx, x, dy);
}

}  // namespace mdn
