// The one place that knows which devices this build has.
#include <chrono>

#include "engine/allocator.h"
#include "engine/cpu/cpu_kernels.h"
#include "engine/kernels.h"
#include "engine/profile.h"
#include "engine/stream.h"

#ifdef MDN_CUDA
#include "engine/cuda/cuda_kernels.h"
#endif

namespace mdn {

namespace {

#ifdef MDN_CUDA
Kernels& gpu_kernels() { return cuda_kernels(); }
Allocator& gpu_allocator() { return cuda_allocator(); }
void gpu_synchronize() { cuda_synchronize(); }
std::unique_ptr<Recording> gpu_record_work(const std::function<void()>& work) {
    return cuda_record_work(work);
}
std::unique_ptr<Uploader> gpu_uploader() { return make_cuda_uploader(); }
std::unique_ptr<DeviceClock> gpu_clock() { return make_cuda_clock(); }
#else
[[noreturn]] void complain() {
    throw Error("this program was built without CUDA",
                "rebuild with make CUDA=1 where the CUDA toolkit is installed, or run with "
                "--device cpu");
}
Kernels& gpu_kernels() { complain(); }
Allocator& gpu_allocator() { complain(); }
void gpu_synchronize() { complain(); }
std::unique_ptr<Recording> gpu_record_work(const std::function<void()>&) { complain(); }
std::unique_ptr<Uploader> gpu_uploader() { complain(); }
std::unique_ptr<DeviceClock> gpu_clock() { complain(); }
#endif

/// Nothing to overlap: what start() is given waits as it is.
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

}  // namespace

Kernels& kernels(Device device) {
    static CpuKernels cpu;
    if (Kernels* profiling = profiling_kernels(device)) return *profiling;
    return device == Device::cuda ? gpu_kernels() : cpu;
}

Allocator& allocator(Device device) {
    return device == Device::cuda ? gpu_allocator() : cpu_allocator();
}

void synchronize(Device device) {
    if (device == Device::cuda) gpu_synchronize();
}

std::unique_ptr<Recording> record_work(Device device, const std::function<void()>& work) {
    return device == Device::cuda ? gpu_record_work(work) : nullptr;
}

std::unique_ptr<Uploader> make_uploader(Device device) {
    if (device == Device::cuda) return gpu_uploader();
    return std::make_unique<CpuUploader>();
}

std::unique_ptr<DeviceClock> make_device_clock(Device device) {
    if (device == Device::cuda) return gpu_clock();
    return std::make_unique<CpuClock>();
}

}  // namespace mdn
