// CUDA graphs, and uploads through pinned memory on a stream of their own.
#include "engine/stream.h"

#include <cstring>

#include "engine/allocator.h"
#include "engine/cuda/launch.h"

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

/// Host memory that the GPU reads by itself while both work.
class PinnedMemory {
  public:
    ~PinnedMemory() { cudaFreeHost(memory_); }
    PinnedMemory() = default;
    PinnedMemory(const PinnedMemory&) = delete;
    PinnedMemory& operator=(const PinnedMemory&) = delete;

    /// At least `bytes` of it; what it held is lost when it has to grow.
    char* of(int64_t bytes) {
        if (bytes > bytes_) {
            check(cudaFreeHost(memory_), "freeing pinned memory");
            memory_ = nullptr;
            bytes_ = 0;
            check(cudaMallocHost(&memory_, static_cast<size_t>(bytes)), "pinning memory");
            bytes_ = bytes;
        }
        return static_cast<char*>(memory_);
    }

  private:
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
        // The last upload has left the pinned memory, and its staging tensors have been read.
        check(cudaEventSynchronize(arrived_), "an upload");
        check(cudaStreamWaitEvent(upload, taken_, 0), "ordering an upload");
        int64_t bytes = 0;
        for (const Tensor& x : host) bytes += x.bytes();
        char* pinned = pinned_.of(bytes);
        make_staging(host);
        for (size_t i = 0; i < host.size(); ++i) {
            const auto size = static_cast<size_t>(host[i].bytes());
            std::memcpy(pinned, host[i].raw(), size);
            check(cudaMemcpyAsync(staging_[i].raw(), pinned, size, cudaMemcpyHostToDevice, upload),
                  "an upload");
            pinned += size;
        }
        check(cudaEventRecord(arrived_, upload), "an upload");
    }

    void finish(const std::vector<Tensor>& device) override {
        const cudaStream_t stream = cuda_context().stream();
        check(cudaStreamWaitEvent(stream, arrived_, 0), "waiting for an upload");
        for (size_t i = 0; i < device.size(); ++i) device[i].copy_from(staging_[i]);
        check(cudaEventRecord(taken_, stream), "taking an upload");
    }

  private:
    /// New tensors are memory that earlier work on the main stream may still be using: the upload
    /// waits for that work.
    void make_staging(const std::vector<Tensor>& host) {
        bool fits = host.size() == staging_.size();
        for (size_t i = 0; fits && i < host.size(); ++i)
            fits = staging_[i].shape() == host[i].shape() && staging_[i].dtype() == host[i].dtype();
        if (fits) return;
        staging_.clear();
        for (const Tensor& x : host)
            staging_.push_back(Tensor::empty(x.shape(), x.dtype(), Device::cuda));
        check(cudaEventRecord(taken_, cuda_context().stream()), "ordering an upload");
        check(cudaStreamWaitEvent(cuda_context().upload_stream(), taken_, 0), "ordering an upload");
    }

    PinnedMemory pinned_;
    std::vector<Tensor> staging_;  // on the device
    cudaEvent_t arrived_ = nullptr, taken_ = nullptr;
};

}  // namespace

void cuda_synchronize() { cuda_context().synchronize(); }

std::unique_ptr<Recording> cuda_record_work(const std::function<void()>& work) {
    return std::make_unique<Graph>(work);
}

std::unique_ptr<Uploader> make_cuda_uploader() { return std::make_unique<CudaUploader>(); }

}  // namespace mdn
