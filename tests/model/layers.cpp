#include "model/layers.h"

#include <doctest/doctest.h>
#include <cmath>

using namespace mdn;

namespace {

struct Fixture {
    ParameterStore store{DType::f64};
    Random random{1};
    Scope scope{store, random};
};

}  // namespace

TEST_SUITE("model/layers") {
    // Where variances are near 1, an epsilon ten times too large is lost in rounding.
    TEST_CASE("batch norm has the epsilon and the momentum of SPEC §2") {
        Fixture f;
        BatchNorm norm(f.scope, 1);
        norm.running.var.copy_from(Tensor::full({1}, 3e-5, DType::f64));
        const Tensor x = Tensor::from<double>({0.01, 0.03}, {2, 1});
        const Tensor y = normalize(norm.forward(x, {}));
        CHECK(y.data<double>()[0] == doctest::Approx(0.01 / std::sqrt(4e-5)).epsilon(1e-12));
        norm.forward(x, {.training = true});
        CHECK(norm.running.mean.item() == doctest::Approx(0.1 * 0.02).epsilon(1e-12));
        CHECK(norm.running.var.item() == doctest::Approx(0.9 * 3e-5 + 0.1 * 2e-4).epsilon(1e-12));
    }

    TEST_CASE("layer norm has the epsilon of SPEC §5") {
        Fixture f;
        const LayerNorm norm(f.scope, 2);
        const Tensor y = norm.forward(Tensor::from<double>({0.002, -0.002}, {1, 2}));  // σ² = 4e-6
        CHECK(y.data<double>()[0] == doctest::Approx(0.002 / std::sqrt(1.4e-5)).epsilon(1e-12));
    }
}
