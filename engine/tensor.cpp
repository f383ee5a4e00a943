#include "engine/tensor.h"

#include <bit>
#include <cstring>
#include <stdexcept>

#include "engine/allocator.h"
#include "engine/autograd.h"
#include "engine/kernels.h"

namespace mdn {

namespace {

/// Beyond any memory, and far enough from 2^63 for sizes in bytes not to overflow.
constexpr int64_t largest_count = int64_t{1} << 56;

/// Owns one block of the device's caching allocator.
struct Storage {
    Storage(int64_t bytes, Device device)
        : device(device), block(allocator(device).allocate(bytes)) {}
    ~Storage() { allocator(device).release(block); }
    Storage(const Storage&) = delete;
    Storage& operator=(const Storage&) = delete;

    Device device;
    void* block;
};

}  // namespace

struct Tensor::Impl {
    std::shared_ptr<Storage> storage;
    Shape shape;
    DType dtype;
    std::shared_ptr<AutogradMeta> meta = nullptr;  // unless the tensor requires a gradient
    int64_t offset = 0;                            // bytes of the storage before the first element
};

std::shared_ptr<AutogradMeta>& autograd_meta(const Tensor& x) { return x.impl_->meta; }

int64_t element_count(const Shape& shape) {
    int64_t count = 1;
    for (int64_t size : shape) {
        if (size < 0) throw Error("[tensor] negative size in shape " + to_string(shape));
        if (__builtin_mul_overflow(count, size, &count))
            throw Error("[tensor] too many elements in shape " + to_string(shape));
    }
    return count;
}

Shape with_last_axis(Shape shape, int64_t size) {
    if (shape.empty()) throw Error("[tensor] a scalar has no last axis");
    shape.back() = size;
    return shape;
}

std::string to_string(const Shape& shape) {
    std::string text = "[";
    for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
    return text + "]";
}

std::string to_string(DType dtype) {
    switch (dtype) {
        case DType::f32:
            return "f32";
        case DType::f64:
            return "f64";
        case DType::i64:
            return "i64";
        case DType::u8:
            return "u8";
        case DType::bf16:
            return "bf16";
    }
    return "?";
}

std::string to_string(Device device) { return device == Device::cpu ? "cpu" : "cuda"; }

int64_t size_of(DType dtype) {
    switch (dtype) {
        case DType::f32:
            return 4;
        case DType::f64:
            return 8;
        case DType::i64:
            return 8;
        case DType::u8:
            return 1;
        case DType::bf16:
            return 2;
    }
    return 0;
}

DType parameter_dtype(DType dtype) { return dtype == DType::bf16 ? DType::f32 : dtype; }

Tensor Tensor::empty(Shape shape, DType dtype, Device device) {
    const int64_t count = element_count(shape);
    if (count > largest_count)
        throw Error("[tensor] too many elements in shape " + to_string(shape));
    Tensor y;
    y.impl_ = std::make_shared<Impl>();
    y.impl_->storage = std::make_shared<Storage>(count * size_of(dtype), device);
    y.impl_->shape = std::move(shape);
    y.impl_->dtype = dtype;
    return y;
}

Tensor Tensor::zeros(Shape shape, DType dtype, Device device) {
    return full(std::move(shape), 0.0, dtype, device);
}

Tensor Tensor::full(Shape shape, double value, DType dtype, Device device) {
    Tensor y = empty(std::move(shape), dtype, device);
    kernels(y).fill(value, y);
    return y;
}

template <class T>
Tensor Tensor::from(const std::vector<T>& values, Shape shape) {
    if (static_cast<int64_t>(values.size()) != element_count(shape))
        throw Error("[tensor] " + std::to_string(values.size()) + " values do not fit shape " +
                    to_string(shape));
    Tensor y = empty(std::move(shape), dtype_of<T>());
    if (!values.empty()) std::memcpy(y.raw(), values.data(), values.size() * sizeof(T));
    return y;
}

const Shape& Tensor::shape() const {
    if (!impl_) throw Error("[tensor] an undefined tensor has no shape");
    return impl_->shape;
}

int64_t Tensor::dim(int64_t axis) const {
    const int64_t positive = axis < 0 ? axis + rank() : axis;
    if (positive < 0 || positive >= rank())
        throw Error("[tensor] axis " + std::to_string(axis) + " outside shape " +
                    to_string(shape()));
    return impl_->shape[positive];
}

int64_t Tensor::numel() const { return element_count(shape()); }

DType Tensor::dtype() const {
    if (!impl_) throw Error("[tensor] an undefined tensor has no dtype");
    return impl_->dtype;
}

Device Tensor::device() const {
    if (!impl_) throw Error("[tensor] an undefined tensor has no device");
    return impl_->storage->device;
}

void* Tensor::raw() const {
    if (!impl_) throw Error("[tensor] an undefined tensor has no data");
    return static_cast<char*>(impl_->storage->block) + impl_->offset;
}

template <class T>
T* Tensor::data() const {
    if (dtype() != dtype_of<T>())
        throw Error("[tensor] " + to_string(dtype_of<T>()) + " access to a tensor of " +
                    to_string(dtype()));
    return static_cast<T*>(raw());
}

double Tensor::item() const {
    if (numel() != 1)
        throw Error("[tensor] item() needs one element, the shape is " + to_string(shape()));
    const Tensor host = device() == Device::cpu ? *this : to(Device::cpu);
    switch (dtype()) {
        case DType::f32:
            return *host.data<float>();
        case DType::f64:
            return *host.data<double>();
        case DType::i64:
            return static_cast<double>(*host.data<int64_t>());
        case DType::u8:
            return *host.data<uint8_t>();
        case DType::bf16:
            return std::bit_cast<float>(uint32_t{*static_cast<const uint16_t*>(host.raw())} << 16);
    }
    return 0;
}

template <class T>
std::vector<T> Tensor::to_vector() const {
    const Tensor host = device() == Device::cpu ? *this : to(Device::cpu);
    const T* begin = host.data<T>();
    return std::vector<T>(begin, begin + numel());
}

Tensor Tensor::view(Shape shape) const {
    if (element_count(shape) != numel())
        throw Error("[tensor] cannot view shape " + to_string(this->shape()) + " as " +
                    to_string(shape));
    Tensor y;
    y.impl_ = std::make_shared<Impl>(*impl_);
    y.impl_->shape = std::move(shape);
    y.impl_->meta = nullptr;
    return y;
}

Tensor Tensor::rows(int64_t first, int64_t count) const {
    Shape part = shape();
    if (part.empty() || first < 0 || count < 0 || first + count > part.front())
        throw Error("[tensor] rows " + std::to_string(first) + " to " +
                    std::to_string(first + count) + " outside shape " + to_string(shape()));
    part.front() = 1;
    const int64_t bytes_per_row = element_count(part) * size_of(dtype());
    part.front() = count;
    Tensor y;
    y.impl_ = std::make_shared<Impl>(*impl_);
    y.impl_->shape = std::move(part);
    y.impl_->meta = nullptr;
    y.impl_->offset += first * bytes_per_row;
    return y;
}

Tensor Tensor::detach() const { return view(shape()); }

Tensor Tensor::clone() const {
    Tensor y = empty_like(*this);
    y.copy_from(*this);
    return y;
}

Tensor Tensor::to(Device target) const {
    Tensor y = empty(shape(), dtype(), target);
    y.copy_from(*this);
    return y;
}

Tensor Tensor::to(DType target) const {
    Tensor y = empty(shape(), target, device());
    kernels(*this).cast(*this, y);
    return y;
}

void Tensor::copy_from(const Tensor& source) const {
    if (source.shape() != shape() || source.dtype() != dtype())
        throw Error("[tensor] cannot copy " + to_string(source.dtype()) +
                    to_string(source.shape()) + " into " + to_string(dtype()) + to_string(shape()));
    // The kernels of the device that is not the host's know how to reach the other side.
    const Tensor& far = source.device() == Device::cpu ? *this : source;
    kernels(far).copy(source, *this);
}

bool Tensor::requires_grad() const { return impl_ && impl_->meta; }

Tensor& Tensor::set_requires_grad(bool value) {
    if (value && dtype() != DType::f32 && dtype() != DType::f64 && dtype() != DType::bf16)
        throw Error("[tensor] a tensor of " + to_string(dtype()) + " cannot have a gradient");
    if (value && !impl_->meta) impl_->meta = std::make_shared<AutogradMeta>();
    if (!value) impl_->meta = nullptr;
    return *this;
}

Tensor Tensor::grad() const { return requires_grad() ? impl_->meta->grad : Tensor(); }

void Tensor::zero_grad() const {
    if (requires_grad()) impl_->meta->grad = Tensor();
}

bool Tensor::owns_memory_alone() const {
    return impl_ && impl_.use_count() == 1 && impl_->storage.use_count() == 1;
}

bool Tensor::shares_memory_with(const Tensor& other) const {
    return impl_ && other.impl_ && impl_->storage == other.impl_->storage;
}

Tensor empty_like(const Tensor& x) { return Tensor::empty(x.shape(), x.dtype(), x.device()); }
Tensor zeros_like(const Tensor& x) { return Tensor::zeros(x.shape(), x.dtype(), x.device()); }
Tensor empty_as(const Tensor& x, Shape shape) {
    return Tensor::empty(std::move(shape), x.dtype(), x.device());
}
Tensor empty_parameter_as(const Tensor& x, Shape shape) {
    return Tensor::empty(std::move(shape), parameter_dtype(x.dtype()), x.device());
}

template float* Tensor::data<float>() const;
template double* Tensor::data<double>() const;
template int64_t* Tensor::data<int64_t>() const;
template uint8_t* Tensor::data<uint8_t>() const;
template Tensor Tensor::from<float>(const std::vector<float>&, Shape);
template Tensor Tensor::from<double>(const std::vector<double>&, Shape);
template Tensor Tensor::from<int64_t>(const std::vector<int64_t>&, Shape);
template Tensor Tensor::from<uint8_t>(const std::vector<uint8_t>&, Shape);
template std::vector<float> Tensor::to_vector<float>() const;
template std::vector<double> Tensor::to_vector<double>() const;
template std::vector<int64_t> Tensor::to_vector<int64_t>() const;
template std::vector<uint8_t> Tensor::to_vector<uint8_t>() const;

}  // namespace mdn
