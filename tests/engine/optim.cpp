#include "engine/optim.h"

#include <doctest/doctest.h>
#include <cmath>
#include <limits>

#include "engine/ops.h"
#include "tests/engine/gradient_check.h"
#include "tests/engine/same_bits.h"

using namespace mdn;

namespace {

/// Makes `gradient` the gradient of `parameter` as a training step would: by backward().
void set_gradient(const Tensor& parameter, const Tensor& gradient) {
    parameter.zero_grad();
    backward(sum(multiply(parameter, gradient)));
}

/// A scalar parameter of each role, and its name.
struct Roles {
    ParameterStore store{DType::f64};
    Roles() {
        const auto add = [&](const char* name, Role role) {
            store.add(name, Tensor::full({1}, 2, DType::f64), role);
        };
        add("weight", Role::weight);
        add("bias", Role::bias);
        add("norm", Role::norm);
        add("embedding", Role::embedding);
        add("buffer", Role::buffer);
    }
    double operator[](const char* name) const { return store.find(name)->value.item(); }
    void set_gradients(double value) const {
        for (const Parameter& p : store.all())
            if (p.trained()) set_gradient(p.value, Tensor::full({1}, value, DType::f64));
    }
};

/// The textbook update of one scalar after another, in double (PyTorch's torch.optim.SGD, AdamW).
struct PlainOptimizer {
    OptimizerOptions options;
    std::vector<double> value = {}, momentum = {}, second = {};
    std::vector<bool> decays = {};
    std::vector<double> rates = {};  // multiples of step()'s
    int64_t t = 0;

    void step(double learning_rate, const std::vector<double>& gradient) {
        ++t;
        double norm = 0;
        for (double g : gradient) norm += g * g;
        const double clip =
            options.clip_norm > 0 ? std::min(1.0, options.clip_norm / (std::sqrt(norm) + 1e-6)) : 1;
        momentum.resize(value.size());
        second.resize(value.size());
        for (size_t i = 0; i < value.size(); ++i) {
            double g = clip * gradient[i], &p = value[i];
            const double rate = learning_rate * rates[i];
            const double decay = decays[i] ? options.weight_decay : 0;
            if (options.kind == OptimizerKind::sgd) {
                g += decay * p;
                momentum[i] = t == 1 ? g : options.momentum * momentum[i] + g;
                p -= rate * momentum[i];
            } else {
                p -= rate * decay * p;
                momentum[i] = 0.9 * momentum[i] + 0.1 * g;
                second[i] = 0.999 * second[i] + 0.001 * g * g;
                const double m = momentum[i] / (1 - std::pow(0.9, t));
                const double v = second[i] / (1 - std::pow(0.999, t));
                p -= rate * m / (std::sqrt(v) + 1e-8);
            }
        }
    }
};

/// Three parameters of different roles; together they are split among threads inside a parameter.
struct Network {
    ParameterStore store;
    Random random{7};
    explicit Network(DType dtype) : store(dtype) {
        Random init(11);
        store.add("conv.weight", init.normal_tensor({10007}), Role::weight);
        store.add("conv.bias", init.normal_tensor({3}), Role::bias);
        store.add("running", init.normal_tensor({5}), Role::buffer);
        store.add("fc.weight", init.normal_tensor({41, 203}), Role::weight);
    }
    /// New random gradients of very different sizes; returns them in order.
    std::vector<double> set_gradients() {
        std::vector<double> all;
        for (const Parameter& p : store.all()) {
            if (!p.trained()) continue;
            const Tensor gradient = random.normal_tensor(p.value.shape(), 1e-2, store.dtype());
            set_gradient(p.value, gradient);
            for (double g : gradient.to(DType::f64).to_vector<double>()) all.push_back(g);
        }
        return all;
    }
    std::vector<double> values() const {
        std::vector<double> all;
        for (const Parameter& p : store.all())
            if (p.trained())
                for (double v : p.value.to(DType::f64).to_vector<double>()) all.push_back(v);
        return all;
    }
};

/// The bias learns half as fast as the first weight, the last layer ten times as fast.
double different_rates(const Parameter& parameter) {
    return parameter.name == "fc.weight" ? 10 : parameter.role == Role::bias ? 0.5 : 1;
}

const std::vector<OptimizerOptions> variants = {
    {.kind = OptimizerKind::sgd, .weight_decay = 0.01, .momentum = 0.9},
    {.kind = OptimizerKind::sgd, .weight_decay = 0, .momentum = 0, .clip_norm = 0.1},
    {.kind = OptimizerKind::adamw, .weight_decay = 0.05},
    {.kind = OptimizerKind::adamw, .weight_decay = 0.05, .clip_norm = 0.1},
    {.kind = OptimizerKind::sgd, .weight_decay = 0.01, .momentum = 0.9, .rate = different_rates},
    {.kind = OptimizerKind::adamw, .weight_decay = 0.05, .rate = different_rates}};

double relative_error(const std::vector<double>& a, const std::vector<double>& b) {
    return test::relative_error(Tensor::from(a, {static_cast<int64_t>(a.size())}),
                                Tensor::from(b, {static_cast<int64_t>(b.size())}));
}

}  // namespace

TEST_SUITE("engine/optim") {
    TEST_CASE("two steps of SGD with momentum and decay, by hand") {
        Roles roles;
        Optimizer optimizer(roles.store, {OptimizerKind::sgd, 0.5, 0.9});
        roles.set_gradients(3);
        CHECK(optimizer.step(0.1) == doctest::Approx(6));  // √(4·3²)
        CHECK(roles["weight"] == doctest::Approx(1.6));    // g = 3 + 0.5·2 = 4
        CHECK(roles["bias"] == doctest::Approx(1.7));      // g = 3
        roles.set_gradients(-1);
        optimizer.step(0.5);
        CHECK(roles["weight"] == doctest::Approx(-0.1));  // g = −0.2, momentum 3.4
        CHECK(roles["bias"] == doctest::Approx(0.85));    // momentum 0.9·3 − 1 = 1.7
        CHECK(roles["buffer"] == 2);
        CHECK(optimizer.steps() == 2);
    }

    TEST_CASE("two steps of AdamW, by hand") {
        Roles roles;
        Optimizer optimizer(roles.store, {.kind = OptimizerKind::adamw, .weight_decay = 0.5});
        roles.set_gradients(3);
        optimizer.step(0.1);  // after bias correction m = g and √v = |g|: a step of the rate itself
        CHECK(roles["weight"] == doctest::Approx(2 * 0.95 - 0.1).epsilon(1e-8));
        CHECK(roles["bias"] == doctest::Approx(1.9).epsilon(1e-8));
        roles.set_gradients(-1);
        optimizer.step(0.1);
        const double m = (0.9 * 0.3 - 0.1) / (1 - 0.81);
        const double v = (0.999 * 0.009 + 0.001) / (1 - 0.998001);
        CHECK(roles["bias"] == doctest::Approx(1.9 - 0.1 * m / std::sqrt(v)).epsilon(1e-8));
        CHECK(roles["weight"] ==
              doctest::Approx(1.8 * 0.95 - 0.1 * m / std::sqrt(v)).epsilon(1e-8));
    }

    TEST_CASE("AdamW's epsilon is outside the root") {
        Roles roles;
        Optimizer optimizer(roles.store, {.kind = OptimizerKind::adamw, .weight_decay = 0});
        roles.set_gradients(1e-8);  // as large as epsilon: the step is halved
        optimizer.step(0.1);
        CHECK(roles["bias"] == doctest::Approx(1.95).epsilon(1e-9));
    }

    TEST_CASE("decay touches weights only") {
        for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adamw}) {
            Roles roles;
            Optimizer optimizer(roles.store, {.kind = kind, .weight_decay = 0.25});
            roles.set_gradients(0);
            optimizer.step(0.5);
            CHECK(roles["weight"] == doctest::Approx(2 * (1 - 0.125)));
            for (const char* name : {"bias", "norm", "embedding", "buffer"})
                CHECK(roles[name] == 2);
        }
    }

    TEST_CASE("a parameter's own rate multiplies the step and, for AdamW, the decay") {
        const auto rate = [](const Parameter& p) {
            return p.role == Role::weight ? 0.5 : p.role == Role::bias ? 2.0 : 0.0;
        };
        {
            Roles roles;
            Optimizer optimizer(roles.store, {.weight_decay = 0.5, .rate = rate});
            roles.set_gradients(3);
            optimizer.step(0.1);  // the first step of AdamW is the rate itself
            CHECK(roles["weight"] == doctest::Approx(2 * (1 - 0.05 * 0.5) - 0.05).epsilon(1e-8));
            CHECK(roles["bias"] == doctest::Approx(1.8).epsilon(1e-8));
            CHECK(roles["norm"] == 2);
        }
        Roles roles;
        Optimizer optimizer(roles.store, {OptimizerKind::sgd, 0.5, 0.9, 0, rate});
        roles.set_gradients(3);
        optimizer.step(0.1);
        CHECK(roles["weight"] == doctest::Approx(2 - 0.05 * 4));  // g = 3 + 0.5·2
        CHECK(roles["bias"] == doctest::Approx(2 - 0.2 * 3));
        CHECK(roles["embedding"] == 2);
    }

    TEST_CASE("a rate that makes no sense is refused by name") {
        Roles roles;
        for (const double bad : {-1.0, std::nan("")})
            CHECK_THROWS_WITH_AS(
                Optimizer(
                    roles.store,
                    {.rate = [=](const Parameter& p) { return p.name == "norm" ? bad : 1.0; }}),
                doctest::Contains("the learning rate of norm is multiplied by "), Error);
    }

    TEST_CASE("options that make no sense are refused by name") {
        Roles roles;
        for (const double bad : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
            const auto refused = [&](const OptimizerOptions& options, const char* says) {
                CHECK_THROWS_WITH_AS(Optimizer(roles.store, options), doctest::Contains(says),
                                     Error);
            };
            refused({.weight_decay = bad}, "the weight decay is ");
            refused({.momentum = bad}, "the momentum is ");
            refused({.clip_norm = bad}, "the largest norm of the gradients is ");
            Optimizer optimizer(roles.store, {});
            roles.set_gradients(1);
            CHECK_THROWS_WITH_AS(optimizer.step(bad), doctest::Contains("the learning rate is "),
                                 Error);
            CHECK(optimizer.steps() == 0);
            CHECK(roles["weight"] == 2);
        }
    }

    TEST_CASE("several steps equal the textbook, in both precisions") {
        for (const OptimizerOptions& options : variants)
            for (const DType dtype : {DType::f64, DType::f32}) {
                CAPTURE(to_string(dtype));
                CAPTURE(options.clip_norm);
                Network network(dtype);
                PlainOptimizer plain{.options = options, .value = network.values()};
                for (const Parameter& p : network.store.all())
                    if (p.trained()) {
                        plain.decays.insert(plain.decays.end(), p.value.numel(),
                                            p.role == Role::weight);
                        plain.rates.insert(plain.rates.end(), p.value.numel(),
                                           options.rate ? options.rate(p) : 1);
                    }
                Optimizer optimizer(network.store, options);
                for (const double rate : {0.1, 0.2, 0.05, 0.1, 0.3}) {
                    const std::vector<double> before = plain.value;
                    const std::vector<double> gradients = network.set_gradients();
                    plain.step(rate, gradients);
                    optimizer.step(rate);
                    CHECK(relative_error(network.values(), plain.value) <
                          (dtype == DType::f64 ? 1e-13 : 1e-6));
                    CHECK(relative_error(before, plain.value) > 1e-5);
                }
            }
    }

    TEST_CASE("the gradients' norm is that of all parameters together, before clipping") {
        for (const DType dtype : {DType::f64, DType::f32}) {
            Network network(dtype);
            Optimizer optimizer(network.store, {.clip_norm = 1e-3});
            double squares = 0;
            for (double g : network.set_gradients()) squares += g * g;
            CHECK(optimizer.step(0) == doctest::Approx(std::sqrt(squares)).epsilon(1e-12));
        }
    }

    TEST_CASE("a gradient that is not finite is named and changes nothing") {
        for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()})
            for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adamw}) {
                Network network(DType::f32);
                Optimizer optimizer(network.store, {.kind = kind, .clip_norm = 1});
                network.set_gradients();
                optimizer.step(0.1);
                const std::vector<double> values = network.values();
                std::vector<Tensor> state;
                for (const auto& entry : optimizer.state()) state.push_back(entry.second.clone());

                network.set_gradients();
                network.store.find("fc.weight")->value.grad().data<float>()[1234] =
                    static_cast<float>(bad);
                CHECK_THROWS_WITH_AS(optimizer.step(0.1),
                                     "the gradient of fc.weight is not finite after 1 updates",
                                     NonFinite);
                CHECK(network.values() == values);
                CHECK(optimizer.steps() == 1);
                for (size_t i = 0; i < state.size(); ++i)
                    CHECK(test::same_bits(optimizer.state()[i].second, state[i]));
            }
    }

    TEST_CASE("a parameter without a gradient is left alone") {
        for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adamw}) {
            Roles roles;
            Optimizer optimizer(roles.store, {.kind = kind});
            roles.set_gradients(3);
            roles.store.find("weight")->value.zero_grad();
            CHECK(optimizer.step(0.1) == doctest::Approx(std::sqrt(27.0)));
            CHECK(roles["weight"] == 2);
            CHECK(roles["bias"] != 2);
        }
    }

    TEST_CASE("AdamW corrects by the updates that a parameter has had, not by all of the run") {
        // The values are those of torch.optim.AdamW, PyTorch 2.15.0, in float64: lr 0.1, decay 0.5,
        // gradients 3, none, −1, 2. `bias` has all four.
        Roles roles;
        Optimizer optimizer(roles.store, {.kind = OptimizerKind::adamw, .weight_decay = 0.5});
        const std::vector<double> gradients = {3, 0, -1, 2};
        for (const double gradient : gradients) {
            roles.set_gradients(gradient);
            if (gradient == 0) roles.store.find("weight")->value.zero_grad();
            optimizer.step(0.1);
        }
        CHECK(roles["weight"] == doctest::Approx(1.526170587270267).epsilon(1e-14));
        CHECK(roles["bias"] == doctest::Approx(1.7529781486392915).epsilon(1e-14));
        CHECK(optimizer.state().back().second.to_vector<int64_t>() ==
              std::vector<int64_t>{3, 4, 4, 4});
        CHECK(optimizer.steps() == 4);
    }

    TEST_CASE("a parameter whose gradient comes late starts with its own first update") {
        for (const DType dtype : {DType::f64, DType::f32}) {
            Network late(dtype);
            Optimizer optimizer(late.store, {.kind = OptimizerKind::adamw, .weight_decay = 0});
            const Parameter& slow = *late.store.find("fc.weight");
            const std::vector<double> before = slow.value.to(DType::f64).to_vector<double>();
            for (int step = 0; step < 6; ++step) {
                late.set_gradients();
                if (step < 5) slow.value.zero_grad();
                optimizer.step(0.1);
            }
            // A first update moves every value by the rate, up to the epsilon.
            const std::vector<double> after = slow.value.to(DType::f64).to_vector<double>();
            double smallest = 1, largest = 0;
            for (size_t i = 0; i < after.size(); ++i) {
                smallest = std::min(smallest, std::abs(after[i] - before[i]));
                largest = std::max(largest, std::abs(after[i] - before[i]));
            }
            CHECK(largest == doctest::Approx(0.1).epsilon(1e-5));
            CHECK(smallest == doctest::Approx(0.1).epsilon(1e-2));  // gradients near epsilon
        }
    }

    TEST_CASE("a state without counts, as it was saved once, counts all updates for each") {
        Roles old, now;
        Optimizer first(old.store, {}), second(now.store, {});
        for (const double gradient : {3.0, -1.0}) {
            old.set_gradients(gradient);
            first.step(0.1);
        }
        std::vector<std::pair<std::string, Tensor>> saved;
        for (const auto& [name, tensor] : first.state())
            if (name != "optimizer.steps") saved.emplace_back(name, tensor.clone());
        second.load_state(saved, 2);
        CHECK(second.state().back().second.to_vector<int64_t>() ==
              std::vector<int64_t>{2, 2, 2, 2});
    }

    TEST_CASE("the state, saved and loaded into a new optimizer, continues bit for bit") {
        for (const OptimizerOptions& options : variants) {
            Network straight(DType::f32), resumed(DType::f32);
            Optimizer whole(straight.store, options);
            Optimizer first_half(resumed.store, options);
            for (int step = 0; step < 3; ++step) {
                straight.set_gradients();
                resumed.set_gradients();
                if (step == 1)  // one parameter is a step behind
                    for (const Network* network : {&straight, &resumed})
                        network->store.find("fc.weight")->value.zero_grad();
                whole.step(0.1);
                first_half.step(0.1);
            }
            std::vector<std::pair<std::string, Tensor>> saved;
            for (const auto& [name, tensor] : first_half.state())
                saved.emplace_back(name, tensor.clone());
            Optimizer second_half(resumed.store, options);
            second_half.load_state(saved, first_half.steps());
            for (int step = 0; step < 3; ++step) {
                straight.set_gradients();
                whole.step(0.1);
                resumed.set_gradients();
                second_half.step(0.1);
            }
            CHECK(straight.values() == resumed.values());
            CHECK(second_half.steps() == 6);
        }
    }

    TEST_CASE("the state has one buffer per trained parameter for SGD, two and a count for AdamW") {
        Roles roles;
        const auto names = [&](OptimizerKind kind) {
            std::vector<std::string> names;
            for (const auto& entry : Optimizer(roles.store, {.kind = kind}).state())
                names.push_back(entry.first);
            return names;
        };
        CHECK(names(OptimizerKind::sgd) ==
              std::vector<std::string>{"optimizer.momentum.weight", "optimizer.momentum.bias",
                                       "optimizer.momentum.norm", "optimizer.momentum.embedding"});
        const auto adamw = names(OptimizerKind::adamw);
        CHECK(adamw.size() == 9);
        CHECK(adamw[1] == "optimizer.second_moment.weight");
        CHECK(adamw[8] == "optimizer.steps");
    }

    TEST_CASE("a state that does not fit is refused by name and changes nothing") {
        Roles roles;
        Optimizer sgd(roles.store, {.kind = OptimizerKind::sgd});
        Optimizer adamw(roles.store, {.kind = OptimizerKind::adamw});
        roles.set_gradients(3);
        adamw.step(0.1);
        CHECK_THROWS_WITH_AS(adamw.load_state(sgd.state(), 5),
                             "the optimizer's state lacks optimizer.second_moment.weight", Error);
        CHECK_THROWS_WITH_AS(sgd.load_state(adamw.state(), 5),
                             "the optimizer has no state named optimizer.second_moment.bias",
                             Error);
        auto wrong = adamw.state();
        wrong[7].second = Tensor::zeros({2}, DType::f64);
        CHECK_THROWS_WITH_AS(adamw.load_state(wrong, 5),
                             "optimizer.second_moment.embedding is f64[2], expected f64[1]", Error);
        for (const int64_t count : {-1, 6}) {
            wrong = adamw.state();
            wrong.back().second = Tensor::from<int64_t>({1, 5, count, 0}, {4});
            CHECK_THROWS_WITH_AS(adamw.load_state(wrong, 5),
                                 doctest::Contains(("optimizer.steps counts " +
                                                    std::to_string(count) + " updates of norm")
                                                       .c_str()),
                                 Error);
        }
        CHECK(adamw.steps() == 1);
        CHECK(adamw.state()[0].second.item() == doctest::Approx(0.3));
        CHECK(sgd.state()[0].second.item() == 0);
    }
}
