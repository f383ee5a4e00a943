// From a tensor's dtype to the type a CUDA kernel is compiled for.
#pragma once

#include "engine/cuda/launch.h"
#include "engine/tensor.h"

namespace mdn {

/// Calls f(T{}) with T = float or bf16, the dtype of the activation x. Throws Error for others.
template <class F>
void with_activation_type(const Tensor& x, F&& f) {
    switch (x.dtype()) {
        case DType::f32:
            return f(float{});
        case DType::bf16:
            return f(bf16{});
        default:
            throw Error("[cuda] expected f32 or bf16, got " + to_string(x.dtype()),
                        "float64 is computed on the CPU only");
    }
}

/// The elements of an activation.
template <class T>
T* elements(const Tensor& x) {
    return static_cast<T*>(x.raw());
}

}  // namespace mdn
