// The checks of lesson 4. They compare with the engine's own norms and its tape.
// not to be called: mdn::record mdn::layer_norm
// not to be called: mdn::batch_norm mdn::normalize mdn::normalize_relu mdn::add_relu
#include "docs/lessons/harness/check.h"

#include <cmath>

#include "docs/lessons/04-normalisation-and-residuals/exercise.h"
#include "engine/ops.h"

namespace mdn::lesson {

// What exercise.cpp defines.
Tensor layer_normed(const Tensor& x, const Tensor& gamma, const Tensor& beta);
Tensor batch_normed(const Tensor& x, const BatchNormState& state, bool training);
BiasedConvolution folded(const Tensor& weight, const BatchNormState& state);
Tensor residual_backward(const Tensor& dy, const std::vector<PassedBlock>& blocks);
LayerNormGradients layer_normed_backward(const Tensor& dy, const Tensor& x, const Tensor& gamma);

namespace {

Tensor normal(const Shape& shape) { return random().normal_tensor(shape, 1, DType::f64); }

/// Rows and columns, no two alike; a single row; a single column or two; then random ones.
std::vector<Shape> sizes(int64_t least_rows, int64_t least_columns) {
    std::vector<Shape> all = {{3, 4}, {least_rows, 5}, {7, least_columns}, {8, 3}};
    for (int i = 0; i < 3; ++i) all.push_back({2 + random().below(8), 2 + random().below(20)});
    return all;
}

/// Columns with means and deviations of their own, and none of them 0 and 1.
Tensor channels(const Shape& shape) {
    const int64_t columns = shape[1];
    const Tensor mean = random().uniform_tensor({columns}, 2, 5, DType::f64);
    const Tensor deviation = random().uniform_tensor({columns}, 0.3, 3, DType::f64);
    Tensor x = normal(shape);
    for (int64_t i = 0; i < x.numel(); ++i) {
        double& value = x.data<double>()[i];
        value = mean.data<double>()[i % columns] + deviation.data<double>()[i % columns] * value;
    }
    return x;
}

/// A state as it is after some training.
BatchNormState random_state(int64_t channels) {
    return {random().uniform_tensor({channels}, 0.5, 2, DType::f64), normal({channels}),
            normal({channels}), random().uniform_tensor({channels}, 0.5, 3, DType::f64)};
}

BatchNormState copy_of(const BatchNormState& state) {
    return {state.gamma.clone(), state.beta.clone(), state.running_mean.clone(),
            state.running_var.clone()};
}

Normalized engine_norm(const Tensor& x, const BatchNormState& state, bool training) {
    RunningStatistics running = {state.running_mean, state.running_var};
    return batch_norm(x, state.gamma, state.beta, running,
                      {.eps = eps, .momentum = momentum, .training = training});
}

void check_batch_norm(const Shape& shape) {
    const BatchNormState state = random_state(shape[1]), right = copy_of(state);
    // Training changes what evaluation reads, so the calls follow each other.
    const std::vector<bool> calls = {false, true, true, false, true};
    for (size_t call = 0; call < calls.size(); ++call) {
        const Tensor x = channels(shape), before = x.clone();
        const BatchNormState state_before = copy_of(state);
        input("x = " + describe(x) + (calls[call] ? ", training" : ", evaluation") + ", call " +
              std::to_string(call + 1) + " with one state");
        const Tensor y = batch_normed(x, state, calls[call]);
        expect_unchanged("x", x, before);
        expect_unchanged("gamma", state.gamma, state_before.gamma);
        expect_unchanged("beta", state.beta, state_before.beta);
        if (!calls[call]) {
            expect_unchanged("running_mean", state.running_mean, state_before.running_mean);
            expect_unchanged("running_var", state.running_var, state_before.running_var);
        }
        expect_tensor("y", y, normalize(engine_norm(before, right, calls[call])));
        expect_tensor("running_mean afterwards", state.running_mean, right.running_mean);
        expect_tensor("running_var afterwards", state.running_var, right.running_var);
    }
}

void check_folded(const Shape& shape) {
    const Tensor weight = normal(shape), before = weight.clone();
    const BatchNormState state = random_state(shape[0]), state_before = copy_of(state);
    input("weight = " + describe(weight) + " and a norm of " + std::to_string(shape[0]) +
          " channels");
    const BiasedConvolution got = folded(weight, state);
    expect_unchanged("weight", weight, before);
    expect_unchanged("gamma", state.gamma, state_before.gamma);
    expect_unchanged("beta", state.beta, state_before.beta);
    expect_unchanged("running_mean", state.running_mean, state_before.running_mean);
    expect_unchanged("running_var", state.running_var, state_before.running_var);
    const Normalized norm = engine_norm(normal({2, shape[0]}), state, false);
    const Tensor want = before.clone();
    for (int64_t i = 0; i < want.numel(); ++i)
        want.data<double>()[i] *= norm.scale.data<double>()[i / (want.numel() / shape[0])];
    expect_tensor("the folded weight", got.weight, want);
    expect_tensor("the folded bias", got.bias, norm.shift);
}

}  // namespace

TASK(1, "layer_normed", 1) {
    for (const Shape& shape : sizes(1, 1)) {
        const Tensor x = channels(shape), gamma = normal({shape[1]}), beta = normal({shape[1]});
        const Tensor before = x.clone();
        input("x = " + describe(x));
        const Tensor y = layer_normed(x, gamma, beta);
        expect_unchanged("x", x, before);
        expect_tensor("y", y, layer_norm(before, gamma, beta, eps));
    }
    const Tensor x = normal({4, 9}), gamma = normal({9}), beta = normal({9});
    for (int64_t i = 0; i < x.numel(); ++i) x.data<double>()[i] += 1e6;
    input("x = " + describe(x) + " around a million");
    // Here the mean itself is only known to 1e-10.
    expect_tensor("y", layer_normed(x, gamma, beta), layer_norm(x, gamma, beta, eps), 1e-7);
}

TASK(2, "batch norm", 2) {
    for (const Shape& shape : sizes(2, 1)) check_batch_norm(shape);
    for (const Shape& shape : {Shape{3, 2, 2, 4}, Shape{1, 3, 3, 2}, Shape{5, 1, 1, 1},
                               Shape{2 + random().below(5), 1 + random().below(3),
                                     1 + random().below(3), 2 + random().below(5)}})
        check_folded(shape);
}

TASK(3, "residual_backward", 2) {
    for (const int64_t depth : {int64_t{1}, int64_t{2}, int64_t{3}, 4 + random().below(5)}) {
        const int64_t width = 2 + random().below(6);
        const Tensor x = normal({3 + random().below(3), width}), dy = normal(x.shape());
        std::vector<PassedBlock> blocks;
        std::vector<std::function<Tensor(const Tensor&)>> branches;
        Tensor y = x;
        for (int64_t i = 0; i < depth; ++i) {
            const Tensor weight =
                random().normal_tensor({width, width}, 1 / std::sqrt(1.0 * width), DType::f64);
            const Tensor bias = normal({width});
            const auto branch = [=](const Tensor& in) { return gelu(linear(in, weight, bias)); };
            branches.push_back(branch);
            const auto branch_backward = [branch, in = y](const Tensor& gradient) {
                return engine_gradients(
                    [&](const std::vector<Tensor>& at) { return branch(at[0]); }, {in},
                    gradient)[0];
            };
            y = relu(add(branch(y), y));
            blocks.push_back({y, branch_backward});
        }
        const Tensor before = dy.clone();
        input(std::to_string(depth) + (depth == 1 ? " block" : " blocks") +
              ", dy = " + describe(dy));
        const Tensor dx = residual_backward(dy, blocks);
        expect_unchanged("dy", dy, before);
        const auto all_blocks = [&](const std::vector<Tensor>& in) {
            Tensor out = in[0];
            for (const auto& branch : branches) out = relu(add(branch(out), out));
            return out;
        };
        expect_tensor("dx", dx, engine_gradients(all_blocks, {x}, dy)[0]);
    }
}

TASK(4, "layer_normed_backward", 3) {
    for (const Shape& shape : sizes(1, 2)) {
        const Tensor x = channels(shape), gamma = normal({shape[1]}), beta = normal({shape[1]});
        const Tensor dy = normal(shape), x_before = x.clone(), dy_before = dy.clone();
        input("dy and x = " + describe(x) + ", gamma = " + describe(gamma));
        const LayerNormGradients got = layer_normed_backward(dy, x, gamma);
        expect_unchanged("x", x, x_before);
        expect_unchanged("dy", dy, dy_before);
        const std::vector<Tensor> want = engine_gradients(
            [](const std::vector<Tensor>& in) { return layer_norm(in[0], in[1], in[2], eps); },
            {x, gamma, beta}, dy);
        expect_tensor("the gradient of x", got.x, want[0]);
        expect_tensor("the gradient of gamma", got.gamma, want[1]);
        expect_tensor("the gradient of beta", got.beta, want[2]);
    }
}

}  // namespace mdn::lesson
