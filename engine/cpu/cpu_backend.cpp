// The CPU as a device. It does everything at once, so there is nothing to wait for or to overlap.
#include <chrono>

#include "engine/backend.h"
#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/growing_segment.h"

namespace mdn {

namespace {

/// What start() is given waits as it is.
class CpuUploader final : public Uploader {
  public:
    void start(const std::vector<Tensor>& host) override { waiting_ = host; }
    void finish(const std::vector<Tensor>& device) override {
        for (size_t i = 0; i < device.size(); ++i) device[i].copy_from(waiting_[i]);
        waiting_.clear();
    }

  private:
    std::vector<Tensor> waiting_;
};

/// What was started has finished.
class CpuClock final : public DeviceClock {
  public:
    void mark() override { marks_.push_back(std::chrono::steady_clock::now()); }
    std::vector<double> seconds() override {
        std::vector<double> seconds;
        for (size_t i = 1; i < marks_.size(); ++i)
            seconds.push_back(std::chrono::duration<double>(marks_[i] - marks_[i - 1]).count());
        return seconds;
    }

  private:
    std::vector<std::chrono::steady_clock::time_point> marks_;
};

class CpuBackend final : public Backend {
  public:
    Kernels& kernels() override { return kernels_; }
    Allocator& allocator() override { return *allocator_; }
    void synchronize() override {}
    std::unique_ptr<Recording> record_work(const std::function<void()>&) override {
        return nullptr;
    }
    std::unique_ptr<Uploader> make_uploader() override { return std::make_unique<CpuUploader>(); }
    std::unique_ptr<DeviceClock> make_clock() override { return std::make_unique<CpuClock>(); }

  private:
    CpuKernels kernels_;
    std::unique_ptr<Allocator> allocator_ = caching_allocator({.allocate = allocate_host_segment,
                                                               .release = release_host_segment,
                                                               .guard_blocks = true,
                                                               .grow = grow_host_segment});
};

}  // namespace

Backend& cpu_backend() {
    // Never destroyed: tensors with static lifetime may outlive any order of destruction.
    static CpuBackend& cpu = *new CpuBackend;
    return cpu;
}

}  // namespace mdn
