#include "train/recorded_work.h"

#include <doctest/doctest.h>
#include <vector>

#include "engine/kernels.h"

using namespace mdn;

namespace {

/// Doubles `x` each time; the number of times that the host was in the work.
struct Doubling {
    Tensor x;
    int calls = 0;
    explicit Doubling(Device device) : x(Tensor::full({5}, 1, DType::f32, device)) {}
    void operator()() {
        ++calls;
        kernels(x).scale(x, 2, x);
    }
};

}  // namespace

TEST_SUITE("train/recorded_work") {
    TEST_CASE("on a GPU work is called twice, recorded once, and done every time") {
        Doubling doubling(Device::cuda);
        RecordedWork work(Device::cuda, true);
        const std::vector<bool> replayed = {false, false, true, true, true};
        double expected = 1;
        for (const bool is_replay : replayed) {
            CHECK(work.run([&] { doubling(); }) == is_replay);
            CHECK(doubling.x.to_vector<float>() ==
                  std::vector<float>(5, static_cast<float>(expected *= 2)));
        }
        CHECK(doubling.calls == 3);
    }

    TEST_CASE("work is called every time where it is not to be recorded, or cannot be") {
        for (const Device device : {Device::cpu, Device::cuda}) {
            Doubling doubling(device);
            RecordedWork work(device, device == Device::cpu);
            for (int i = 0; i < 5; ++i) CHECK_FALSE(work.run([&] { doubling(); }));
            CHECK(doubling.calls == 5);
            CHECK(doubling.x.to_vector<float>() == std::vector<float>(5, 32));
        }
    }
}
