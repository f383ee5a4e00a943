#include "engine/threads.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "engine/random.h"

using namespace mdn;

namespace {

/// So many threads for one test.
struct Threads {
    explicit Threads(int64_t count) { set_threads(count); }
    ~Threads() { set_threads(0); }
};

/// Waits until `done`, but not for ever: a test that would hang fails instead.
template <class F>
bool soon(F&& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

}  // namespace

TEST_SUITE("engine/threads") {
    TEST_CASE("every share is done once") {
        for (const int64_t count : {1, 2, 3, 8}) {
            const Threads with(count);
            CHECK(threads() == count);
            for (const int64_t shares : {0, 1, 2, 7, 1000}) {
                std::vector<std::atomic<int>> done(static_cast<size_t>(shares));
                for (int round = 0; round < 20; ++round)
                    run_shares(shares, [&](int64_t share) { ++done[static_cast<size_t>(share)]; });
                for (const auto& times : done) CHECK(times == 20);
            }
        }
    }

    TEST_CASE("what a share writes is there when the loop has returned") {
        const Threads with(4);
        std::vector<int64_t> plain(64);
        for (int64_t round = 1; round <= 2000; ++round) {
            run_shares(64, [&](int64_t share) { plain[static_cast<size_t>(share)] += share; });
            bool right = true;
            for (int64_t i = 0; i < 64; ++i) right &= plain[static_cast<size_t>(i)] == i * round;
            REQUIRE(right);
        }
    }

    TEST_CASE("a thread that is held up delays no share but its own") {
        const Threads with(2);
        const auto caller = std::this_thread::get_id();
        constexpr int shares = 40;
        bool helped = false;
        // The helper sticks in its first share until all others are done, which only the caller can
        // do. Whether it is there in time is up to the system, so there are several tries.
        for (int round = 0; round < 200 && !helped; ++round) {
            std::atomic<int> done = 0;
            std::atomic<bool> stuck = false, freed = true;
            run_shares(shares, [&](int64_t) {
                if (std::this_thread::get_id() != caller && !stuck.exchange(true))
                    freed = soon([&] { return done == shares - 1; });
                else
                    std::this_thread::sleep_for(std::chrono::microseconds(20));
                ++done;
            });
            REQUIRE(freed);
            CHECK(done == shares);
            helped = stuck;
        }
        CHECK(helped);
    }

    TEST_CASE("a helper that sleeps is woken by a loop, and a caller that sleeps by its end") {
        const Threads with(2);
        const auto caller = std::this_thread::get_id();
        using Clock = std::chrono::steady_clock;
        // Around the 100 microseconds for which threads look for work, or for the end, before they
        // sleep. Computing, since a thread that sleeps so shortly wakes up late.
        for (int round = 0; round < 200; ++round) {
            const auto a_while = [&] {
                const auto end = Clock::now() + std::chrono::microseconds(50 + round);
                while (Clock::now() < end) {
                }
            };
            a_while();
            std::atomic<int> done = 0;
            std::atomic<bool> joined = false;
            run_shares(2, [&](int64_t) {
                if (std::this_thread::get_id() == caller) {
                    soon([&] { return joined.load(); });
                } else {
                    joined = true;
                    a_while();
                }
                ++done;
            });
            REQUIRE(joined);  // else the helper was not woken
            REQUIRE(done == 2);
        }
    }

    TEST_CASE("a loop wakes as many helpers as it has shares for") {
        const Threads with(4);
        for (int round = 0; round < 20; ++round) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));  // all helpers sleep
            std::atomic<int> begun = 0, together = 0;
            run_shares(4, [&](int64_t) {
                ++begun;
                together += soon([&] { return begun == 4; });
            });
            REQUIRE(together == 4);
        }
    }

    TEST_CASE("an exception of a share reaches the caller, and the next loop works") {
        const Threads with(3);
        for (int round = 0; round < 50; ++round) {
            CHECK_THROWS_WITH_AS(run_shares(100,
                                            [](int64_t share) {
                                                if (share == 41) throw std::runtime_error("41");
                                            }),
                                 "41", std::runtime_error);
            std::atomic<int64_t> sum = 0;
            run_shares(100, [&](int64_t share) { sum += share; });
            CHECK(sum == 4950);
        }
    }

    TEST_CASE("of several shares that fail, the first one's exception reaches the caller") {
        const Threads with(3);
        using Clock = std::chrono::steady_clock;
        for (int round = 0; round < 20; ++round) {
            std::atomic<bool> second = false;
            const auto fail = [&](int64_t share) {
                const auto until = Clock::now() + std::chrono::milliseconds(500);
                if (share == 0)  // fails last, where another thread comes to the second
                    while (!second && Clock::now() < until) std::this_thread::yield();
                if (share == 1) second = true;
                throw std::runtime_error(std::to_string(share));
            };
            CHECK_THROWS_WITH_AS(run_shares(100, fail), "0", std::runtime_error);
        }
    }

    TEST_CASE("a loop inside a share, and loops of several threads at once") {
        const Threads with(2);
        std::atomic<int64_t> sum = 0;
        const auto nested = [&] {
            for (int round = 0; round < 50; ++round)
                run_shares(10, [&](int64_t outer) {
                    run_shares(10, [&](int64_t inner) { sum += 10 * outer + inner; });
                });
        };
        std::thread other(nested);
        nested();
        other.join();
        CHECK(sum == 2 * 50 * 4950);
    }

    TEST_CASE("bits do not depend on which thread is free") {
        const Threads with(3);
        Random random(5);
        const auto leaf = [&](const Shape& shape) {
            return random.normal_tensor(shape).set_requires_grad();
        };
        // Each large enough for several threads, and each by kernels of its own: Winograd's, the
        // narrow and the depthwise convolution, sums over many rows, batch norm's, the optimizer's.
        const Tensor x = leaf({4, 19, 19, 64}), wide = leaf({64, 3, 3, 64});
        const Tensor thin = leaf({8, 33, 33, 16}), narrow = leaf({16, 3, 3, 16});
        const Tensor depthwise = leaf({3, 3, 64});
        const Tensor rows = leaf({3001, 24}), weight = leaf({40, 24}), bias = leaf({40});
        const Tensor gamma = leaf({64}), beta = leaf({64});
        const std::vector<Tensor> leaves = {x,    wide,   thin, narrow, depthwise,
                                            rows, weight, bias, gamma,  beta};
        const auto gradient = [&] {
            for (const Tensor& each : leaves) each.zero_grad();
            RunningStatistics running{Tensor::zeros({64}), Tensor::full({64}, 1)};
            const Conv2d padded{.stride = 1, .pad = 1};
            backward(
                sum(normalize_relu(batch_norm(conv2d(x, wide, padded), gamma, beta, running, {}))));
            backward(sum(gelu(conv2d(thin, narrow, padded))));
            backward(sum(gelu(depthwise_conv2d(x, depthwise, 1))));
            backward(sum(gelu(linear(rows, weight, bias))));
            std::vector<float> all = running.var.to_vector<float>();
            ParameterTable table;
            for (const Tensor& each : leaves) {
                const std::vector<float> grad = each.grad().to_vector<float>();
                all.insert(all.end(), grad.begin(), grad.end());
                table.slots.push_back({.value = each, .grad = each.grad()});
            }
            Tensor norm = Tensor::zeros({1}, DType::f64);
            kernels(Device::cpu).global_norm(table, norm);
            all.push_back(static_cast<float>(norm.to_vector<double>()[0]));
            return all;
        };
        const std::vector<float> quiet = gradient();
        std::atomic<bool> stop = false;
        std::vector<std::thread> busy;
        for (int i = 0; i < 4; ++i)
            busy.emplace_back([&] {
                while (!stop) {
                }
            });
        for (int round = 0; round < 5; ++round) CHECK(gradient() == quiet);
        stop = true;
        for (std::thread& thread : busy) thread.join();
    }
}
