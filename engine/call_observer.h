// Being told of every call of a device's kernels.
#pragma once

#include <memory>

#include "engine/tensor.h"

namespace mdn {

class CallObserver {
  public:
    virtual ~CallObserver() = default;
    /// Calls nest where a kernel calls others. Bytes and operations are KernelFamily's (profile.h).
    virtual void begin(const char* kernel, const char* family, double bytes, double operations) = 0;
    virtual void end() = 0;
};

class ProfilingKernels;

/// While it lives, kernels(device) reports each call to the observer and passes it on. There is at
/// most one at a time.
class ObserveCalls {
  public:
    ObserveCalls(Device device, CallObserver& observer);
    ~ObserveCalls();
    ObserveCalls(const ObserveCalls&) = delete;
    ObserveCalls& operator=(const ObserveCalls&) = delete;

  private:
    std::unique_ptr<ProfilingKernels> kernels_;
};

}  // namespace mdn
