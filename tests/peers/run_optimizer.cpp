// A few updates of engine/optim.h with given gradients.
#include "engine/optim.h"

#include <cstring>

#include "engine/ops.h"
#include "tests/peers/run_case.h"

namespace mdn::peers {

namespace {

/// Row `step` of [steps, ...], on the host.
Tensor row(const Tensor& x, int64_t step) {
    Tensor y = Tensor::empty(Shape(x.shape().begin() + 1, x.shape().end()), x.dtype());
    std::memcpy(y.raw(), static_cast<const char*>(x.raw()) + step * y.bytes(), y.bytes());
    return y;
}

/// Writes it.
void set_row(const Tensor& x, int64_t step, const Tensor& y) {
    std::memcpy(static_cast<char*>(x.raw()) + step * y.bytes(), y.raw(), y.bytes());
}

}  // namespace

/// Reads parameters p0, p1, … and their gradients g0 [steps,...], …; given i64 [steps, parameters]
/// holds 0 where a parameter has no gradient in a step. The attributes are those of the optimizer,
/// with the rate of each step in `rates` f64 [steps]. Makes p0.after [steps,...], …: the parameters
/// behind each step, which run on the device of p0.
void run_optimizer(const Step& step) {
    Tensors& tensors = step.tensors();
    const Device device = tensors.at("p0").device();
    const Tensor given = tensors.at("given").to(Device::cpu);
    const Tensor rates = tensors.at("rates").to(Device::cpu);
    const int64_t steps = given.dim(0), count = given.dim(1);
    ParameterStore store(tensors.at("p0").dtype(), device);
    std::vector<Tensor> parameters, gradients, after;
    for (int64_t i = 0; i < count; ++i) {
        const std::string number = std::to_string(i);
        gradients.push_back(tensors.at("g" + number).to(Device::cpu));
        parameters.push_back(
            store.add("p" + number, tensors.at("p" + number).to(Device::cpu), Role::weight));
        tensors["p" + number + ".after"] = empty_like(gradients.back());
        after.push_back(tensors["p" + number + ".after"]);
    }
    Optimizer optimizer(
        store, {.kind = step.text("kind") == "sgd" ? OptimizerKind::sgd : OptimizerKind::adamw,
                .weight_decay = step.number("weight_decay"),
                .momentum = step.number("momentum"),
                .clip_norm = step.number("clip_norm")});
    for (int64_t t = 0; t < steps; ++t) {
        store.zero_grad();
        for (int64_t i = 0; i < count; ++i)
            if (given.data<int64_t>()[t * count + i])
                backward(sum(multiply(parameters[i], row(gradients[i], t).to(device))));
        optimizer.step(rates.data<double>()[t]);
        for (int64_t i = 0; i < count; ++i) set_row(after[i], t, parameters[i].to(Device::cpu));
    }
}

}  // namespace mdn::peers
