// What op files share: their checks of arguments, and the form of their error messages.
#pragma once

#include <cstdio>
#include <limits>
#include <string>

#include "engine/tensor.h"

namespace mdn {

/// Throws Error("[op] message") unless `condition` holds.
inline void require(bool condition, const char* op, const std::string& message) {
    if (!condition) throw Error(std::string("[") + op + "] " + message);
}

/// A positive number that stays one in the arithmetic of `x`, and whose inverse does: not NaN, nor
/// infinite, 0 or denormal as a float.
inline void require_positive(const char* op, const char* name, double value, const Tensor& x) {
    const auto is_fit = []<class T>(T number) {
        return number >= std::numeric_limits<T>::min() && number <= std::numeric_limits<T>::max();
    };
    if (x.dtype() == DType::f64 ? is_fit(value) : is_fit(static_cast<float>(value))) return;
    char text[32];
    std::snprintf(text, sizeof text, "%g", value);
    require(false, op,
            std::string(name) + " must be positive and finite in " + to_string(x.dtype()) +
                ", not " + text);
}

/// A floating tensor of the given rank, or any rank when negative.
inline void require_float(const char* op, const char* name, const Tensor& x, int64_t rank = -1) {
    require(x.defined(), op, std::string(name) + " is not given");
    require(x.dtype() == DType::f32 || x.dtype() == DType::f64 || x.dtype() == DType::bf16, op,
            std::string(name) + " must be f32, f64 or bf16, not " + to_string(x.dtype()));
    require(rank < 0 || x.rank() == rank, op,
            std::string(name) + " must have " + std::to_string(rank) + " axes, its shape is " +
                to_string(x.shape()));
}

/// `x` has exactly this shape and dtype, and the device of `like`.
inline void require_shape(const char* op, const char* name, const Tensor& x, const Shape& shape,
                          DType dtype, const Tensor& like) {
    require(x.defined(), op, std::string(name) + " is not given");
    require(x.shape() == shape, op,
            std::string(name) + " has shape " + to_string(x.shape()) + ", expected " +
                to_string(shape));
    require(x.dtype() == dtype && x.device() == like.device(), op,
            std::string(name) + " is " + to_string(x.dtype()) + " on " + to_string(x.device()) +
                ", expected " + to_string(dtype) + " on " + to_string(like.device()));
}
/// The same with the dtype of `like`: an activation beside another.
inline void require_shape(const char* op, const char* name, const Tensor& x, const Shape& shape,
                          const Tensor& like) {
    require_shape(op, name, x, shape, like.dtype(), like);
}

/// A parameter or statistic of this shape beside the activation `like`.
inline void require_parameter(const char* op, const char* name, const Tensor& x, const Shape& shape,
                              const Tensor& like) {
    require_shape(op, name, x, shape, parameter_dtype(like.dtype()), like);
}

/// `x` has exactly this dtype, shape and device: what accompanies an op's floating tensors.
inline void require_tensor(const char* op, const char* name, const Tensor& x, DType dtype,
                           const Shape& shape, Device device) {
    const auto describe = [](DType dtype, const Shape& shape, Device device) {
        return to_string(dtype) + " " + to_string(shape) + " on " + to_string(device);
    };
    require(x.defined(), op, std::string(name) + " is not given");
    require(x.dtype() == dtype && x.shape() == shape && x.device() == device, op,
            std::string(name) + " is " + describe(x.dtype(), x.shape(), x.device()) +
                ", expected " + describe(dtype, shape, device));
}

}  // namespace mdn
