// The GPU as a device: its memory, CUDA graphs, its clock, and uploads through pinned memory on a
// stream of their own.
#include "engine/backend.h"

#include <cstdlib>
#include <cstring>
#include <string>

#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/launch.h"
#include "engine/cuda/nccl/nccl_ranks.h"

namespace mdn {

namespace {

class Graph final : public Recording {
  public:
    explicit Graph(const std::function<void()>& work) {
        const cudaStream_t stream = cuda_context().stream();
        cudaGraph_t graph = nullptr;
        // Kernels will run again on memory that the allocator takes for free.
        const SegmentHold hold;
        check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed),
              "beginning to record a graph");
        try {
            work();
        } catch (...) {
            cudaStreamEndCapture(stream, &graph);
            if (graph) cudaGraphDestroy(graph);
            cudaGetLastError();
            throw;
        }
        check(cudaStreamEndCapture(stream, &graph), "recording a graph");
        const cudaError_t error = cudaGraphInstantiate(&executable_, graph, 0);
        cudaGraphDestroy(graph);
        check(error, "preparing a graph");
        allocator(Device::cuda).hold_segments(true);  // until the destructor
    }
    ~Graph() override {
        cudaStreamSynchronize(cuda_context().stream());
        cudaGraphExecDestroy(executable_);
        allocator(Device::cuda).hold_segments(false);
    }
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;

    void replay() override {
        check(cudaGraphLaunch(executable_, cuda_context().stream()), "launching a graph");
    }

  private:
    struct SegmentHold {
        SegmentHold() { allocator(Device::cuda).hold_segments(true); }
        ~SegmentHold() { allocator(Device::cuda).hold_segments(false); }
    };

    cudaGraphExec_t executable_ = nullptr;
};

/// Memory straight from the system, freed with its owner: the GPU's, or the host's, pinned.
class Buffer {
  public:
    explicit Buffer(Device device) : device_(device) {}
    ~Buffer() { release(); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    /// Makes it hold at least `bytes`; what it held is lost when it has to grow. Throws
    /// OutOfMemory.
    void reserve(int64_t bytes) {
        if (bytes <= bytes_) return;
        cuda_context().synchronize();  // copies may still read it
        check(release(), "freeing a buffer");
        cudaError_t error = allocate(bytes);
        if (error == cudaErrorMemoryAllocation) {
            cudaGetLastError();
            allocator(Device::cuda).release_cached();
            error = allocate(bytes);
        }
        if (error == cudaErrorMemoryAllocation) {
            cudaGetLastError();
            const bool on_gpu = device_ == Device::cuda;
            throw OutOfMemory("out of memory: asked the system for " + std::to_string(bytes >> 20) +
                              " MiB of " + (on_gpu ? "GPU" : "pinned") +
                              " memory for the next batch" + (on_gpu ? what_is_free() : ""));
        }
        check(error, "allocating a buffer");
        bytes_ = bytes;
        if (device_ == Device::cuda) allocator(Device::cuda).count_outside(bytes);
    }
    char* begin() const { return static_cast<char*>(memory_); }

  private:
    cudaError_t allocate(int64_t bytes) {
        const auto size = static_cast<size_t>(bytes);
        return device_ == Device::cuda ? cudaMalloc(&memory_, size)
                                       : cudaMallocHost(&memory_, size);
    }
    cudaError_t release() {
        const cudaError_t error =
            device_ == Device::cuda ? cudaFree(memory_) : cudaFreeHost(memory_);
        if (device_ == Device::cuda) allocator(Device::cuda).count_outside(-bytes_);
        memory_ = nullptr;
        bytes_ = 0;
        return error;
    }

    Device device_;
    void* memory_ = nullptr;
    int64_t bytes_ = 0;
};

class CudaUploader final : public Uploader {
  public:
    CudaUploader() {
        check(cudaEventCreateWithFlags(&arrived_, cudaEventDisableTiming), "creating an event");
        check(cudaEventCreateWithFlags(&taken_, cudaEventDisableTiming), "creating an event");
    }
    ~CudaUploader() override {
        cudaStreamSynchronize(cuda_context().upload_stream());
        cudaStreamSynchronize(cuda_context().stream());
        cudaEventDestroy(arrived_);
        cudaEventDestroy(taken_);
    }
    CudaUploader(const CudaUploader&) = delete;
    CudaUploader& operator=(const CudaUploader&) = delete;

    void start(const std::vector<Tensor>& host) override {
        const cudaStream_t upload = cuda_context().upload_stream();
        // The last upload has left the pinned memory, and the staging memory has been read.
        check(cudaEventSynchronize(arrived_), "an upload");
        check(cudaStreamWaitEvent(upload, taken_, 0), "ordering an upload");
        sizes_.clear();
        int64_t offset = 0;
        for (const Tensor& x : host) {
            sizes_.push_back(x.bytes());
            offset += room_for(x);
        }
        pinned_.reserve(offset);
        staging_.reserve(offset);
        offset = 0;
        for (const Tensor& x : host) {
            const auto size = static_cast<size_t>(x.bytes());
            std::memcpy(pinned_.begin() + offset, x.raw(), size);
            check(cudaMemcpyAsync(staging_.begin() + offset, pinned_.begin() + offset, size,
                                  cudaMemcpyHostToDevice, upload),
                  "an upload");
            offset += room_for(x);
        }
        check(cudaEventRecord(arrived_, upload), "an upload");
    }

    void finish(const std::vector<Tensor>& device) override {
        const cudaStream_t stream = cuda_context().stream();
        check(cudaStreamWaitEvent(stream, arrived_, 0), "waiting for an upload");
        int64_t offset = 0;
        for (size_t i = 0; i < device.size(); ++i) {
            const Tensor& x = device[i];
            if (x.bytes() != sizes_.at(i))
                throw Error("[upload] " + std::to_string(sizes_[i]) +
                            " bytes came up for a tensor of shape " + to_string(x.shape()));
            check(cudaMemcpyAsync(x.raw(), staging_.begin() + offset,
                                  static_cast<size_t>(x.bytes()), cudaMemcpyDeviceToDevice, stream),
                  "taking an upload");
            offset += room_for(x);
        }
        check(cudaEventRecord(taken_, stream), "taking an upload");
    }

  private:
    /// Bytes from one tensor to the next: their beginnings are aligned as the allocator's are.
    static int64_t room_for(const Tensor& x) { return ceil_divide(x.bytes(), 64) * 64; }

    Buffer pinned_{Device::cpu};
    // Not a tensor: uploads are not in the order of the main stream, and recorded work runs again
    // on memory that the allocator takes for free.
    Buffer staging_{Device::cuda};
    std::vector<int64_t> sizes_;  // bytes of each tensor on its way
    cudaEvent_t arrived_ = nullptr, taken_ = nullptr;
};

class CudaClock final : public DeviceClock {
  public:
    CudaClock() = default;
    ~CudaClock() override {
        for (const cudaEvent_t event : events_) cudaEventDestroy(event);
    }
    CudaClock(const CudaClock&) = delete;
    CudaClock& operator=(const CudaClock&) = delete;

    void mark() override {
        const cudaStream_t stream = cuda_context().stream();
        cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
        check(cudaStreamIsCapturing(stream, &status), "asking whether work is recorded");
        events_.push_back(nullptr);
        check(cudaEventCreate(&events_.back()), "creating an event");
        check(cudaEventRecordWithFlags(events_.back(), stream,
                                       status == cudaStreamCaptureStatusActive
                                           ? cudaEventRecordExternal
                                           : cudaEventRecordDefault),
              "noting the time");
    }
    std::vector<double> seconds() override {
        cuda_context().synchronize();
        std::vector<double> seconds;
        for (size_t i = 1; i < events_.size(); ++i) {
            float milliseconds = 0;
            check(cudaEventElapsedTime(&milliseconds, events_[i - 1], events_[i]),
                  "reading the time");
            seconds.push_back(1e-3 * milliseconds);
        }
        return seconds;
    }

  private:
    std::vector<cudaEvent_t> events_;
};

std::unique_ptr<Allocator> make_allocator() {
    const auto allocate = [](int64_t bytes) -> void* {
        cuda_context();
        void* segment = nullptr;
        const cudaError_t error = cudaMalloc(&segment, static_cast<size_t>(bytes));
        if (error == cudaErrorMemoryAllocation) {
            cudaGetLastError();
            return nullptr;
        }
        check(error, "allocating memory");
        return segment;
    };
    const auto release = [](void* segment) {
        cuda_context().synchronize();  // kernels may still be using it
        cudaFree(segment);
    };
    const auto free_bytes = []() -> int64_t {
        size_t free = 0, total = 0;
        check(cudaMemGetInfo(&free, &total), "asking for free memory");
        return static_cast<int64_t>(free);
    };
    // Memory freed by one kernel's caller is handed to the next one at once: everything runs in the
    // order of one stream.
    const SystemMemory system{allocate, release, free_bytes, /*guard_blocks=*/true};
    const char* const exact = std::getenv("MDN_EXACT_ALLOCATIONS");
    return exact && std::string(exact) == "1" ? exact_allocator(system) : caching_allocator(system);
}

class CudaBackend final : public Backend {
  public:
    Kernels& kernels() override {
        cuda_context();  // complains, where there is reason to, before anything else does
        return kernels_;
    }
    Allocator& allocator() override { return *allocator_; }
    void synchronize() override { cuda_context().synchronize(); }
    std::unique_ptr<Recording> record_work(const std::function<void()>& work) override {
        return std::make_unique<Graph>(work);
    }
    std::unique_ptr<Uploader> make_uploader() override { return std::make_unique<CudaUploader>(); }
    std::unique_ptr<DeviceClock> make_clock() override { return std::make_unique<CudaClock>(); }
    void choose(int64_t number) override { choose_gpu(number); }
    Joined join(Communicator& over) override { return join_by_nccl(over); }

  private:
    CudaKernels kernels_;
    std::unique_ptr<Allocator> allocator_ = make_allocator();
};

}  // namespace

std::string CudaKernels::device_name() const { return cuda_context().description(); }

Backend& cuda_backend() {
    // Never destroyed, as the CPU's.
    static CudaBackend& cuda = *new CudaBackend;
    return cuda;
}

}  // namespace mdn
