// Work that is done again and again on tensors that stay where they are: called at first, then
// recorded and replayed on a device that can (a CUDA graph).
#pragma once

#include <functional>
#include <memory>

#include "engine/backend.h"

namespace mdn {

class RecordedWork {
  public:
    /// Without `record`, or on a device that cannot, the work is always called.
    RecordedWork(Device device, bool record) : device_(device), record_(record) {}

    /// Starts the work, which must be the same every time and fit for record_work(). Returns true
    /// if this was a replay.
    bool run(const std::function<void()>& work);

  private:
    Device device_;
    bool record_;
    int64_t calls_ = 0;
    std::unique_ptr<Recording> recording_;
};

}  // namespace mdn
