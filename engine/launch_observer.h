// How a GPU's code reports its launches while a profile (profile.h) is taken.
#pragma once

namespace mdn {

class LaunchObserver {
  public:
    virtual ~LaunchObserver() = default;
    virtual void kernel_launched() = 0;
    /// Around each product that cuBLAS computes.
    virtual void product_begins() = 0;
    virtual void product_ends() = 0;
};

/// Null unless a profile is being taken.
inline LaunchObserver* launch_observer = nullptr;

}  // namespace mdn
