#include "engine/backend.h"

#include <doctest/doctest.h>

#include "engine/allocator.h"
#include "engine/kernels.h"
#include "engine/random.h"
#include "tests/engine/cuda/every_timing.h"
#ifdef MDN_CUDA_EMULATION
#include "tests/cuda_emulation/runtime.h"
#endif

using namespace mdn;

namespace {

Tensor random_tensor(Shape shape, uint64_t seed) {
    Random random(seed);
    std::vector<float> values(static_cast<size_t>(element_count(shape)));
    for (float& value : values) value = static_cast<float>(random.below(1000)) * 0.01f;
    return Tensor::from(values, std::move(shape));
}

}  // namespace

TEST_SUITE("engine/cuda/cuda_backend") {
    TEST_CASE("what is on its way up is safe from recorded work that runs meanwhile") {
        test::with_every_timing([] {
            constexpr int64_t small = 1 << 10, large = 1 << 12;
            // All that the allocator has free is scratch memory of this work.
            const std::unique_ptr<Recording> recording = backend(Device::cuda).record_work([] {
                for (int64_t size = small / 4; size <= 64 * large; size *= 2)
                    Tensor::full({size}, 7, DType::f32, Device::cuda);
            });
            const std::unique_ptr<Uploader> uploader = backend(Device::cuda).make_uploader();
            for (const int64_t size : {small, large, small, large}) {
                const Tensor up = Tensor::empty({size}, DType::f32, Device::cuda);
                const Tensor number = Tensor::empty({1}, DType::i64, Device::cuda);
                const Tensor host = random_tensor({size}, static_cast<uint64_t>(size));
                uploader->start({host, Tensor::from<int64_t>({size}, {1})});
                recording->replay();
                uploader->finish({up, number});
                CHECK(up.to_vector<float>() == host.to_vector<float>());
                CHECK(number.item() == static_cast<double>(size));
            }
        });
    }

    TEST_CASE("uploads one after another arrive in order, each before what is started after it") {
        test::with_every_timing([] {
            const std::unique_ptr<Uploader> uploader = backend(Device::cuda).make_uploader();
            std::vector<Tensor> host, sums;
            for (uint64_t i = 0; i < 6; ++i) host.push_back(random_tensor({300}, i));
            const Tensor place = Tensor::empty({300}, DType::f32, Device::cuda);
            uploader->start({host[0]});
            for (size_t i = 0; i < host.size(); ++i) {
                uploader->finish({place});
                Tensor twice = empty_like(place);
                kernels(place).scale(place, 2, twice);
                sums.push_back(twice);
                if (i + 1 < host.size()) uploader->start({host[i + 1]});
            }
            for (size_t i = 0; i < host.size(); ++i) {
                std::vector<float> expected = host[i].to_vector<float>();
                for (float& value : expected) value *= 2;
                CHECK(sums[i].to_vector<float>() == expected);
            }
        });
    }

#ifdef MDN_CUDA_EMULATION
    TEST_CASE("memory that runs out while work is recorded is reported as that") {
        constexpr int64_t mebibyte = 1 << 20;
        Allocator& memory = allocator(Device::cuda);
        const auto take = [](int64_t bytes) {
            return Tensor::empty({bytes}, DType::u8, Device::cuda);
        };
        take(48 * mebibyte);  // leaves a segment that is free
        emulation::set_memory_limit(memory.stats().reserved_bytes + 64 * mebibyte);
        const int64_t most = memory.available_bytes();
        CHECK_THROWS_AS(backend(Device::cuda).record_work([&] { take(most); }), OutOfMemory);
        take(96 * mebibyte);  // the free segment makes room for it
        emulation::set_memory_limit(int64_t{4} << 30);
    }
#endif
}
