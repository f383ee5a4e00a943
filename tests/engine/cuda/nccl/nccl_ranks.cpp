// GPUs that NCCL joins, emulated: what the operations give, whenever the streams do their work, and
// what is said when it goes wrong.
#ifdef MDN_CUDA_EMULATION
#include <doctest/doctest.h>
#include <nccl.h>

#include <algorithm>
#include <chrono>

#include "engine/backend.h"
#include "engine/random.h"
#include "tests/cuda_emulation/streams.h"
#include "tests/engine/process_ranks.h"

using namespace mdn;
using emulation::LateStreams;
using emulation::LostWaits;

namespace {

/// How often the work below is done.
constexpr int64_t times = 3;

/// Memory that stays, for work that may be recorded.
struct Numbers {
    Tensor input = {}, first = {}, second = {}, rows = {}, sum = {}, gathered = {}, own_sum = {};
};

Numbers numbers_of(int64_t rank) {
    Random random(static_cast<uint64_t>(7 + rank));
    const auto on_gpu = [](const Tensor& x) { return x.to(Device::cuda); };
    Numbers n{.input = on_gpu(random.normal_tensor({1000})),
              .rows = on_gpu(random.normal_tensor({std::max<int64_t>(2 - rank, 0), 3}))};
    for (Tensor* x : {&n.first, &n.second, &n.sum})
        *x = Tensor::empty({1000}, DType::f32, Device::cuda);
    return n;
}

/// The GPUs' memory is kept as while work is recorded: what was freed on the way is not poisoned
/// while a late stream still works on it, and not given to others.
void join_gpus(Communicator& over) {
    over.join_devices(Device::cuda);
    if (!over.devices(Device::cuda)) throw Error("the GPUs are not joined");
    allocator(Device::cuda).hold_segments(true);
}

/// Two sums amid other work, and a gathering: all that a step does with ranks. Row r of the rows of
/// all goes to rank r, and so on.
void work(Numbers& n, Communicator& over) {
    DeviceRanks& joined = *over.devices(Device::cuda);
    Kernels& on_gpu = kernels(Device::cuda);
    on_gpu.scale(n.input, 2, n.first);
    joined.start_sum(n.first);
    on_gpu.scale(n.input, 3, n.second);
    joined.start_sum(n.second);
    on_gpu.scale(n.input, 1.5, n.input);  // other work meanwhile
    joined.finish_sums();
    on_gpu.add(n.first, n.second, n.sum);
    const std::vector<int64_t> rows =
        over.ranks() == 3 ? std::vector<int64_t>{2, 1, 0} : std::vector<int64_t>{2, 1};
    n.gathered = over.gather_rows(n.rows, rows);
    on_gpu.scale(n.gathered, static_cast<double>(over.rank() + 1), n.gathered);
    n.own_sum = over.sum_own_rows(n.gathered, rows);
    // Memory that was read is written to anew, as the next step does.
    for (const Tensor& x : {n.first, n.second}) {
        Tensor again = x;
        on_gpu.fill(NAN, again);
    }
}

std::vector<float> all_of(const Numbers& n) {
    std::vector<float> all;
    for (const Tensor& x : {n.sum, n.gathered, n.own_sum}) {
        const std::vector<float> values = x.to_vector<float>();
        all.insert(all.end(), values.begin(), values.end());
    }
    return all;
}

struct Timing {
    bool compute, nccl;  // whether their streams are late
};

std::vector<std::vector<float>> results(int64_t ranks, bool recorded, Timing timing,
                                        int without_waits = -1) {
    return test::results_of_processes(ranks, [&](Communicator& over) {
        join_gpus(over);
        Numbers n = numbers_of(over.rank());
        const LateStreams late(timing.compute, false, timing.nccl);
        const LostWaits lost(without_waits);
        std::unique_ptr<Recording> recording;
        if (recorded) recording = backend(Device::cuda).record_work([&] { work(n, over); });
        for (int64_t i = 0; i < times; ++i) {
            if (recorded)
                recording->replay();
            else
                work(n, over);
            over.devices(Device::cuda)->wait();
        }
        return all_of(n);
    });
}

/// What `results` must be, computed on the host.
std::vector<std::vector<float>> expected(int64_t ranks) {
    std::vector<float> sum(1000), rows;
    for (int64_t r = 0; r < ranks; ++r) {
        const Numbers n = numbers_of(r);
        const std::vector<float> input = n.input.to_vector<float>(),
                                 own = n.rows.to_vector<float>();
        const float grown = 1.5f * 1.5f;  // by the third time
        for (size_t i = 0; i < sum.size(); ++i) sum[i] += 5 * grown * input[i];
        rows.insert(rows.end(), own.begin(), own.end());
    }
    std::vector<std::vector<float>> all;
    const auto factors = static_cast<float>(ranks * (ranks + 1) / 2);
    size_t first = 0;
    for (int64_t r = 0; r < ranks; ++r) {
        std::vector<float>& own = all.emplace_back(sum);
        for (const float row : rows) own.push_back(static_cast<float>(r + 1) * row);
        const size_t count = 3 * static_cast<size_t>(std::max<int64_t>(2 - r, 0));
        for (size_t i = first; i < first + count; ++i) own.push_back(factors * rows[i]);
        first += count;
    }
    return all;
}

bool is_close(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b) {
    if (a.size() != b.size()) return false;
    for (size_t r = 0; r < a.size(); ++r) {
        if (a[r].size() != b[r].size()) return false;
        for (size_t i = 0; i < a[r].size(); ++i)
            if (!(std::abs(a[r][i] - b[r][i]) < 1e-4)) return false;
    }
    return true;
}

}  // namespace

TEST_SUITE("engine/cuda/nccl/nccl_ranks") {
    TEST_CASE("GPUs of two and three ranks add and gather, recorded or not, at every timing") {
        for (const int64_t ranks : {2, 3})
            for (const bool recorded : {false, true})
                for (const bool compute_is_late : {false, true})
                    for (const bool nccl_is_late : {false, true}) {
                        CAPTURE(ranks);
                        CAPTURE(recorded);
                        CAPTURE(compute_is_late);
                        CAPTURE(nccl_is_late);
                        const auto found =
                            results(ranks, recorded, {compute_is_late, nccl_is_late});
                        CHECK(is_close(found, expected(ranks)));
                        // All have the same bits.
                        for (const std::vector<float>& own : found)
                            CHECK(std::equal(own.begin(), own.begin() + 1000, found[0].begin()));
                    }
    }

    TEST_CASE("a wait that is missing between the streams shows in some timing") {
        for (const bool recorded : {false, true}) {
            CAPTURE(recorded);
            // NCCL goes ahead of the numbers that it adds.
            CHECK_FALSE(is_close(results(2, recorded, {true, false}, 2), expected(2)));
            // What reads the sums goes ahead of NCCL.
            CHECK_FALSE(is_close(results(2, recorded, {false, true}, 0), expected(2)));
        }
    }

    TEST_CASE("what NCCL says ends a rank, which names itself, and the others") {
        const auto ended = test::with_processes(2, [](Communicator& over) -> std::vector<float> {
            join_gpus(over);
            Numbers n = numbers_of(over.rank());
            work(n, over);
            over.devices(Device::cuda)->wait();
            if (over.rank() == 1) {
                over.wait_until([] { return false; });  // it hangs
            }
            over.devices(Device::cuda)->start_sum(n.first);
            over.devices(Device::cuda)->finish_sums();
            emulation::fail_nccl(ncclSystemError);
            over.devices(Device::cuda)->wait();
            return {};
        });
        CHECK(ended[0].code == 2);
        CHECK(ended[0].said ==
              "[nccl] the work of the ranks' GPUs failed on rank 0 (unhandled system error (run "
              "with NCCL_DEBUG=INFO for details): the emulated network is gone)");
        CHECK(ended[1].code == 2);
        CHECK(ended[1].said.empty());
    }

    TEST_CASE("a rank that does not come ends the others in time, whatever its GPU was given") {
        using Clock = std::chrono::steady_clock;
        const Clock::time_point begin = Clock::now();
        const auto ended = test::with_processes(
            3,
            [](Communicator& over) -> std::vector<float> {
                join_gpus(over);
                Numbers n = numbers_of(over.rank());
                if (over.rank() == 1) over.wait_until([] { return false; });
                work(n, over);
                over.devices(Device::cuda)->wait();
                return {};
            },
            2);
        CHECK(Clock::now() - begin < std::chrono::seconds(30));
        for (const test::RankEnded& rank : ended) CHECK(rank.code == 2);
        CHECK(ended[0].said + ended[1].said + ended[2].said == "a rank has not come");
    }

    TEST_CASE("GPUs are not joined where two ranks have the same") {
        const auto found = test::results_of_processes(2, [](Communicator& over) {
            ::setenv("EMULATED_GPU", "the same", 1);
            const std::string note = over.join_devices(Device::cuda);
            if (note.find("rank 0 and rank 1 compute on the same GPU") == std::string::npos)
                throw Error(note);
            return std::vector<float>{over.devices(Device::cuda) ? 1.f : 0.f};
        });
        CHECK(found == std::vector<std::vector<float>>{{0}, {0}});
    }
}
#endif
