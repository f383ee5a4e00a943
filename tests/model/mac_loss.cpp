#include "model/mac_loss.h"

#include <doctest/doctest.h>
#include <cmath>

#include "engine/autograd.h"
#include "engine/random.h"
#include "tests/engine/gradient_check.h"

using namespace mdn;

namespace {

/// s·τ of SPEC §6 with plain loops: X_st of (b,i) and X_ts of (c,j).
double cosine(const Tensor& st, const Tensor& ts, int64_t b, int64_t i, int64_t c, int64_t j) {
    const int64_t T = st.dim(1), K = st.dim(2), D = st.dim(3);
    double total = 0;
    for (int64_t t = 0; t < T; ++t) {
        const double* x = st.data<double>() + ((b * T + t) * K + i) * D;
        const double* y = ts.data<double>() + ((c * T + t) * K + j) * D;
        double product = 0, xx = 0, yy = 0;
        for (int64_t d = 0; d < D; ++d) {
            product += x[d] * y[d];
            xx += x[d] * x[d];
            yy += y[d] * y[d];
        }
        total += product / (std::max(std::sqrt(xx), 1e-6) * std::max(std::sqrt(yy), 1e-6));
    }
    return total / static_cast<double>(T);
}

/// SPEC §6 with plain loops.
double reference(const Tensor& st, const Tensor& ts, const std::vector<int64_t>& labels,
                 double temperature) {
    const int64_t B = st.dim(0), K = st.dim(2);
    const auto cosine = [&](int64_t b, int64_t i, int64_t c, int64_t j) {
        return ::cosine(st, ts, b, i, c, j) / temperature;
    };
    double loss = 0;
    for (int64_t b = 0; b < B; ++b)
        for (int64_t i = 0; i < K; ++i) {
            double row = 0, column = 0;
            for (int64_t c = 0; c < B; ++c)
                for (int64_t j = 0; j < K; ++j) {
                    if (i == j && b != c && labels[b] == labels[c]) continue;
                    row += std::exp(cosine(b, i, c, j));
                    column += std::exp(cosine(c, j, b, i));
                }
            loss += std::log(row) + std::log(column) - 2 * cosine(b, i, b, i);
        }
    return loss / 2 / static_cast<double>(B * K);
}

}  // namespace

TEST_SUITE("model/mac_loss") {
    TEST_CASE(
        "the similarity of every pair, rows of ST and columns of TS, is that of plain loops") {
        Random random(31);
        const int64_t B = 2, T = 3, K = 4, D = 5;
        const Tensor st = random.normal_tensor({B, T, K, D}, 1, DType::f64);
        const Tensor ts = random.normal_tensor({B, T, K, D}, 1, DType::f64);
        const Tensor similarity = mac_similarity(st, ts);
        REQUIRE(similarity.shape() == Shape{B * K, B * K});
        for (int64_t n = 0; n < B * K; ++n)
            for (int64_t m = 0; m < B * K; ++m)
                CHECK(similarity.data<double>()[n * B * K + m] ==
                      doctest::Approx(cosine(st, ts, n / K, n % K, m / K, m % K)).epsilon(1e-9));
    }

    TEST_CASE("the loss of a case worked by hand") {
        // One frame, one entity, D = 2. X_st = (1,0), (0,2); X_ts = (3,0), (1,1).
        // Cosines: row 0: 1, √½; row 1: 0, √½. τ = ½ doubles them.
        const Tensor st = Tensor::from(std::vector<double>{1, 0, 0, 2}, {2, 1, 1, 2});
        const Tensor ts = Tensor::from(std::vector<double>{3, 0, 1, 1}, {2, 1, 1, 2});
        const double a = 2, r = std::sqrt(2.0);
        const double rows = std::log1p(std::exp(r - a)) + std::log1p(std::exp(0 - r));
        const double columns = std::log1p(std::exp(0 - a)) + std::log1p(std::exp(r - r));
        const Tensor differ = Tensor::from(std::vector<int64_t>{0, 1}, {2});
        CHECK(mac_loss(st, ts, differ, 0.5).item() ==
              doctest::Approx((rows + columns) / 4).epsilon(1e-12));
        // With one label the only negative is left out, and nothing remains to be confused with.
        const Tensor same = Tensor::from(std::vector<int64_t>{1, 1}, {2});
        CHECK(mac_loss(st, ts, same, 0.5).item() == doctest::Approx(0).epsilon(1e-12));
    }

    TEST_CASE("the loss equals its definition") {
        Random random(3);
        for (const Shape& shape : {Shape{4, 3, 2, 5}, Shape{1, 3, 2, 4}, Shape{3, 1, 1, 2}}) {
            const Tensor st = random.normal_tensor(shape, 1, DType::f64);
            const Tensor ts = random.normal_tensor(shape, 1, DType::f64);
            // One token shorter than SPEC §6's 1e-6.
            for (int64_t d = 0; d < shape[3]; ++d) st.data<double>()[d] *= 1e-7;
            std::vector<int64_t> labels;
            for (int64_t b = 0; b < shape[0]; ++b) labels.push_back(random.below(2));
            const Tensor loss = mac_loss(st, ts, Tensor::from(labels, {shape[0]}), 0.1);
            CHECK(loss.shape() == Shape{1});
            CHECK(loss.item() == doctest::Approx(reference(st, ts, labels, 0.1)).epsilon(1e-10));
        }
    }

    TEST_CASE("the gradient with respect to both paths") {
        Random random(4);
        const Tensor labels = Tensor::from(std::vector<int64_t>{1, 0, 1}, {3});
        test::check_gradients([&](auto& in) { return mac_loss(in[0], in[1], labels, 0.2); },
                              {random.normal_tensor({3, 2, 2, 4}, 1, DType::f64),
                               random.normal_tensor({3, 2, 2, 4}, 1, DType::f64)});
    }
}
