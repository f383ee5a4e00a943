// What a GPU's code tells the profile that is being taken (profile.h), if one is.
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
