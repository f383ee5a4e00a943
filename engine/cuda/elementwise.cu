// Add, multiply, scale and ReLU.
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/map.h"

namespace mdn {

namespace {

struct Add {
    __device__ float operator()(float a, float b) const { return a + b; }
};

struct Multiply {
    __device__ float operator()(float a, float b) const { return a * b; }
};

struct Scale {
    float factor;
    __device__ float operator()(float x) const { return factor * x; }
};

struct Relu {
    __device__ float operator()(float x) const { return x < 0 ? 0 : x; }  // NaN stays NaN
};

struct ReluBackward {
    __device__ float operator()(float x, float dy) const { return x <= 0 ? 0 : dy; }
};

}  // namespace

void CudaKernels::add(const Tensor& a, const Tensor& b, Tensor& y) { map(Add{}, y, a, b); }

void CudaKernels::multiply(const Tensor& a, const Tensor& b, Tensor& y) {
    map(Multiply{}, y, a, b);
}

void CudaKernels::scale(const Tensor& x, double factor, Tensor& y) {
    map(Scale{static_cast<float>(factor)}, y, x);
}

void CudaKernels::relu_forward(const Tensor& x, Tensor& y) { map(Relu{}, y, x); }

void CudaKernels::relu_backward(const Tensor& x, const Tensor& dy, Tensor& dx) {
    map(ReluBackward{}, dx, x, dy);
}

}  // namespace mdn
