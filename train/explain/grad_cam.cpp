#include "train/explain/grad_cam.h"

#include <algorithm>

#include "engine/autograd.h"
#include "train/load_model.h"

namespace mdn {

namespace {

/// On the host, whatever the dtype.
std::vector<double> numbers_of(const Tensor& x) {
    Tensor host = on_device(x.dtype() == DType::bf16 ? x.to(DType::f32) : x, Device::cpu);
    if (host.dtype() == DType::f32) host = host.to(DType::f64);
    return host.to_vector<double>();
}

}  // namespace

std::vector<double> grad_cam(MicroDualNet& model, const Tensor& features, const Tensor& boxes,
                             int64_t cls) {
    // A leaf of its own: the graph begins here, and the backbone is not part of it.
    Tensor leaf = features.clone();
    leaf.set_requires_grad();
    const Outputs outputs = model.head(leaf, boxes, Tensor());
    Tensor seed = Tensor::zeros(outputs.logits.shape(), outputs.logits.dtype());
    if (seed.dtype() == DType::f64)
        seed.data<double>()[cls] = 1;
    else
        seed.data<float>()[cls] = 1;
    backward(outputs.logits, on_device(seed, features.device()));
    model.parameters().zero_grad();

    const std::vector<double> A = numbers_of(features), dA = numbers_of(leaf.grad());
    const size_t C = static_cast<size_t>(features.dim(4)), places = A.size() / C;
    std::vector<double> weight(C);
    for (size_t i = 0; i < A.size(); ++i) weight[i % C] += dA[i] / static_cast<double>(places);
    std::vector<double> map(places);
    for (size_t i = 0; i < A.size(); ++i) map[i / C] += weight[i % C] * A[i];
    for (double& value : map) value = std::max(value, 0.0);
    return map;
}

}  // namespace mdn
