#include "train/explain/grad_cam.h"

#include <algorithm>

#include "engine/autograd.h"
#include "train/load_model.h"

namespace mdn {

namespace {

/// On the host, as f32 where it was bf16.
Tensor on_host(const Tensor& x) {
    return on_device(x.dtype() == DType::bf16 ? x.to(DType::f32) : x, Device::cpu);
}

std::vector<double> numbers_of(const Tensor& x) {
    const Tensor host = on_host(x);
    return (host.dtype() == DType::f32 ? host.to(DType::f64) : host).to_vector<double>();
}

/// x [1,...] as so many rows, each with its numbers; in memory of its own.
Tensor repeated(const Tensor& x, int64_t rows) {
    const Tensor host = on_host(x);
    Shape shape = x.shape();
    shape[0] = rows;
    const Tensor all = Tensor::empty(shape, host.dtype());
    const auto* from = static_cast<const char*>(host.raw());
    for (int64_t row = 0; row < rows; ++row)
        std::copy_n(from, host.bytes(), static_cast<char*>(all.raw()) + row * host.bytes());
    const Tensor there = on_device(all, x.device());
    return there.dtype() == x.dtype() ? there : there.to(x.dtype());
}

/// While it lives, the backward pass computes no gradients of parameters.
class ConstantParameters {
  public:
    explicit ConstantParameters(const ParameterStore& store) : store_(store) { train(false); }
    ~ConstantParameters() { train(true); }
    ConstantParameters(const ConstantParameters&) = delete;
    ConstantParameters& operator=(const ConstantParameters&) = delete;

  private:
    void train(bool wanted) const {
        for (const Parameter& parameter : store_.all())
            if (Tensor value = parameter.value; parameter.trained())
                value.set_requires_grad(wanted);
    }

    const ParameterStore& store_;
};

}  // namespace

std::vector<std::vector<double>> grad_cam(MicroDualNet& model, const Tensor& features,
                                          const Tensor& boxes,
                                          const std::vector<int64_t>& classes) {
    const ConstantParameters constants(model.parameters());
    const int64_t rows = std::ssize(classes);
    // A leaf of its own: the graph begins here, and the backbone is not part of it. Clips do not
    // meet in the head, so each row has the gradient of its own class.
    Tensor leaf = repeated(features, rows);
    leaf.set_requires_grad();
    const Outputs outputs =
        model.head(leaf, boxes.defined() ? repeated(boxes, rows) : boxes, Tensor());
    Tensor seed = Tensor::zeros(outputs.logits.shape(), outputs.logits.dtype());
    for (int64_t row = 0; row < rows; ++row) {
        const int64_t place = row * seed.dim(1) + classes[row];
        if (seed.dtype() == DType::f64)
            seed.data<double>()[place] = 1;
        else
            seed.data<float>()[place] = 1;
    }
    backward(outputs.logits, on_device(seed, features.device()));

    const std::vector<double> A = numbers_of(features), dA = numbers_of(leaf.grad());
    const size_t C = static_cast<size_t>(features.dim(4)), places = A.size() / C;
    std::vector<std::vector<double>> maps;
    for (size_t row = 0; row < classes.size(); ++row) {
        const double* const slope = dA.data() + row * A.size();
        std::vector<double> weight(C);
        for (size_t i = 0; i < A.size(); ++i)
            weight[i % C] += slope[i] / static_cast<double>(places);
        std::vector<double>& map = maps.emplace_back(places);
        for (size_t i = 0; i < A.size(); ++i) map[i / C] += weight[i % C] * A[i];
        for (double& value : map) value = std::max(value, 0.0);
    }
    return maps;
}

}  // namespace mdn
