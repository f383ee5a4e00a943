// The checks of lesson 10. They compare with the engine's loss, optimizer and schedule, and with
// the metrics of train/.
// not to be called: mdn::softmax_cross_entropy
// not to be called: mdn::Optimizer::Optimizer
// not to be called: mdn::learning_rate
// not to be called: mdn::compute_metrics
// not to be called: mdn::f1_scores
#include "docs/lessons/harness/check.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "docs/lessons/10-training-and-confusion-matrix/exercise.h"
#include "engine/ops.h"
#include "engine/schedule.h"
#include "train/metrics.h"

namespace mdn::lesson {

// What exercise.cpp defines.
CrossEntropy cross_entropy(const Tensor& logits, const Tensor& labels);
void adamw_step(Trained& parameter, const Tensor& gradient, const AdamW& options);
double rate_at(const WarmupCosine& schedule, int64_t step);
Scores scored(const std::vector<int64_t>& truth, const std::vector<int64_t>& predicted,
              int64_t classes);

namespace {

std::string shown(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.10g", value);
    return text;
}

void expect_real(const std::string& name, double got, double want) {
    expect(std::abs(got - want) <= 1e-9 * std::max(1.0, std::abs(want)),
           name + " is " + shown(got) + ", but must be " + shown(want));
}

/// Random numbers of many sizes, from 10^low to 10^high.
Tensor spread(const Shape& shape, double low, double high, DType dtype) {
    Tensor x = random().normal_tensor(shape, 1, DType::f64);
    for (int64_t i = 0; i < x.numel(); ++i)
        x.data<double>()[i] *= std::pow(10, random().uniform(low, high));
    return x.to(dtype);
}

/// The engine's update of the same tensor.
void engine_step(Trained& parameter, const Tensor& gradient, const AdamW& options) {
    ParameterTable table{.slots = {{.value = parameter.value,
                                    .grad = gradient,
                                    .momentum = parameter.first,
                                    .second_moment = parameter.second,
                                    .weight_decay = options.weight_decay}},
                         .steps = Tensor::from<int64_t>({parameter.steps}, {1})};
    kernels(gradient).adamw_step(table, {options.beta1, options.beta2, options.eps},
                                 Tensor::from<double>({options.learning_rate, 1}, {2}));
    ++parameter.steps;
}

/// Labels and answers: some classes are common and some have no clip; some of these are answered
/// all the same.
std::vector<int64_t> random_classes(int64_t clips, int64_t classes) {
    std::vector<double> weights(classes);
    for (double& weight : weights)
        weight = random().below(3) == 0 ? 0 : std::pow(10, random().uniform(-1.0, 1.0));
    weights[random().below(classes)] += 1;
    double total = 0;
    for (double weight : weights) total += weight;
    std::vector<int64_t> drawn(clips);
    for (int64_t& c : drawn) {
        double left = random().uniform() * total;
        for (c = 0; c + 1 < classes && (left -= weights[c]) >= 0;) ++c;
    }
    return drawn;
}

}  // namespace

TASK(1, "cross_entropy", 2) {
    for (const DType dtype : {DType::f32, DType::f64}) {
        for (const int64_t size :
             {int64_t{1}, dtype == DType::f32 ? int64_t{100} : int64_t{1000}}) {
            std::vector<Shape> sizes = {{4, 3}, {1, 5}, {3, 1}, {7, 52}};
            for (int i = 0; i < 3; ++i)
                sizes.push_back({2 + random().below(8), 2 + random().below(12)});
            for (const Shape& shape : sizes) {
                const Tensor x = random().normal_tensor(shape, static_cast<double>(size), dtype);
                std::vector<int64_t> drawn(shape[0]);
                for (int64_t& label : drawn) label = random().below(shape[1]);
                const Tensor labels = Tensor::from<int64_t>(drawn, {shape[0]}), before = x.clone();
                input("logits = " + describe(x) + " of the size of " + std::to_string(size) +
                      ", labels = " + to_string(drawn));
                const CrossEntropy got = cross_entropy(x, labels);
                expect_unchanged("logits", x, before);
                const auto loss = [&](const std::vector<Tensor>& in) {
                    return softmax_cross_entropy(in[0], labels);
                };
                expect_tensor("the loss", got.loss, loss({before}));
                expect_tensor("the gradient", got.gradient,
                              engine_gradients(loss, {before}, Tensor::full({1}, 1, dtype))[0]);
            }
        }
    }
}

TASK(2, "adamw_step", 3) {
    for (const DType dtype : {DType::f64, DType::f32}) {
        for (const Shape& shape : {Shape{2, 3}, Shape{1}, Shape{40}, Shape{3, 1, 5}}) {
            for (const double decay : {0.0, 0.05, 0.5}) {
                const AdamW options{std::pow(10, random().uniform(-3.0, -1.0)), decay};
                const Tensor value = random().normal_tensor(shape, 2, dtype);
                Trained got{value.clone(), zeros_like(value), zeros_like(value), 0};
                Trained want{value, zeros_like(value), zeros_like(value), 0};
                for (int step = 1; step <= 4; ++step) {
                    // Where gradients are as small as eps, its place in the formula shows.
                    const Tensor gradient = spread(shape, -9, 1, dtype), before = gradient.clone();
                    input("value = " + describe(value) + ", weight_decay = " + shown(decay) +
                          ", learning_rate = " + shown(options.learning_rate) + ", update " +
                          std::to_string(step));
                    const Tensor memory = got.value;
                    adamw_step(got, gradient, options);
                    engine_step(want, before, options);
                    expect_unchanged("gradient", gradient, before);
                    expect(got.value.defined() && got.value.shares_memory_with(memory),
                           "parameter.value is another tensor now: the model would still use the "
                           "old one");
                    expect_number("steps", got.steps, want.steps);
                    expect_tensor("first", got.first, want.first);
                    expect_tensor("second", got.second, want.second);
                    expect_tensor("value", got.value, want.value);
                }
            }
        }
    }
}

TASK(3, "rate_at", 1) {
    std::vector<WarmupCosine> schedules = {{1, 0, 4, 12},      {0.1, 0.02, 5, 9}, {1e-3, 0, 0, 7},
                                           {0.5, 0.05, 1, 20}, {2, 0.5, 3, 3},    {3, 1, 0, 1}};
    for (int i = 0; i < 3; ++i) {
        const int64_t warmup = random().below(30);
        schedules.push_back({random().uniform(0.1, 2.0), random().uniform(0.0, 0.1), warmup,
                             warmup + 1 + random().below(100)});
    }
    for (const WarmupCosine& s : schedules) {
        const Schedule same = {.base = s.base,
                               .total_steps = s.total_steps,
                               .warmup_steps = s.warmup_steps,
                               .floor = s.floor};
        for (int64_t step = 0; step < s.total_steps + 3; ++step) {
            input("base = " + shown(s.base) + ", floor = " + shown(s.floor) +
                  ", warmup_steps = " + std::to_string(s.warmup_steps) + ", total_steps = " +
                  std::to_string(s.total_steps) + ", step = " + std::to_string(step));
            expect_real("the rate", rate_at(s, step), learning_rate(same, step));
        }
    }
}

TASK(4, "scored", 3) {
    for (int round = 0; round < 30; ++round) {
        // Few clips at first: these can be counted by hand.
        const int64_t classes = 2 + random().below(round < 10 ? 3 : 8);
        const int64_t clips = 1 + random().below(round < 10 ? 7 : 60);
        const std::vector<int64_t> truth = random_classes(clips, classes);
        std::vector<int64_t> predicted = random_classes(clips, classes);
        for (int64_t i = 0; i < clips; ++i)
            if (random().below(2) == 0) predicted[i] = truth[i];
        std::vector<ClipPrediction> predictions(clips);
        for (int64_t i = 0; i < clips; ++i) {
            predictions[i].label = truth[i];
            predictions[i].probabilities.assign(classes, 0);
            predictions[i].probabilities[predicted[i]] = 1;
        }
        const Metrics want = compute_metrics(
            predictions,
            {.names = std::vector<std::string>(classes), .body_names = {}, .body_of = {}});
        input("classes = " + std::to_string(classes) + ", truth = " + to_string(truth) +
              ", predicted = " + to_string(predicted));
        const Scores got = scored(truth, predicted, classes);
        std::vector<int64_t> counts;
        std::vector<double> recalls;
        for (int64_t c = 0; c < classes; ++c) {
            counts.insert(counts.end(), want.confusion[c].begin(), want.confusion[c].end());
            recalls.push_back(want.classes[c].recall);
        }
        expect_tensor("confusion", got.confusion, Tensor::from(counts, {classes, classes}));
        expect_tensor("accuracy", got.accuracy, Tensor::from(recalls, {classes}));
        expect_real("f1_macro", got.f1_macro, want.action.macro);
        expect_real("f1_micro", got.f1_micro, want.action.micro);
    }
}

}  // namespace mdn::lesson
