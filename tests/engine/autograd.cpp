#include "engine/autograd.h"

#include <doctest/doctest.h>
#include <cmath>
#include <string>

#include "engine/ops.h"
#include "tests/engine/gradient_check.h"

using namespace mdn;

namespace {

/// y = 2x whose backward claims `factor`.
Tensor doubled(const Tensor& x, double factor) {
    Tensor y = empty_like(x);
    kernels(x).scale(x, 2, y);
    return record("doubled", y, {x}, [factor](const Tensor& dy) -> Gradients {
        Tensor dx = empty_like(dy);
        kernels(dy).scale(dy, factor, dx);
        return {dx};
    });
}

Tensor leaf(std::vector<double> values) {
    const int64_t count = static_cast<int64_t>(values.size());
    return Tensor::from(values, {count}).set_requires_grad();
}

}  // namespace

TEST_SUITE("engine/autograd") {
    TEST_CASE("the gradient checker accepts a right gradient and catches a planted wrong one") {
        Random random(3);
        const Tensor x = random.normal_tensor({4}, 1, DType::f64);
        auto error_of = [&](double factor) {
            return test::gradient_error([=](auto& in) { return doubled(in[0], factor); }, {x});
        };
        CHECK(error_of(2).relative <= 1e-6);
        CHECK(error_of(2.0001).relative > 1e-6);
        CHECK(error_of(std::nan("")).relative > 1e-6);
        CHECK(error_of(0).smallest_norm == 0);
    }

    TEST_CASE("a tensor used twice collects both gradients, and leaves accumulate") {
        const Tensor x = leaf({1, -2, 3});
        auto loss = [&] { return sum(add(multiply(x, x), add(x, x))); };  // x² + 2x
        backward(loss());
        CHECK(x.grad().to_vector<double>() == std::vector<double>{4, -2, 8});
        backward(loss());
        CHECK(x.grad().to_vector<double>() == std::vector<double>{8, -4, 16});
        x.zero_grad();
        CHECK(!x.grad().defined());
    }

    TEST_CASE("gradients handed to two inputs by one closure do not corrupt each other") {
        const Tensor a = leaf({1}), b = leaf({2});
        const Tensor p = scale(a, 1), q = scale(b, 1), older = scale(p, 10);
        const Tensor y = add(p, q);  // one dy for both, and then a second share for p only
        backward(sum(add(y, older)));
        CHECK(a.grad().item() == 11);
        CHECK(b.grad().item() == 1);
    }

    TEST_CASE("a leaf's gradient is in memory of its own") {
        const Tensor a = leaf({1, 2}), b = leaf({3, 4});
        const Tensor seed = Tensor::from<double>({5, 6}, {2});
        backward(add(a, b), seed);
        CHECK(!a.grad().shares_memory_with(b.grad()));
        CHECK(!a.grad().shares_memory_with(seed));
        backward(a, seed);
        CHECK(a.grad().to_vector<double>() == std::vector<double>{10, 12});
        CHECK(b.grad().to_vector<double>() == std::vector<double>{5, 6});
        CHECK(seed.to_vector<double>() == std::vector<double>{5, 6});
    }

    TEST_CASE("a second backward through a freed graph says so") {
        const Tensor x = leaf({1, 2});
        const Tensor y = sum(multiply(x, x));
        backward(y);
        CHECK_THROWS_WITH_AS(backward(y), doctest::Contains("already freed"), Error);
    }

    TEST_CASE("backward refuses what it cannot do") {
        CHECK_THROWS_WITH_AS(backward(Tensor::full({1}, 1)),
                             doctest::Contains("does not require a gradient"), Error);
        const Tensor y = scale(leaf({1, 2}), 3);
        CHECK_THROWS_WITH_AS(backward(y), doctest::Contains("needs a seed"), Error);
        CHECK_THROWS_WITH_AS(backward(y, Tensor::full({3}, 1, DType::f64)),
                             doctest::Contains("seed's shape [3]"), Error);
    }

    TEST_CASE("a closure may add to what others gave for its input, if nobody else sees that") {
        // y = 3x, whose backward adds 3·dy to what it may take; `taken` says whether it could.
        const auto tripled = [](const Tensor& x, bool& taken) {
            Tensor y = empty_like(x);
            kernels(x).scale(x, 3, y);
            return record("tripled", y, {x},
                          [&taken, place = gradient_place(x)](const Tensor& dy) -> Gradients {
                              Tensor dx = empty_like(dy), so_far = take_gradient_so_far(place);
                              kernels(dy).scale(dy, 3, dx);
                              taken = so_far.defined();
                              if (!taken) return {dx};
                              kernels(dy).add(so_far, dx, so_far);
                              return {so_far};
                          });
        };
        bool taken = false;
        const Tensor x = leaf({1, 2});
        // The newer op's share has come when the older one's backward runs.
        const Tensor inner = scale(x, 1), older = tripled(inner, taken);
        backward(sum(add(older, doubled(inner, 2))));
        CHECK(taken);
        CHECK(x.grad().data<double>()[1] == 5);
        // The older op comes last: nothing waits for the newer one.
        const Tensor z = leaf({1, 2}), inner_z = scale(z, 1), first = doubled(inner_z, 2);
        backward(sum(add(first, tripled(inner_z, taken))));
        CHECK_FALSE(taken);
        CHECK(z.grad().data<double>()[1] == 5);
        // What a leaf has is its own, and add's two inputs share one gradient.
        const Tensor w = leaf({1, 2});
        backward(sum(add(tripled(w, taken), doubled(w, 2))));
        CHECK_FALSE(taken);
        CHECK(w.grad().data<double>()[1] == 5);
        const Tensor v = leaf({1, 2}), inner_v = scale(v, 1), third = tripled(inner_v, taken);
        backward(sum(add(third, inner_v)));
        CHECK(v.grad().data<double>()[1] == 4);
        CHECK_FALSE(
            take_gradient_so_far(gradient_place(inner_v)).defined());  // outside a backward pass
    }

    TEST_CASE("the op that gives the last share of a gradient may begin what comes next") {
        // y = x, whose backward begins with a factor 10: in the op that gives the last share, or
        // else in its own closure.
        struct TimesTen final : Beginning {
            bool is_done = false;
        };
        const auto times_ten = [](const Tensor& x) {
            Tensor y = empty_like(x);
            kernels(x).copy(x, y);
            const auto begun = std::make_shared<TimesTen>();
            return record(
                "times_ten", y, {x},
                [begun](const Tensor& dy) -> Gradients {
                    Tensor dx = empty_like(dy);
                    kernels(dy).scale(dy, begun->is_done ? 1 : 10, dx);
                    return {dx};
                },
                nullptr, begun);
        };
        // y = 3x, whose backward begins the next one where it may; it counts how often it did.
        const auto tripled = [](const Tensor& x, int& begun) {
            Tensor y = empty_like(x);
            kernels(x).scale(x, 3, y);
            return record("tripled", y, {x},
                          [&begun, place = gradient_place(x),
                           next = beginning_of(x)](const Tensor& dy) -> Gradients {
                              Tensor so_far = take_gradient_so_far(place), dx = empty_like(dy);
                              kernels(dy).scale(dy, 3, dx);
                              if (so_far.defined()) kernels(dy).add(dx, so_far, dx);
                              auto* const ten = dynamic_cast<TimesTen*>(next.get());
                              if (ten && gives_whole_gradient(place, *ten)) {
                                  kernels(dy).scale(dx, 10, dx);
                                  ten->is_done = true;
                                  ++begun;
                              }
                              return {dx};
                          });
        };
        // Of y = times_ten(x), what f(y, begun) gives for the last number of x.
        int begun = 0;
        const auto gradient = [&](auto&& f) {
            begun = 0;
            const Tensor x = leaf({1, 2});
            const Tensor z = f(times_ten(x));
            backward(sum(z));
            return x.grad().template data<double>()[1];
        };
        CHECK(gradient([&](const Tensor& y) { return tripled(y, begun); }) == 30);
        CHECK(begun == 1);
        // Two readers that may: the older one, which comes last, does.
        CHECK(gradient([&](const Tensor& y) {
                  const Tensor older = tripled(y, begun);
                  return add(older, tripled(y, begun));
              }) == 60);
        CHECK(begun == 1);
        // The older reader cannot, and the newer one must not.
        CHECK(gradient([&](const Tensor& y) {
                  const Tensor older = doubled(y, 2);
                  return add(older, tripled(y, begun));
              }) == 50);
        CHECK(begun == 0);
        // A reader that has given nothing, because nothing came of it.
        CHECK(gradient([&](const Tensor& y) {
                  const Tensor older = tripled(y, begun);
                  const Tensor unused = doubled(y, 2);
                  return older;
              }) == 30);
        CHECK(begun == 0);
        // One op that reads it twice, and one whose share others may see: it cannot be taken.
        CHECK(gradient([&](const Tensor& y) { return multiply(y, y); }) == 40);
        CHECK(gradient([&](const Tensor& y) { return add(tripled(y, begun), y); }) == 40);
        CHECK(begun == 0);
        // Whoever observes the tape sees whole gradients.
        struct Observer final : TapeObserver {
            void recorded(const Node&, const Tensor&, const std::vector<Tensor>&) override {}
            void gradient(const Node& node, const Tensor& dy) override {
                if (std::string(node.op) == "times_ten") CHECK(dy.data<double>()[0] == 3);
            }
        } observer;
        tape_observer = &observer;
        CHECK(gradient([&](const Tensor& y) { return tripled(y, begun); }) == 30);
        tape_observer = nullptr;
        CHECK(begun == 0);
    }

    TEST_CASE("NoGrad records nothing") {
        const Tensor x = leaf({1});
        const NoGrad no_grad;
        CHECK(!scale(x, 2).requires_grad());
    }

    TEST_CASE("a chain of 200,000 ops neither backward nor destruction overflows the stack") {
        const Tensor x = leaf({1});
        Tensor y = x;
        for (int i = 0; i < 200000; ++i) y = scale(y, 1);
        backward(y);
        CHECK(x.grad().item() == 1);
        Tensor z = x;  // and one that is dropped without a backward, with captured inputs
        for (int i = 0; i < 200000; ++i) z = multiply(z, x);
    }
}
