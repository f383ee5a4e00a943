// Tensor: a shared handle on a contiguous block of numbers, with a shape, a dtype and a device.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/error.h"

namespace mdn {

/// bf16: float's exponent, 8 bits of precision; activations on a GPU only.
enum class DType : uint8_t { f32, f64, i64, u8, bf16 };
enum class Device : uint8_t { cpu, cuda };

/// Sizes of the axes, outermost first. An empty shape is a scalar (one element).
using Shape = std::vector<int64_t>;

/// Number of elements of a shape. Throws Error on a negative size or a number beyond 63 bits.
int64_t element_count(const Shape& shape);
/// `shape` with another size of its last axis. Throws Error for a scalar's, which has none.
Shape with_last_axis(Shape shape, int64_t size);
/// "[2, 3, 4]", for messages.
std::string to_string(const Shape& shape);
/// "f32", "f64", "i64", "u8", "bf16".
std::string to_string(DType dtype);
/// "cpu", "cuda".
std::string to_string(Device device);
/// Bytes of one element.
int64_t size_of(DType dtype);
/// The dtype of parameters, statistics and losses beside activations of `dtype`: f32 beside bf16,
/// otherwise the same.
DType parameter_dtype(DType dtype);

template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
    return DType::f32;
}
template <>
constexpr DType dtype_of<double>() {
    return DType::f64;
}
template <>
constexpr DType dtype_of<int64_t>() {
    return DType::i64;
}
template <>
constexpr DType dtype_of<uint8_t>() {
    return DType::u8;
}

struct AutogradMeta;  // engine/autograd.h

/// A handle: copying a Tensor shares its memory. Always contiguous, row-major. A default-built
/// Tensor is undefined and stands for "not given" wherever an argument is optional.
class Tensor {
  public:
    Tensor() = default;

    /// Uninitialised memory. Throws Error on a negative size or when memory runs out.
    static Tensor empty(Shape shape, DType dtype = DType::f32, Device device = Device::cpu);
    static Tensor zeros(Shape shape, DType dtype = DType::f32, Device device = Device::cpu);
    static Tensor full(Shape shape, double value, DType dtype = DType::f32,
                       Device device = Device::cpu);
    /// A CPU tensor holding a copy of `values`; throws Error if their number does not fit `shape`.
    template <class T>
    static Tensor from(const std::vector<T>& values, Shape shape);

    bool defined() const { return impl_ != nullptr; }
    const Shape& shape() const;
    /// Size of one axis; negative axes count from the back. Throws Error outside the rank.
    int64_t dim(int64_t axis) const;
    int64_t rank() const { return static_cast<int64_t>(shape().size()); }
    int64_t numel() const;
    int64_t bytes() const { return numel() * size_of(dtype()); }
    DType dtype() const;
    Device device() const;

    /// The elements; throws Error if T is not the tensor's dtype.
    template <class T>
    T* data() const;
    void* raw() const;
    /// The single element of a one-element tensor of any dtype, brought to the host.
    double item() const;
    /// All elements, brought to the host; throws Error if T is not the tensor's dtype.
    template <class T>
    std::vector<T> to_vector() const;

    /// The same memory under another shape, outside the graph (`reshape` in ops.h is the
    /// differentiable one). Throws Error if the number of elements differs.
    Tensor view(Shape shape) const;
    /// The same memory from row `first` on, [count,...], outside the graph: for copies. Kernels may
    /// read more than one element at once, and take it only where it begins at 16 bytes: clone() it
    /// for them.
    Tensor rows(int64_t first, int64_t count) const;
    /// The same memory, outside the graph: what a backward closure keeps of its own output.
    Tensor detach() const;
    /// A copy of the memory, outside the graph.
    Tensor clone() const;
    /// A copy on another device or of another dtype (f32 <-> f64 on the CPU, f32 <-> bf16 on a
    /// GPU), outside the graph.
    Tensor to(Device device) const;
    Tensor to(DType dtype) const;
    /// Copies the elements of `source` (same shape and dtype, any device) into this memory.
    void copy_from(const Tensor& source) const;

    bool requires_grad() const;
    /// Makes this a leaf whose gradient `backward` accumulates (or an ordinary constant again).
    Tensor& set_requires_grad(bool value = true);
    /// The accumulated gradient of a leaf; undefined before the first backward().
    Tensor grad() const;
    /// Drops the accumulated gradient.
    void zero_grad() const;

    /// True if no other Tensor shares this memory, so that it may be overwritten.
    bool owns_memory_alone() const;
    bool shares_memory_with(const Tensor& other) const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
    friend std::shared_ptr<AutogradMeta>& autograd_meta(const Tensor& x);
};

/// The tensor's place in the graph, null where it has none. For engine/autograd.cpp.
std::shared_ptr<AutogradMeta>& autograd_meta(const Tensor& x);

/// Uninitialised tensor of the shape, dtype and device of `x`.
Tensor empty_like(const Tensor& x);
Tensor zeros_like(const Tensor& x);
/// Uninitialised tensor of another shape with the dtype and device of `x`.
Tensor empty_as(const Tensor& x, Shape shape);
/// As empty_as, of the dtype that parameters and statistics have beside x.
Tensor empty_parameter_as(const Tensor& x, Shape shape);

}  // namespace mdn
