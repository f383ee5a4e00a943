// The ranks that an MPI launcher started.
//
// Nothing here waits inside MPI. A library that waits looks again and again, and takes the
// processor from ranks that still compute, also where ranks outnumber processors. So each operation
// is one that does not wait, and this program asks for its end, sleeps, and asks again.
#pragma once

#include <mpi.h>

#include <chrono>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "engine/communicator.h"

namespace mdn {

class MpiRanks final : public Communicator {
  public:
    /// MPI is initialised, and stays so while this lives.
    MpiRanks();
    ~MpiRanks() override;
    MpiRanks(const MpiRanks&) = delete;
    MpiRanks& operator=(const MpiRanks&) = delete;

    int64_t rank() const override { return rank_; }
    int64_t ranks() const override { return ranks_; }
    std::string name(int64_t rank) const override;
    std::string library() const override;
    int64_t hosts() const override { return hosts_; }
    int64_t rank_here() const override;
    void wait_until(const std::function<bool()>& over) override;
    void before_end(std::function<void()> action) override { before_end_ = std::move(action); }
    void be_patient() override { patient_ = true; }
    void wait_at_most(double seconds) override { base_limit_ = seconds; }
    void still_working() override;
    double seconds_waited() const override { return waited_; }
    void end_amid_sums(const std::exception& why) override;

    std::unique_ptr<Sum> start_sum(float* values, int64_t count) override;
    void gather(const void* own, void* all, const std::vector<int64_t>& bytes) override;
    void exchange(const void* out, const std::vector<int64_t>& sent, void* in,
                  const std::vector<int64_t>& received) override;
    void broadcast(void* bytes, int64_t count) override;

    /// Whether a rank is on this rank's host.
    bool is_here(int64_t rank) const {
        return host_of_[static_cast<size_t>(rank)] == host_of_[static_cast<size_t>(rank_)];
    }
    /// Waits until every rank has come here, on its way out, at most for so many seconds. Returns
    /// whether they have.
    bool all_leave(double seconds);
    /// Ends all ranks at once, after what before_end() was told.
    [[noreturn]] void end_all(int code);

  private:
    using Clock = std::chrono::steady_clock;
    class MpiSum;

    /// Until `over` says so. Ends the run where a rank keeps the others waiting for too long.
    void wait(const std::function<bool()>& over);
    void wait(MPI_Request& request);
    void advance_sums();
    void watch(double waited, double limit);
    void tick();
    void exchange_signs();
    void hear_signs();
    void hear_sign(int from);

    // One for each purpose, so that what ranks say while they wait, or on their way out, is never
    // taken for anything else.
    MPI_Comm work_ = MPI_COMM_NULL, sums_ = MPI_COMM_NULL, notices_ = MPI_COMM_NULL,
             leaving_ = MPI_COMM_NULL;
    int rank_ = 0, ranks_ = 1;
    int64_t hosts_ = 1;
    std::vector<std::string> host_of_;
    std::string library_;
    std::function<void()> before_end_;

    /// Sums that were started and are not over, of which the library has the first. Together they
    /// would share the link, and take longer than one after the other.
    std::deque<MpiSum*> sums_to_come_;

    /// Empty messages by which another rank and this one show each other that they are not stuck.
    struct Signs {
        MPI_Request leaving = MPI_REQUEST_NULL;  // the last that was given
        int64_t given = 0, taken = 0;
        double heard = 0;  // when, in seconds of awake_; or when all met later than that
    };
    std::vector<Signs> signs_;  // by rank
    // Of all_leave(): MPI may read and write them for as long as the process lives.
    std::vector<int64_t> leaving_given_, leaving_to_take_;
    double awake_ = 0;  // seconds, without those in which this process was stopped
    Clock::time_point last_tick_ = Clock::now(), last_exchange_ = Clock::now();
    Clock::time_point last_sign_ = Clock::now();  // of this rank's own work
    double longest_silence_ = 0;  // of this rank since the last wait, while it worked
    double waited_ = 0;
    bool patient_ = false;
    double base_limit_ = 20;  // seconds
};

}  // namespace mdn
