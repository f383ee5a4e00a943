#include "engine/random.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/threads.h"

using namespace mdn;

namespace {

double moment(const std::vector<double>& values, int power) {
    double total = 0;
    for (double value : values) total += std::pow(value, power);
    return total / static_cast<double>(values.size());
}

constexpr int64_t draws = 200000;

template <class Draw>
std::vector<double> sample(Draw&& draw) {
    std::vector<double> values(draws);
    for (double& value : values) value = draw();
    return values;
}

}  // namespace

TEST_SUITE("engine/random") {
    TEST_CASE("Philox4x32-10 gives the vectors its authors publish") {
        using Words = std::array<uint32_t, 4>;
        CHECK(philox({0, 0, 0, 0}, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
        CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffffffffffff) ==
              Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
        CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822) ==
              Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
    }

    TEST_CASE("Random walks through Philox blocks of its seed and stream") {
        Random random(42, 0x500000007);
        for (uint32_t block = 0; block < 3; ++block)
            for (uint32_t word : philox({block, 0, 7, 5}, 42)) CHECK(random.bits() == word);
    }

    TEST_CASE("a uniform from bits covers [0, 1) and never reaches 1") {
        CHECK(uniform_from_bits(0) == 0);
        CHECK(uniform_from_bits(0xffffffff) == 1 - 0x1p-24f);
        CHECK(uniform_from_bits(0x80000000) == 0.5f);
    }

    TEST_CASE("uniform draws lie in [0, 1) with the moments of the uniform distribution") {
        Random random(1);
        const std::vector<double> values = sample([&] { return random.uniform(); });
        CHECK(*std::min_element(values.begin(), values.end()) >= 0);
        CHECK(*std::max_element(values.begin(), values.end()) < 1);
        // Five standard errors: √(Var(uᵏ)/draws).
        CHECK(std::abs(moment(values, 1) - 1.0 / 2) < 5 * std::sqrt(1.0 / 12 / draws));
        CHECK(std::abs(moment(values, 2) - 1.0 / 3) < 5 * std::sqrt(4.0 / 45 / draws));
        double product = 0;  // neighbouring draws are uncorrelated
        for (int64_t i = 1; i < draws; ++i) product += (values[i] - 0.5) * (values[i - 1] - 0.5);
        CHECK(std::abs(product / draws) < 5.0 / 12 / std::sqrt(draws));
    }

    TEST_CASE("uniform draws from an interval stay in it") {
        Random random(2);
        const std::vector<double> values = sample([&] { return random.uniform(-3, 5); });
        CHECK(*std::min_element(values.begin(), values.end()) >= -3);
        CHECK(*std::max_element(values.begin(), values.end()) < 5);
        CHECK(std::abs(moment(values, 1) - 1) < 5 * std::sqrt(64.0 / 12 / draws));
    }

    TEST_CASE("normal draws have the moments of the normal distribution") {
        Random random(3);
        const std::vector<double> values = sample([&] { return random.normal(); });
        // Var(zᵏ) = E z²ᵏ − (E zᵏ)²: 1, 2, 15, 96.
        CHECK(std::abs(moment(values, 1)) < 5 * std::sqrt(1.0 / draws));
        CHECK(std::abs(moment(values, 2) - 1) < 5 * std::sqrt(2.0 / draws));
        CHECK(std::abs(moment(values, 3)) < 5 * std::sqrt(15.0 / draws));
        CHECK(std::abs(moment(values, 4) - 3) < 5 * std::sqrt(96.0 / draws));
    }

    TEST_CASE("below() reaches every number under its bound, evenly") {
        Random random(4);
        const int64_t bound = 7;
        std::vector<int64_t> counts(bound);
        for (int64_t i = 0; i < draws; ++i) {
            const int64_t value = random.below(bound);
            if (value < 0 || value >= bound) FAIL(value);
            ++counts[value];
        }
        const double expected = static_cast<double>(draws) / bound;
        for (int64_t count : counts)
            CHECK(std::abs(static_cast<double>(count) - expected) < 5 * std::sqrt(expected));
        CHECK(random.below(1) == 0);
        const int64_t large = INT64_MAX;  // needs both words of a draw
        int64_t most = 0;
        for (int i = 0; i < 100; ++i) most = std::max(most, random.below(large));
        CHECK(most > large / 2);
        CHECK_THROWS_WITH_AS(random.below(0), "[random] below() needs a positive bound", Error);
        CHECK_THROWS_AS(random.below(-5), Error);
    }

    TEST_CASE("streams and seeds differ, and one of each repeats") {
        Random first(5), again(5), other_seed(6), other_stream(5, 1);
        const uint32_t word = first.bits();
        CHECK(again.bits() == word);
        CHECK(other_seed.bits() != word);
        CHECK(other_stream.bits() != word);
    }

    TEST_CASE("a tensor holds the draws one after the other, however many threads share them") {
        constexpr int64_t count = 40'001;  // several shares
        for (const int64_t threads : {1, 3})
            for (int64_t before = 0; before < 4; ++before) {
                CAPTURE(threads);
                CAPTURE(before);
                Random whole(8, 9), single(8, 9);
                for (int64_t i = 0; i < before; ++i) CHECK(whole.bits() == single.bits());
                set_threads(threads);
                const Tensor normal = whole.normal_tensor({count}, 0.5, DType::f64);
                const Tensor uniform = whole.uniform_tensor({count}, -2, 2, DType::f64);
                set_threads(0);
                int64_t wrong = 0;
                for (const double x : normal.to_vector<double>())
                    wrong += x != 0.5 * single.normal();
                for (const double x : uniform.to_vector<double>())
                    wrong += x != single.uniform(-2, 2);
                CHECK(wrong == 0);
                for (int i = 0; i < 5; ++i) CHECK(whole.bits() == single.bits());
            }
    }

    TEST_CASE("tensors of draws have the deviation asked for, and both dtypes the same values") {
        Random random(7), again(7);
        const Tensor x = random.normal_tensor({300, 200}, 0.02, DType::f64);
        const Tensor y = again.normal_tensor({300, 200}, 0.02);
        CHECK(std::sqrt(moment(x.to_vector<double>(), 2)) == doctest::Approx(0.02).epsilon(0.02));
        bool equal = true;
        for (int64_t i = 0; i < x.numel(); ++i)
            equal = equal && y.data<float>()[i] == static_cast<float>(x.data<double>()[i]);
        CHECK(equal);
        for (float value : random.uniform_tensor({50}, 2, 3).to_vector<float>())
            CHECK((value >= 2 && value <= 3));
    }
}
