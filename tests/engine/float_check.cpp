#include "tests/engine/float_check.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "engine/random.h"

namespace mdn::test {

void check_float(const Function& f, const std::vector<Tensor>& inputs, double tolerance) {
    std::vector<Tensor> doubles, floats;
    for (const Tensor& input : inputs) {
        // Both start from the float values, so that only the arithmetic differs.
        floats.push_back(input.to(DType::f32).set_requires_grad());
        doubles.push_back(floats.back().to(DType::f64).set_requires_grad());
    }
    const Tensor y64 = f(doubles), y32 = f(floats);
    CHECK(y32.dtype() == DType::f32);
    CHECK(relative_error(y32, y64) <= tolerance);
    Random random(20240712);
    const Tensor seed = random.normal_tensor(y32.shape());
    backward(y32, seed);
    backward(y64, seed.to(DType::f64));
    for (size_t i = 0; i < inputs.size(); ++i)
        CHECK(relative_error(floats[i].grad(), doubles[i].grad()) <= tolerance);
}

}  // namespace mdn::test
