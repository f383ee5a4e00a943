// A device as the engine uses it: what computes, where its memory comes from, and what it does
// beside computing. There is one object per device, and only backend.cpp knows which devices this
// build has.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/allocator.h"
#include "engine/device_ranks.h"
#include "engine/kernels.h"

namespace mdn {

/// Work that was recorded once and can be started again with one call.
class Recording {
  public:
    virtual ~Recording() = default;
    /// Starts the work again on the same memory; returns at once.
    virtual void replay() = 0;
};

/// Brings tensors up to the device while it is computing.
class Uploader {
  public:
    virtual ~Uploader() = default;
    /// Starts to bring up these host tensors, which must not change before finish().
    virtual void start(const std::vector<Tensor>& host) = 0;
    /// Puts what start() brought up into tensors of the same shapes and dtypes on the device,
    /// between what was started before and what is started afterwards.
    virtual void finish(const std::vector<Tensor>& device) = 0;
};

/// A device's own clock: how long what it was given takes, without the host's waiting for it.
class DeviceClock {
  public:
    virtual ~DeviceClock() = default;
    /// Notes the time at which all that was started before will have finished. Does not wait. In
    /// work that is being recorded, each replay notes the time anew.
    virtual void mark() = 0;
    /// Waits for all that was started; the seconds from each mark to the next.
    virtual std::vector<double> seconds() = 0;
};

class Backend {
  public:
    virtual ~Backend() = default;

    virtual Kernels& kernels() = 0;
    /// All tensors on the device have their memory from it.
    virtual Allocator& allocator() = 0;

    /// Waits until all that was started on the device has finished. Throws Error for what went
    /// wrong.
    virtual void synchronize() = 0;

    /// Calls `work`, which must only start kernels (no memory from the system, nothing read back by
    /// the host), and records what it starts without running it. All tensors that `work` leaves
    /// behind, and those it reads, must live as long as the recording. What it allocates and frees
    /// stays out of the system's hands, but not out of the allocator's: a tensor made after the
    /// recording may lie there, and is only good until the next replay. Null on a device that
    /// cannot record: nothing has been called then.
    virtual std::unique_ptr<Recording> record_work(const std::function<void()>& work) = 0;

    virtual std::unique_ptr<Uploader> make_uploader() = 0;
    virtual std::unique_ptr<DeviceClock> make_clock() = 0;

    /// Before the device is used: this process is number `number` from 0 of those on this machine,
    /// and takes that one of its devices, from the first again where there are fewer.
    virtual void choose(int64_t /*number*/) {}
    struct Joined {
        std::unique_ptr<DeviceRanks> ranks;  // null: they cannot be joined
        std::string note = {};
    };
    /// Joins this device with those of the other ranks, all of which call it. `over` must outlive
    /// what this returns, which must outlive all recordings of work that uses it.
    virtual Joined join(Communicator& /*over*/) { return {}; }
};

/// Throws Error with how to get the device when this build has none.
Backend& backend(Device device);

Backend& cpu_backend();   // cpu/cpu_backend.cpp
Backend& cuda_backend();  // cuda/cuda_backend.cu, where this build has CUDA

}  // namespace mdn
