// The checks of lesson 7. They compare with the engine's own ops.
// not to be called: mdn::softmax
// not to be called: mdn::attention
#include "docs/lessons/harness/check.h"

#include "docs/lessons/07-attention-along-two-axes/exercise.h"
#include "engine/ops.h"

namespace mdn::lesson {

// What exercise.cpp defines.
Tensor softmax_rows(const Tensor& x);
Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v);
Tensor attend_along(const Tensor& qkv, int64_t heads, TokenAxis axis);
AttentionGradients attend_backward(const Tensor& dy, const Tensor& q, const Tensor& k,
                                   const Tensor& v);

namespace {

Tensor normal(const Shape& shape, double deviation = 1) {
    return random().normal_tensor(shape, deviation, DType::f64);
}

/// The engine's op for one sequence and one head.
Tensor engine_attention(const Tensor& q, const Tensor& k, const Tensor& v) {
    const int64_t length = q.dim(0), width = q.dim(1);
    const Tensor qkv = reshape(concat(concat(q, k), v), {1, 1, length, 3 * width});
    return reshape(attention(qkv, 1, TokenAxis::entities), {length, width});
}

/// Calls `check` with q, k and v of several sizes, and with scores whose exponential no double
/// holds.
void for_all_sequences(
    const std::function<void(const Tensor& q, const Tensor& k, const Tensor& v)>& check) {
    std::vector<Shape> sizes = {{4, 3}, {3, 5}, {1, 4}, {6, 1}, {2, 2}};
    for (int i = 0; i < 3; ++i) sizes.push_back({2 + random().below(7), 1 + random().below(9)});
    for (const Shape& size : sizes) {
        for (const double deviation : {1.0, 40.0}) {
            const Tensor q = normal(size, deviation), k = normal(size, deviation), v = normal(size);
            const Tensor all[] = {q.clone(), k.clone(), v.clone()};
            input("q, k and v = " + describe(q) + (deviation > 1 ? ", with large scores" : ""));
            check(q, k, v);
            expect_unchanged("q", q, all[0]);
            expect_unchanged("k", k, all[1]);
            expect_unchanged("v", v, all[2]);
        }
    }
}

struct Tokens {
    int64_t clips, frames, entities, width, heads;
};

/// No two sizes alike; one clip, frame, entity or head; heads as many as numbers; random sizes.
std::vector<Tokens> tokens() {
    std::vector<Tokens> all = {{2, 4, 3, 10, 2}, {3, 2, 5, 6, 1}, {1, 3, 4, 8, 4},
                               {2, 1, 3, 4, 2},  {2, 5, 1, 6, 3}, {1, 3, 2, 4, 4}};
    for (int i = 0; i < 3; ++i) {
        const int64_t heads = 1 + random().below(4);
        all.push_back({1 + random().below(3), 2 + random().below(5), 2 + random().below(5),
                       heads * (1 + random().below(4)), heads});
    }
    return all;
}

}  // namespace

TASK(1, "softmax_rows", 1) {
    const auto check = [](const std::string& what, const Tensor& x) {
        const Tensor before = x.clone();
        input("x = " + describe(x) + what);
        leave_traces(x.shape(), DType::f64);
        const Tensor y = softmax_rows(x);
        expect_unchanged("x", x, before);
        expect_tensor("y", y, softmax(before));
    };
    for (const Shape& shape : {Shape{3, 4}, Shape{5, 2}, Shape{1, 6}, Shape{4, 1},
                               Shape{2 + random().below(6), 2 + random().below(9)}}) {
        check("", normal(shape, 2));
        check(", with numbers around 1000", random().uniform_tensor(shape, 990, 1010, DType::f64));
        check(", with numbers around -1000",
              random().uniform_tensor(shape, -1010, -990, DType::f64));
        const Tensor steps = normal(shape, 2);
        for (int64_t i = 0; i < steps.numel(); ++i)
            steps.data<double>()[i] += 1000 * static_cast<double>(i / shape[1]);
        check(", with each row 1000 above the one before", steps);
    }
}

TASK(2, "attend", 2) {
    for_all_sequences([](const Tensor& q, const Tensor& k, const Tensor& v) {
        const Tensor want = engine_attention(q, k, v);
        leave_traces(want.shape(), DType::f64);
        expect_tensor("y", attend(q, k, v), want);
    });
}

TASK(3, "attend_along", 3) {
    for (const Tokens& size : tokens()) {
        for (const TokenAxis axis : {TokenAxis::entities, TokenAxis::frames}) {
            const Tensor qkv =
                             normal({size.clips, size.frames, size.entities, 3 * size.width}, 1.5),
                         before = qkv.clone();
            input("qkv = " + describe(qkv) + ", heads = " + std::to_string(size.heads) +
                  ", axis = " + (axis == TokenAxis::frames ? "frames" : "entities"));
            const Tensor want = attention(before, size.heads, axis);
            leave_traces(want.shape(), DType::f64);
            const Tensor y = attend_along(qkv, size.heads, axis);
            expect_unchanged("qkv", qkv, before);
            expect_tensor("y", y, want);
        }
    }
}

TASK(4, "attend_backward", 3) {
    for_all_sequences([](const Tensor& q, const Tensor& k, const Tensor& v) {
        const Tensor dy = normal(q.shape()), before = dy.clone();
        const std::vector<Tensor> want = engine_gradients(
            [](const std::vector<Tensor>& in) { return engine_attention(in[0], in[1], in[2]); },
            {q, k, v}, before);
        leave_traces(q.shape(), DType::f64);
        const AttentionGradients got = attend_backward(dy, q, k, v);
        expect_unchanged("dy", dy, before);
        // From the end to the beginning, as the gradients are found.
        expect_tensor("the gradient of v", got.v, want[2]);
        expect_tensor("the gradient of q", got.q, want[0]);
        expect_tensor("the gradient of k", got.k, want[1]);
    });
}

}  // namespace mdn::lesson
