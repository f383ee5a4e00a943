#include "engine/parameters.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "engine/threads.h"

namespace mdn {

namespace {

/// x [outer, rows, columns] → y [outer, columns, rows] on the host.
template <class T>
void swap_last_axes(const T* x, T* y, int64_t outer, int64_t rows, int64_t columns) {
    run_shares(outer, [=](int64_t o) {
        const T* const in = x + o * rows * columns;
        T* const out = y + o * rows * columns;
        for (int64_t c = 0; c < columns; ++c)
            for (int64_t r = 0; r < rows; ++r) out[c * rows + r] = in[r * columns + c];
    });
}

void swap_last_axes(const Tensor& x, const Tensor& y, int64_t outer, int64_t rows,
                    int64_t columns) {
    if (x.dtype() == DType::f64)
        swap_last_axes(x.data<double>(), y.data<double>(), outer, rows, columns);
    else
        swap_last_axes(x.data<float>(), y.data<float>(), outer, rows, columns);
}

}  // namespace

Shape Parameter::disk_shape() const {
    const Shape& s = value.shape();
    if (layout == DiskLayout::conv) return {s[0], s[3], s[1], s[2]};
    if (layout == DiskLayout::depthwise) return {s[2], 1, s[0], s[1]};
    return s;
}

Tensor Parameter::to_disk(const Tensor& x) const {
    const Tensor host = x.to(Device::cpu);
    if (layout == DiskLayout::same) return host;
    const Shape& s = value.shape();
    const Tensor disk = Tensor::empty(disk_shape(), host.dtype());
    if (layout == DiskLayout::conv)
        swap_last_axes(host, disk, s[0], s[1] * s[2], s[3]);
    else
        swap_last_axes(host, disk, 1, s[0] * s[1], s[2]);
    return disk;
}

void Parameter::load_disk(const Tensor& stored) const {
    if (stored.shape() != disk_shape())
        throw Error(name + " has shape " + to_string(stored.shape()) + ", expected " +
                    to_string(disk_shape()));
    if (stored.dtype() != DType::f32 && stored.dtype() != DType::f64)
        throw Error(name + " is stored as " + to_string(stored.dtype()) +
                    ", expected a floating dtype");
    const Shape& s = value.shape();
    const Tensor disk = stored.dtype() == value.dtype() ? stored : stored.to(value.dtype());
    if (layout == DiskLayout::same) return value.copy_from(disk);
    const bool in_place = value.device() == Device::cpu;
    const Tensor host = in_place ? value : Tensor::empty(s, value.dtype());
    if (layout == DiskLayout::conv)
        swap_last_axes(disk, host, s[0], s[3], s[1] * s[2]);
    else
        swap_last_axes(disk, host, 1, s[2], s[0] * s[1]);
    if (!in_place) value.copy_from(host);
}

Tensor ParameterStore::add(std::string name, Tensor initial, Role role, DiskLayout layout) {
    if (find(name)) throw std::logic_error("parameter registered twice: " + name);
    Tensor value = std::move(initial);
    if (value.dtype() != dtype_) value = value.to(dtype_);
    if (value.device() != device_ || !value.owns_memory_alone()) value = value.to(device_);
    value.set_requires_grad(role != Role::buffer);
    all_.push_back({std::move(name), value, role, layout});
    return value;
}

const Parameter* ParameterStore::find(const std::string& name) const {
    for (const Parameter& parameter : all_)
        if (parameter.name == name) return &parameter;
    return nullptr;
}

void ParameterStore::zero_grad() const {
    for (const Parameter& parameter : all_) parameter.value.zero_grad();
}

void ParameterStore::round_weights() {
    if (rounded_.empty())
        for (const Parameter& parameter : all_)
            // A depthwise convolution is no matrix product.
            if (parameter.role == Role::weight && parameter.layout != DiskLayout::depthwise)
                rounded_.add(parameter.value);
    rounded_.update();
}

FoldedBatchNorm ParameterStore::keep_folded(const Tensor& gamma, const Tensor& beta,
                                            const RunningStatistics& running) {
    FoldedBatchNorm folded;
    if (device_ == Device::cpu) return folded;
    for (Tensor* constant : {&folded.inv_std, &folded.scale, &folded.shift})
        *constant = Tensor::empty(gamma.shape(), dtype_, device_);
    norms_.push_back({gamma, beta, running, folded});
    return folded;
}

void ParameterStore::fold_batch_norms() const {
    if (!norms_.empty()) kernels(device_).fold_batch_norms(norms_, BatchNormOptions().eps);
}

int64_t ParameterStore::trained_count() const {
    int64_t count = 0;
    for (const Parameter& parameter : all_)
        if (parameter.trained()) count += parameter.value.numel();
    return count;
}

Scope Scope::operator/(const std::string& name) const {
    return Scope(*store_, random_, prefix_.empty() ? name : prefix_ + "." + name);
}

Tensor Scope::add(const std::string& name, Tensor initial, Role role, DiskLayout layout) const {
    return store_->add(prefix_.empty() ? name : prefix_ + "." + name, std::move(initial), role,
                       layout);
}

Tensor Scope::normal(const Shape& shape, double deviation) const {
    return random_ ? random_->normal_tensor(shape, deviation) : Tensor::empty(shape);
}

Tensor Scope::uniform(const Shape& shape, double bound) const {
    return random_ ? random_->uniform_tensor(shape, -bound, bound) : Tensor::empty(shape);
}

Tensor Scope::conv(const std::string& name, int64_t out, int64_t kernel, int64_t in) const {
    const double deviation = std::sqrt(2.0 / static_cast<double>(out * kernel * kernel));
    return add(name, normal({out, kernel, kernel, in}, deviation), Role::weight, DiskLayout::conv);
}

Tensor Scope::depthwise(const std::string& name, int64_t kernel, int64_t channels) const {
    const double deviation = std::sqrt(2.0 / static_cast<double>(kernel * kernel));
    return add(name, normal({kernel, kernel, channels}, deviation), Role::weight,
               DiskLayout::depthwise);
}

Tensor Scope::linear(const std::string& name, Shape shape, double gain) const {
    const auto fans = static_cast<double>(shape[shape.size() - 2] + shape.back());
    return add(name, uniform(shape, gain * std::sqrt(6.0 / fans)), Role::weight);
}

Tensor Scope::bias(const std::string& name, Shape shape) const {
    return add(name, Tensor::zeros(std::move(shape)), Role::bias);
}

Tensor Scope::norm_scale(const std::string& name, int64_t size) const {
    return add(name, Tensor::full({size}, 1), Role::norm);
}

Tensor Scope::norm_shift(const std::string& name, int64_t size) const {
    return add(name, Tensor::zeros({size}), Role::norm);
}

Tensor Scope::embedding(const std::string& name, Shape shape) const {
    return add(name, normal(shape, 0.02), Role::embedding);
}

RunningStatistics Scope::running_statistics(int64_t size) const {
    return {add("running_mean", Tensor::zeros({size}), Role::buffer),
            add("running_var", Tensor::full({size}, 1), Role::buffer)};
}

FoldedBatchNorm Scope::keep_folded(const Tensor& gamma, const Tensor& beta,
                                   const RunningStatistics& running) const {
    return store_->keep_folded(gamma, beta, running);
}

}  // namespace mdn
