// A profile is taken by kernels that stand before a device's own: they note when each call begins
// and ends, and pass it on.
#include "engine/profile.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "engine/backend.h"
#include "engine/launch_observer.h"
#include "engine/profiling_kernels.h"

namespace mdn {

namespace {

class Profile final : public LaunchObserver, public CallObserver {
  public:
    explicit Profile(Device device) : clock_(backend(device).make_clock()) { find(between_calls); }

    void begin(const char* family, double bytes, double operations) override {
        const size_t index = find(family);
        ++families_[index].calls;
        families_[index].bytes += bytes;
        families_[index].operations += operations;
        under_way_.push_back({index, false});
        mark();
    }
    void end() override {
        under_way_.pop_back();
        mark();
    }
    void kernel_launched() override { ++families_[under_way_.back().family].launches; }
    void product_begins() override {
        kernel_launched();
        under_way_.push_back({under_way_.back().family, true});
        mark();
    }
    void product_ends() override { end(); }

    /// Adds the times of the last run to the families.
    void add_times() {
        const std::vector<double> seconds = clock_->seconds();
        for (size_t i = 0; i < seconds.size(); ++i) {
            KernelFamily& family = families_[intervals_[i].family];
            family.seconds += seconds[i];
            if (intervals_[i].product) family.product_seconds += seconds[i];
        }
    }
    /// What was seen once was done so many times.
    std::vector<KernelFamily> results(int64_t times) {
        for (KernelFamily& family : families_) {
            family.calls *= times;
            family.launches *= times;
            family.bytes *= static_cast<double>(times);
            family.operations *= static_cast<double>(times);
        }
        std::sort(families_.begin(), families_.end(),
                  [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
        return std::move(families_);
    }

  private:
    struct Owner {
        size_t family;
        bool product;
    };

    size_t find(const char* name) {
        for (size_t i = 0; i < families_.size(); ++i)
            if (families_[i].name == name) return i;
        families_.push_back({.name = name});
        return families_.size() - 1;
    }
    /// The time from here to the next mark belongs to what is under way now.
    void mark() {
        clock_->mark();
        intervals_.push_back(under_way_.back());
    }

    std::unique_ptr<DeviceClock> clock_;
    std::vector<KernelFamily> families_;
    std::vector<Owner> intervals_;                 // one a mark
    std::vector<Owner> under_way_ = {{0, false}};  // the innermost last; none: between calls
};

Kernels* installed_kernels = nullptr;
Device profiled_device = Device::cpu;

}  // namespace

Kernels* profiling_kernels(Device device) {
    return device == profiled_device ? installed_kernels : nullptr;
}

namespace {

/// The kernels that stand before the device's own, there while it lives.
class Installed {
  public:
    Installed(Device device, Profile& profile) : kernels_(kernels(device), profile) {
        profiled_device = device;
        installed_kernels = &kernels_;
        launch_observer = &profile;
    }
    ~Installed() {
        installed_kernels = nullptr;
        launch_observer = nullptr;
    }
    Installed(const Installed&) = delete;
    Installed& operator=(const Installed&) = delete;

  private:
    ProfilingKernels kernels_;
};

}  // namespace

std::vector<KernelFamily> profile_kernels(Device device, const std::function<void()>& work) {
    Profile profile(device);
    {
        const Installed while_working(device, profile);
        work();
    }
    profile.add_times();
    return profile.results(1);
}

std::vector<KernelFamily> profile_replays(Device device, const std::function<void()>& work,
                                          int64_t runs) {
    Profile profile(device);
    std::unique_ptr<Recording> recording;
    {
        const Installed while_working(device, profile);
        recording = backend(device).record_work(work);
    }
    if (!recording)
        return profile_kernels(device, [&] {
            for (int64_t run = 0; run < runs; ++run) work();
        });
    for (int64_t run = 0; run < runs; ++run) {
        recording->replay();
        profile.add_times();
    }
    return profile.results(runs);
}

}  // namespace mdn
