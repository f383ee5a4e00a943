// The devices of ranks, joined by a library that moves numbers between them without the host (NCCL
// between GPUs).
//
// A Communicator works on the host's memory and waits. What is asked for here is work of the
// device instead: a call returns at once, the device does it in the order described, and it may be
// recorded (Backend::record_work). All ranks make the same calls in the same order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace mdn {

class DeviceRanks {
  public:
    virtual ~DeviceRanks() = default;

    /// Replaces x, f32, by its sum over all ranks: after what was started before, and beside what
    /// is started afterwards, up to finish_sums(). x must stay, and nobody may touch it, until
    /// then. All ranks have the same bits; which ones, the library does not promise.
    virtual void start_sum(const Tensor& x) = 0;
    /// What is started from here on comes after all sums.
    virtual void finish_sums() = 0;

    /// bytes[r] bytes of each rank r, of which `own` are this rank's, one after the other into
    /// `all`, in the order of the device's work.
    virtual void gather(const Tensor& own, const Tensor& all,
                        const std::vector<int64_t>& bytes) = 0;
    /// Sends sent[r] bytes of `out` to each rank r, and receives received[r] from it into `in`,
    /// both in the order of the ranks, in the order of the device's work.
    virtual void exchange(const Tensor& out, const std::vector<int64_t>& sent, const Tensor& in,
                          const std::vector<int64_t>& received) = 0;

    /// Waits until all that was started on the device is done, as Communicator::wait_until does:
    /// whoever would wait in another way, after a call above, might wait for ever. Throws Error for
    /// what went wrong.
    virtual void wait() = 0;

    /// What adds, and how, as in Communicator::library().
    virtual std::string library() const = 0;
};

}  // namespace mdn
