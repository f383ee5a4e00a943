#include <doctest/doctest.h>
#include <cmath>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

namespace {

struct Case {
    int64_t clips, frames, entities, dim, heads;
};

// Ordinary; one clip, frame, entity; D = heads; one head; all ones.
const std::vector<Case> cases = {{2, 4, 3, 6, 2}, {1, 3, 5, 8, 4}, {2, 1, 3, 4, 2}, {3, 5, 1, 4, 2},
                                 {1, 2, 3, 4, 4}, {2, 3, 2, 5, 1}, {1, 1, 1, 1, 1}};

Tensor random_qkv(const Case& c, uint64_t seed) {
    Random random(seed);
    return random.normal_tensor({c.clips, c.frames, c.entities, 3 * c.dim}, 1.5, DType::f64);
}

/// The definition, token by token.
Tensor reference(const Tensor& qkv, const Case& c, TokenAxis axis) {
    Tensor y = Tensor::zeros({c.clips, c.frames, c.entities, c.dim}, DType::f64);
    const int64_t width = c.dim / c.heads;
    const bool along_frames = axis == TokenAxis::frames;
    const int64_t length = along_frames ? c.frames : c.entities;
    const auto element = [&](int64_t b, int64_t t, int64_t k, int64_t part, int64_t h, int64_t d) {
        const int64_t token = (b * c.frames + t) * c.entities + k;
        return qkv.data<double>()[token * 3 * c.dim + part * c.dim + h * width + d];
    };
    for (int64_t b = 0; b < c.clips; ++b)
        for (int64_t t = 0; t < c.frames; ++t)
            for (int64_t k = 0; k < c.entities; ++k)
                for (int64_t h = 0; h < c.heads; ++h) {
                    std::vector<double> weight(length);
                    double total = 0;
                    for (int64_t j = 0; j < length; ++j) {
                        double score = 0;
                        for (int64_t d = 0; d < width; ++d)
                            score +=
                                element(b, t, k, 0, h, d) *
                                element(b, along_frames ? j : t, along_frames ? k : j, 1, h, d);
                        total += weight[j] = std::exp(score / std::sqrt(width));
                    }
                    for (int64_t j = 0; j < length; ++j)
                        for (int64_t d = 0; d < width; ++d)
                            y.data<double>()[((b * c.frames + t) * c.entities + k) * c.dim +
                                             h * width + d] +=
                                weight[j] / total *
                                element(b, along_frames ? j : t, along_frames ? k : j, 2, h, d);
                }
    return y;
}

}  // namespace

TEST_SUITE("engine/ops/attention") {
    // The same op from plain parts: y is the weights times v only if they are softmax(q kᵀ/√width).
    TEST_CASE("the weights it hands out are the softmax of the scaled products, a row per query") {
        for (const Case& c : cases)
            for (const TokenAxis axis : {TokenAxis::entities, TokenAxis::frames}) {
                const Tensor qkv = random_qkv(c, 5);
                const bool along_frames = axis == TokenAxis::frames;
                const int64_t L = along_frames ? c.frames : c.entities;
                const int64_t S = along_frames ? c.entities : c.frames, width = c.dim / c.heads;
                Tensor weights;
                const Tensor y = attention(qkv, c.heads, axis, &weights);
                REQUIRE(weights.shape() == Shape{c.clips, S, c.heads, L, L});
                CHECK(y.to_vector<double>() == attention(qkv, c.heads, axis).to_vector<double>());
                const double* given = weights.data<double>();
                for (int64_t b = 0; b < c.clips; ++b)
                    for (int64_t s = 0; s < S; ++s)
                        for (int64_t h = 0; h < c.heads; ++h)
                            for (int64_t i = 0; i < L; ++i) {
                                const auto at = [&](int64_t token, int64_t part, int64_t d) {
                                    const int64_t t = along_frames ? token : s;
                                    const int64_t k = along_frames ? s : token;
                                    const int64_t row = (b * c.frames + t) * c.entities + k;
                                    return qkv
                                        .data<double>()[(row * 3 + part) * c.dim + h * width + d];
                                };
                                std::vector<double> expected(L);
                                double total = 0;
                                for (int64_t j = 0; j < L; ++j) {
                                    double score = 0;
                                    for (int64_t d = 0; d < width; ++d)
                                        score += at(i, 0, d) * at(j, 1, d);
                                    total += expected[j] = std::exp(score / std::sqrt(width));
                                }
                                for (int64_t j = 0; j < L; ++j)
                                    CHECK(*given++ ==
                                          doctest::Approx(expected[j] / total).epsilon(1e-12));
                            }
            }
    }

    TEST_CASE("attention equals its definition along both axes") {
        for (const Case& c : cases)
            for (TokenAxis axis : {TokenAxis::frames, TokenAxis::entities}) {
                const Tensor qkv = random_qkv(c, 1);
                CHECK(test::relative_error(attention(qkv, c.heads, axis),
                                           reference(qkv, c, axis)) <= 1e-13);
            }
    }

    TEST_CASE("attention gradient along both axes") {
        for (const Case& c : cases)
            for (TokenAxis axis : {TokenAxis::frames, TokenAxis::entities})
                test::check_gradients([&](auto& in) { return attention(in[0], c.heads, axis); },
                                      {random_qkv(c, 2)});
    }

    TEST_CASE("attention along frames is attention along entities of the swapped tokens") {
        for (const Case& c : cases) {
            const Tensor qkv = random_qkv(c, 3);
            const Tensor swapped =
                swap_middle_axes(attention(swap_middle_axes(qkv), c.heads, TokenAxis::entities));
            CHECK(attention(qkv, c.heads, TokenAxis::frames).to_vector<double>() ==
                  swapped.to_vector<double>());
        }
    }

    TEST_CASE("attention with huge scores stays finite") {
        Random random(4);
        const Tensor qkv = random.normal_tensor({1, 3, 4, 12}, 1e4);
        const Tensor y = attention(qkv, 2, TokenAxis::entities);
        for (float value : y.to_vector<float>()) CHECK(std::isfinite(value));
    }

    TEST_CASE("attention in float") {
        for (TokenAxis axis : {TokenAxis::frames, TokenAxis::entities})
            test::check_float([&](auto& in) { return attention(in[0], 4, axis); },
                              {random_qkv({2, 8, 6, 64, 4}, 5)});
    }

    TEST_CASE("attention refuses a width that the heads do not divide") {
        const Tensor qkv = Tensor::full({1, 2, 3, 15}, 1);
        CHECK_THROWS_WITH_AS(attention(qkv, 2, TokenAxis::frames),
                             "[attention] the last axis of qkv [1, 2, 3, 15] is not 3·D with D a "
                             "multiple of 2 heads",
                             Error);
        CHECK_THROWS_WITH_AS(attention(Tensor::full({2, 3, 15}, 1), 5, TokenAxis::frames),
                             "[attention] qkv must have 4 axes, its shape is [2, 3, 15]", Error);
    }
}
