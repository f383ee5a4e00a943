#include "tests/train/parallel/thread_ranks.h"

#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>

namespace mdn::test {

namespace {

/// Where the ranks meet: nobody leaves a meeting before all have come. One rank runs at a time, the
/// others wait for their turn: an emulated GPU knows one thread.
class Meeting {
  public:
    explicit Meeting(int64_t ranks) : places(static_cast<size_t>(ranks)) {}

    std::unique_lock<std::mutex> turn() { return std::unique_lock(mutex_); }

    /// `lock` is a turn.
    void come(std::unique_lock<std::mutex>& lock) {
        const int64_t round = round_;
        if (++here_ == std::ssize(places)) {
            here_ = 0;
            ++round_;
            all_here_.notify_all();
        }
        all_here_.wait(lock, [&] { return broken_ || round_ != round; });
        if (round_ == round) throw Error("another rank has failed");
    }
    void give_up() {
        broken_ = true;
        all_here_.notify_all();
    }

    struct Place {
        const char* bytes = nullptr;
        std::vector<int64_t> sizes;
    };
    std::vector<Place> places;

  private:
    std::mutex mutex_;
    std::condition_variable all_here_;
    int64_t here_ = 0, round_ = 0;
    bool broken_ = false;
};

class ThreadRank final : public Communicator {
  public:
    ThreadRank(Meeting& meeting, std::unique_lock<std::mutex>& turn, int64_t rank)
        : meeting_(meeting), turn_(turn), rank_(rank) {}

    int64_t rank() const override { return rank_; }
    int64_t ranks() const override { return std::ssize(meeting_.places); }
    std::string name(int64_t rank) const override { return "rank " + std::to_string(rank); }
    std::string library() const override { return "threads of one process"; }
    void wait_until(const std::function<bool()>& over) override {
        while (!over()) {
        }
    }
    void end_amid_sums(const std::exception& why) override {
        throw Error("amid sums: " + std::string(why.what()));
    }

    std::unique_ptr<Sum> start_sum(float* values, int64_t count) override {
        return std::make_unique<LateSum>(*this, values, count);
    }
    void gather(const void* own, void* all, const std::vector<int64_t>& bytes) override {
        show(own, {});
        char* to = static_cast<char*>(all);
        for (size_t r = 0; r < bytes.size(); ++r) {
            copy(to, meeting_.places[r].bytes, bytes[r]);
            to += bytes[r];
        }
        meeting_.come(turn_);
    }
    void exchange(const void* out, const std::vector<int64_t>& sent, void* in,
                  const std::vector<int64_t>& received) override {
        show(out, sent);
        char* to = static_cast<char*>(in);
        for (size_t r = 0; r < received.size(); ++r) {
            const Meeting::Place& from = meeting_.places[r];
            const int64_t before =
                std::accumulate(from.sizes.begin(), from.sizes.begin() + rank_, int64_t{0});
            if (from.sizes[static_cast<size_t>(rank_)] != received[r])
                throw Error("rank " + std::to_string(r) + " sends another number of bytes");
            copy(to, from.bytes + before, received[r]);
            to += received[r];
        }
        meeting_.come(turn_);
    }
    void broadcast(void* bytes, int64_t count) override {
        show(bytes, {});
        if (rank_ != 0) copy(bytes, meeting_.places[0].bytes, count);
        meeting_.come(turn_);
    }

  private:
    /// Adds when it is waited for, which must be in the same order on all ranks, what was there
    /// when it started.
    class LateSum final : public Sum {
      public:
        LateSum(ThreadRank& rank, float* values, int64_t count)
            : rank_(rank), values_(values), count_(count), sent_(values, values + count) {}
        void advance() override {}
        void wait() override {
            rank_.show(sent_.data(), {});
            std::vector<float> sum(static_cast<size_t>(count_));
            for (const Meeting::Place& place : rank_.meeting_.places) {
                const auto* numbers = reinterpret_cast<const float*>(place.bytes);
                for (int64_t i = 0; i < count_; ++i) sum[static_cast<size_t>(i)] += numbers[i];
            }
            rank_.meeting_.come(rank_.turn_);
            std::memcpy(values_, sum.data(), sum.size() * sizeof(float));
        }

      private:
        ThreadRank& rank_;
        float* values_;
        int64_t count_;
        std::vector<float> sent_;
    };

    static void copy(void* to, const char* from, int64_t count) {
        if (count > 0) std::memcpy(to, from, static_cast<size_t>(count));
    }
    void show(const void* bytes, std::vector<int64_t> sizes) {
        meeting_.places[static_cast<size_t>(rank_)] = {static_cast<const char*>(bytes),
                                                       std::move(sizes)};
        meeting_.come(turn_);
    }

    Meeting& meeting_;
    std::unique_lock<std::mutex>& turn_;
    int64_t rank_;
};

}  // namespace

void with_ranks(int64_t ranks, const std::function<void(Communicator&)>& body) {
    Meeting meeting(ranks);
    std::exception_ptr first;
    std::vector<std::thread> threads;
    for (int64_t rank = 0; rank < ranks; ++rank)
        threads.emplace_back([&, rank] {
            std::unique_lock turn = meeting.turn();
            ThreadRank own(meeting, turn, rank);
            try {
                body(own);
            } catch (...) {
                if (!first) first = std::current_exception();
                meeting.give_up();
            }
        });
    for (std::thread& thread : threads) thread.join();
    if (first) std::rethrow_exception(first);
}

}  // namespace mdn::test
