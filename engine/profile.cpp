// A profile is taken by kernels that stand before a device's own: they note when each call begins
// and ends, and pass it on.
#include "engine/profile.h"

#include <algorithm>
#include <cstddef>
#include <map>
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

    void begin(const char*, const char* family, double bytes, double operations) override {
        const Owner owner{find(family), find(module_under_way()), false};
        const auto count = [&](auto& work) {
            ++work.calls;
            work.bytes += bytes;
            work.operations += operations;
        };
        count(families_[owner.family]);
        count(modules_[owner.module]);
        under_way_.push_back(owner);
        mark();
    }
    void end() override {
        under_way_.pop_back();
        mark();
    }
    void kernel_launched() override {
        ++families_[under_way_.back().family].launches;
        if (under_way_.size() > 1) ++modules_[under_way_.back().module].launches;
    }
    void product_begins() override {
        kernel_launched();
        under_way_.push_back(under_way_.back());
        under_way_.back().product = true;
        mark();
    }
    void product_ends() override { end(); }

    /// Adds the times of the last run to the families.
    void add_times() {
        const std::vector<double> seconds = clock_->seconds();
        for (size_t i = 0; i < seconds.size(); ++i) {
            KernelFamily& family = families_[intervals_[i].family];
            family.seconds += seconds[i];
            if (intervals_[i].family != outside)
                modules_[intervals_[i].module].seconds += seconds[i];
            if (intervals_[i].product) family.product_seconds += seconds[i];
        }
    }
    /// What was seen once was done so many times.
    KernelProfile results(int64_t times) {
        const auto multiply = [&](auto& works) {
            for (auto& work : works) {
                work.calls *= times;
                work.launches *= times;
                work.bytes *= static_cast<double>(times);
                work.operations *= static_cast<double>(times);
            }
        };
        multiply(families_);
        multiply(modules_);
        std::sort(families_.begin(), families_.end(),
                  [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
        return {std::move(families_), std::move(modules_)};
    }

  private:
    struct Owner {
        size_t family, module;
        bool product;
    };
    static constexpr size_t outside = 0;  // the family between_calls

    size_t find(const char* name) {
        for (size_t i = 0; i < families_.size(); ++i)
            if (families_[i].name == name) return i;
        families_.push_back({.name = name});
        return families_.size() - 1;
    }
    size_t find(const ModuleUnderWay& now) {
        const auto [place, is_new] = module_places_.emplace(std::pair(now.module, now.pass), 0);
        if (is_new) {
            place->second = modules_.size();
            modules_.push_back({.module = now.module, .pass = now.pass});
        }
        return place->second;
    }
    /// The time from here to the next mark belongs to what is under way now.
    void mark() {
        clock_->mark();
        intervals_.push_back(under_way_.back());
    }

    std::unique_ptr<DeviceClock> clock_;
    std::vector<KernelFamily> families_;
    std::vector<ModuleWork> modules_;
    std::map<std::pair<ModuleName, Pass>, size_t> module_places_;
    std::vector<Owner> intervals_;                          // one a mark
    std::vector<Owner> under_way_ = {{outside, 0, false}};  // the innermost last
};

Kernels* installed_kernels = nullptr;
Device profiled_device = Device::cpu;

}  // namespace

Kernels* profiling_kernels(Device device) {
    return device == profiled_device ? installed_kernels : nullptr;
}

ObserveCalls::ObserveCalls(Device device, CallObserver& observer)
    : kernels_(std::make_unique<ProfilingKernels>(backend(device).kernels(), observer)) {
    profiled_device = device;
    installed_kernels = kernels_.get();
}
ObserveCalls::~ObserveCalls() { installed_kernels = nullptr; }

namespace {

/// While it lives, the profile sees calls and launches.
class Installed {
  public:
    Installed(Device device, Profile& profile) : calls_(device, profile) {
        launch_observer = &profile;
    }
    ~Installed() { launch_observer = nullptr; }
    Installed(const Installed&) = delete;
    Installed& operator=(const Installed&) = delete;

  private:
    ObserveCalls calls_;
};

}  // namespace

KernelProfile profile_kernels(Device device, const std::function<void()>& work) {
    Profile profile(device);
    {
        const Installed while_working(device, profile);
        work();
    }
    profile.add_times();
    return profile.results(1);
}

KernelProfile profile_replays(Device device, const std::function<void()>& work, int64_t runs) {
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
