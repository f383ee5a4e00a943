#include "tests/engine/process_ranks.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iostream>
#include <numeric>

#include "engine/error.h"
#include "engine/threads.h"
#include "tests/cuda_emulation/shared_ranks.h"

namespace mdn::test {

namespace {

using Clock = std::chrono::steady_clock;
using emulation::SharedRanks;

/// Memory that processes forked from this one share.
class Shared {
  public:
    explicit Shared(size_t bytes)
        : bytes_(bytes),
          memory_(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
        if (memory_ == MAP_FAILED) throw Error("no memory for processes to share");
    }
    ~Shared() { ::munmap(memory_, bytes_); }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    char* begin() const { return static_cast<char*>(memory_); }

  private:
    size_t bytes_;
    void* memory_;
};

/// Where a process leaves what it has come to.
struct Report {
    char said[4096];
    int64_t count;
    float result[1 << 21];
};

class ProcessRank final : public Communicator {
  public:
    ProcessRank(const SharedRanks& shared, double patience, Report& report)
        : shared_(shared), patience_(patience), report_(report) {}

    int64_t rank() const override { return shared_.rank(); }
    int64_t ranks() const override { return shared_.ranks(); }
    std::string name(int64_t rank) const override { return "rank " + std::to_string(rank); }
    std::string library() const override { return "shared memory"; }
    void before_end(std::function<void()> action) override { before_end_ = std::move(action); }

    void wait_until(const std::function<bool()>& over) override {
        const Clock::time_point begin = Clock::now();
        while (!over()) {
            ::usleep(50);
            if (shared_.is_given_up()) end("");
            if (std::chrono::duration<double>(Clock::now() - begin).count() > patience_)
                end("a rank has not come");
        }
    }
    void end_amid_sums(const std::exception& why) override { end(why.what()); }

    std::unique_ptr<Sum> start_sum(float* values, int64_t count) override {
        return std::make_unique<LateSum>(*this, values, count);
    }
    void gather(const void* own, void* all, const std::vector<int64_t>& bytes) override {
        meet(own, bytes[static_cast<size_t>(rank())], [&] {
            auto* to = static_cast<char*>(all);
            for (size_t r = 0; r < bytes.size(); ++r) {
                copy(to, shared_.given_by(static_cast<int>(r)).data(), bytes[r]);
                to += bytes[r];
            }
        });
    }
    void exchange(const void* out, const std::vector<int64_t>& sent, void* in,
                  const std::vector<int64_t>& received) override {
        const auto count = std::ssize(sent);
        std::vector<int64_t> sizes(static_cast<size_t>(count * count));
        gather(sent.data(), sizes.data(),
               std::vector<int64_t>(sent.size(), count * int64_t{sizeof(int64_t)}));
        meet(out, std::accumulate(sent.begin(), sent.end(), int64_t{0}), [&] {
            auto* to = static_cast<char*>(in);
            for (int64_t r = 0; r < count; ++r) {
                const auto first = sizes.begin() + r * count;
                const int64_t before = std::accumulate(first, first + rank(), int64_t{0});
                const int64_t bytes = received[static_cast<size_t>(r)];
                copy(to, shared_.given_by(static_cast<int>(r)).data() + before, bytes);
                to += bytes;
            }
        });
    }
    void broadcast(void* bytes, int64_t count) override {
        meet(bytes, count, [&] { copy(bytes, shared_.given_by(0).data(), count); });
    }

    /// Says why, unless another rank has, and ends all.
    [[noreturn]] void end(const std::string& why) {
        if (shared_.give_up()) std::strncpy(report_.said, why.c_str(), sizeof report_.said - 1);
        if (before_end_) before_end_();
        ::_exit(2);
    }

  private:
    class LateSum final : public Sum {
      public:
        LateSum(ProcessRank& rank, float* values, int64_t count)
            : rank_(rank), values_(values), count_(count), sent_(values, values + count) {}
        void advance() override {}
        void wait() override {
            rank_.meet(sent_.data(), count_ * int64_t{sizeof(float)}, [&] {
                std::fill(values_, values_ + count_, 0.f);
                for (int r = 0; r < rank_.shared_.ranks(); ++r) {
                    const auto* part =
                        reinterpret_cast<const float*>(rank_.shared_.given_by(r).data());
                    for (int64_t i = 0; i < count_; ++i) values_[i] += part[i];
                }
            });
        }

      private:
        ProcessRank& rank_;
        float* values_;
        int64_t count_;
        std::vector<float> sent_;
    };

    static void copy(void* to, const char* from, int64_t count) {
        if (count > 0) std::memcpy(to, from, static_cast<size_t>(count));
    }
    template <class F>
    void meet(const void* own, int64_t bytes, F&& take) {
        ++meetings_;
        char* place = nullptr;
        wait_until([&] { return (place = shared_.place_for(meetings_)) != nullptr; });
        copy(place, static_cast<const char*>(own), bytes);
        shared_.give(meetings_, static_cast<size_t>(bytes));
        wait_until([&] { return shared_.all_given(meetings_); });
        take();
        shared_.take(meetings_);
    }

    SharedRanks shared_;
    double patience_;
    Report& report_;
    int64_t meetings_ = 0;
    std::function<void()> before_end_;
};

/// In the forked process.
[[noreturn]] void be_rank(const SharedRanks& shared, double patience, Report& report,
                          const std::function<std::vector<float>(Communicator&)>& body) {
    ProcessRank own(shared, patience, report);
    try {
        const std::vector<float> result = body(own);
        if (result.size() > std::size(report.result))
            throw Error("more numbers than there is room");
        std::copy(result.begin(), result.end(), report.result);
        report.count = std::ssize(result);
    } catch (const std::exception& error) {
        own.end(error.what());
    }
    ::_exit(0);
}

}  // namespace

std::vector<RankEnded> with_processes(int64_t ranks,
                                      const std::function<std::vector<float>(Communicator&)>& body,
                                      double patience) {
    const Shared meeting(SharedRanks::bytes(static_cast<int>(ranks)));
    const Shared reports(static_cast<size_t>(ranks) * sizeof(Report));
    auto* const report = reinterpret_cast<Report*>(reports.begin());
    const int64_t threads = threads_set();
    set_threads(1);  // a forked process has none but the one that forked
    std::cout << std::flush;
    std::vector<pid_t> processes;
    for (int64_t rank = 0; rank < ranks; ++rank) {
        const pid_t process = ::fork();
        if (process == 0)
            be_rank({meeting.begin(), static_cast<int>(rank), static_cast<int>(ranks)}, patience,
                    report[rank], body);
        processes.push_back(process);
    }
    set_threads(threads);
    std::vector<RankEnded> ended;
    for (int64_t rank = 0; rank < ranks; ++rank) {
        int status = 0;
        ::waitpid(processes[static_cast<size_t>(rank)], &status, 0);
        const Report& own = report[rank];
        ended.push_back({.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                         .said = own.said,
                         .result = {own.result, own.result + own.count}});
    }
    return ended;
}

std::vector<std::vector<float>> results_of_processes(
    int64_t ranks, const std::function<std::vector<float>(Communicator&)>& body) {
    std::vector<std::vector<float>> results;
    for (const RankEnded& ended : with_processes(ranks, body))
        if (ended.code == 0)
            results.push_back(ended.result);
        else if (!ended.said.empty())
            throw Error(ended.said);
    if (std::ssize(results) != ranks) throw Error("a rank ended without a word");
    return results;
}

}  // namespace mdn::test
