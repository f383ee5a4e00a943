// Processes that compute one batch together. Each is a rank, as MPI calls it, and all make the same
// calls in the same order.
//
// Where a result must not depend on how a library adds, numbers are gathered and each rank adds
// them in the order of the ranks: statistics of batch norm, losses. Gradients are too many for
// that, so a library adds them (start_sum).
//
// Where the ranks' devices are joined (engine/device_ranks.h), tensors on them do not come to the
// host.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/device_ranks.h"
#include "engine/tensor.h"

namespace mdn {

class Communicator {
  public:
    virtual ~Communicator() = default;

    virtual int64_t rank() const = 0;
    virtual int64_t ranks() const = 0;

    /// A sum under way. Its memory must stay until wait() has returned.
    class Sum {
      public:
        virtual ~Sum() = default;
        /// Lets it advance, which some libraries do only when they are called. Does not wait.
        virtual void advance() = 0;
        virtual void wait() = 0;
    };
    /// Starts to replace `values`, `count` on each rank, by their sums over all ranks. The same
    /// numbers give the same bits on all ranks, and in each run of the same program on as many
    /// ranks; `count` may decide in which order a library adds.
    virtual std::unique_ptr<Sum> start_sum(float* values, int64_t count) = 0;

    /// bytes[r] bytes of each rank r, of which `own` are this rank's, one after the other into
    /// `all`, on every rank.
    virtual void gather(const void* own, void* all, const std::vector<int64_t>& bytes) = 0;
    /// Sends sent[r] bytes of `out` to each rank r, and receives received[r] from it into `in`,
    /// both in the order of the ranks.
    virtual void exchange(const void* out, const std::vector<int64_t>& sent, void* in,
                          const std::vector<int64_t>& received) = 0;
    /// Replaces the bytes by those of rank 0.
    virtual void broadcast(void* bytes, int64_t count) = 0;

    /// Returns when over() says so, which is asked again and again. All ranks call it; where ranks
    /// watch, one that keeps the others waiting for too long ends the run.
    virtual void wait_until(const std::function<bool()>& over) = 0;

    /// For messages: "rank 1 on host node7".
    virtual std::string name(int64_t rank) const = 0;
    /// How many machines they are on.
    virtual int64_t hosts() const { return 1; }
    /// This one's number among those of its machine.
    virtual int64_t rank_here() const { return rank(); }
    /// The next call may wait long for the others: one of them writes files, say. Whoever watches
    /// for ranks that hang is told so.
    virtual void be_patient() {}
    /// How long a rank may be silent while others wait for it before they end the run, where ranks
    /// watch.
    virtual void wait_at_most(double) {}
    /// To be called often by a rank that works, between ops: it is not silent then.
    virtual void still_working() {}
    /// Seconds that this rank has waited so far for the others, or for the network between them;
    /// not where it was patient. 0 where nobody counts.
    virtual double seconds_waited() const { return 0; }
    /// For an error that comes while a sum is under way, whose memory must stay: where ranks are
    /// processes, says it and ends them all. Returns where they are not.
    virtual void end_amid_sums(const std::exception&) {}
    /// Called where a rank ends all, once it has said why.
    virtual void before_end(std::function<void()>) {}
    /// What adds, and how: equal texts promise equal bits of start_sum().
    virtual std::string library() const = 0;

    /// Joins the devices of all ranks. Returns what is to be said of it, which may be that they
    /// cannot be joined: all then goes through the host. Nothing for the CPU.
    std::string join_devices(Device device);
    /// What joined them; null where they are not, or where `device` is another.
    DeviceRanks* devices(Device device) const {
        return device == joined_device_ ? devices_.get() : nullptr;
    }

    /// As many numbers of each rank, in the order of the ranks: [ranks][own.size()].
    std::vector<std::vector<double>> gather_numbers(const std::vector<double>& own);
    /// A text of each rank.
    std::vector<std::string> gather_text(const std::string& own);
    /// That of rank 0.
    std::string broadcast_text(const std::string& own);
    /// Rows of each rank, x [rows[rank],...] → [Σ rows,...] on the device of x. A rank of which no
    /// row is asked for may give an x of any number of rows.
    Tensor gather_rows(const Tensor& x, const std::vector<int64_t>& rows);
    /// The reverse, adding: x [Σ rows,...] of each rank → the sum over the ranks, in their order,
    /// of this rank's rows. f32 or f64.
    Tensor sum_own_rows(const Tensor& x, const std::vector<int64_t>& rows);

  private:
    std::unique_ptr<DeviceRanks> devices_;
    Device joined_device_ = Device::cpu;
};

/// Which part of a batch this rank computes: the ranks share its clips, in their order, as evenly
/// as can be, and the first ones take one more where they do not divide.
struct BatchShare {
    Communicator* over = nullptr;  // null: one process computes the whole batch
    std::vector<int64_t> clips{};  // of each rank

    bool is_part() const { return over != nullptr; }
    int64_t own() const { return clips[static_cast<size_t>(over->rank())]; }
    /// Clips of the batch before this rank's first.
    int64_t first() const;
    int64_t in_all() const;
    /// Of this rank's mean in that of the batch.
    double weight() const { return static_cast<double>(own()) / static_cast<double>(in_all()); }
};

/// Clips of each rank, of `clips`.
std::vector<int64_t> shares_of(int64_t clips, int64_t ranks);

}  // namespace mdn
