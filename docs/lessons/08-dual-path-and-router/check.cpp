// The checks of lesson 8. They compare with the engine's own ops.
// not to be called: mdn::mix
#include "docs/lessons/harness/check.h"

#include <cmath>

#include "docs/lessons/08-dual-path-and-router/exercise.h"
#include "engine/ops.h"

namespace mdn::lesson {

// What exercise.cpp defines.
Tensor st_path(const Tensor& x, const PathParts& parts);
Tensor ts_path(const Tensor& x, const PathParts& parts);
Tensor routing(const Tensor& st, const Tensor& ts, const RouterWeights& weights,
               double temperature);
Tensor mixed(const Tensor& st, const Tensor& ts, const Tensor& alpha);
MixGradients mixed_backward(const Tensor& dy, const Tensor& st, const Tensor& ts,
                            const Tensor& alpha);

namespace {

/// B, T, K, D, no two alike; then a single clip, frame or entity; then random ones.
std::vector<Shape> sizes() {
    std::vector<Shape> all = {{2, 3, 5, 4}, {1, 4, 2, 3}, {3, 1, 2, 8}, {2, 5, 1, 1}};
    for (int i = 0; i < 3; ++i)
        all.push_back({1 + random().below(3), 2 + random().below(6), 2 + random().below(6),
                       1 + random().below(9)});
    return all;
}

Tensor normal(const Shape& shape, DType dtype) { return random().normal_tensor(shape, 1, dtype); }

/// Parts that a transformer could be: their order matters, for each bends its input.
PathParts random_parts(int64_t width) {
    const auto part = [width] {
        const Tensor weight = random().normal_tensor({width, width}, 1 / std::sqrt(1.0 * width));
        const Tensor bias = random().normal_tensor({width});
        return [=](const Tensor& x) { return gelu(linear(x, weight, bias)); };
    };
    return {part(), part(), part()};
}

/// Random weights that sum to one.
Tensor random_alpha(const Shape& x, DType dtype) { return softmax(normal({x[0], x[2], 2}, dtype)); }

}  // namespace

TASK(1, "paths", 1) {
    for (const Shape& shape : sizes()) {
        const Tensor x = normal(shape, DType::f32);
        const PathParts parts = random_parts(shape[3]);
        input("x = " + describe(x));
        const Tensor shortcut = parts.mlp(x);
        expect_tensor("X_st", st_path(x, parts), parts.temporal(add(parts.spatial(x), shortcut)));
        expect_tensor("X_ts", ts_path(x, parts), parts.spatial(add(parts.temporal(x), shortcut)));
    }
}

TASK(2, "routing", 2) {
    for (const Shape& shape : sizes()) {
        const int64_t entities = shape[2], width = shape[3], hidden = 2 + random().below(5);
        const Tensor st = normal(shape, DType::f32), ts = normal(shape, DType::f32);
        const RouterWeights weights = {normal({entities, hidden, 2 * width}, DType::f32),
                                       normal({entities, hidden}, DType::f32),
                                       normal({entities, 2, hidden}, DType::f32),
                                       normal({entities, 2}, DType::f32)};
        for (const auto& [shown, temperature] :
             {std::pair{"1", 1.0}, std::pair{"3", 3.0}, std::pair{"0.5", 0.5}}) {
            input("X_st and X_ts = " + describe(st) + ", R = " + std::to_string(hidden) +
                  ", temperature = " + shown);
            const Tensor seen = concat(mean(st, 1), mean(ts, 1));
            const Tensor inner = gelu(grouped_linear(seen, weights.fc1_weight, weights.fc1_bias));
            expect_tensor(
                "alpha", routing(st, ts, weights, temperature),
                softmax(grouped_linear(inner, weights.fc2_weight, weights.fc2_bias), temperature));
        }
    }
}

TASK(3, "mixed", 2) {
    for (const DType dtype : {DType::f32, DType::f64}) {
        for (const Shape& shape : sizes()) {
            const Tensor st = normal(shape, dtype), ts = normal(shape, dtype),
                         alpha = random_alpha(shape, dtype), before = st.clone();
            input("X_st and X_ts = " + describe(st) + ", alpha = " + describe(alpha));
            const Tensor y = mixed(st, ts, alpha);
            expect_unchanged("X_st", st, before);
            expect_tensor("y", y, mix(st, ts, alpha));
        }
    }
}

TASK(4, "mixed_backward", 3) {
    for (const DType dtype : {DType::f64, DType::f32}) {
        for (const Shape& shape : sizes()) {
            const Tensor st = normal(shape, dtype), ts = normal(shape, dtype),
                         alpha = random_alpha(shape, dtype), dy = normal(shape, dtype);
            input("dy, X_st and X_ts = " + describe(st) + ", alpha = " + describe(alpha));
            const MixGradients got = mixed_backward(dy, st, ts, alpha);
            const std::vector<Tensor> want = engine_gradients(
                [](const std::vector<Tensor>& in) { return mix(in[0], in[1], in[2]); },
                {st, ts, alpha}, dy);
            expect_tensor("the gradient of st", got.st, want[0]);
            expect_tensor("the gradient of ts", got.ts, want[1]);
            // A sum over frames and width: in f32 its rounding grows with their number.
            expect_tensor("the gradient of alpha", got.alpha, want[2],
                          dtype == DType::f32 ? 1e-4 : 1e-10);
        }
    }
}

}  // namespace mdn::lesson
