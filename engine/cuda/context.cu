#include "engine/cuda/context.h"

#include <cstdio>
#include <string>

#include "engine/allocator.h"
#include "engine/cuda/launch.h"

namespace mdn {

namespace {

/// cuBLAS would allocate its workspace inside a captured step; a fixed one also fixes the order of
/// its sums. The size is what NVIDIA recommends for Hopper, and more than older chips use.
constexpr size_t cublas_workspace_bytes = 32 << 20;

int64_t chosen_gpu = 0;

/// A kernel that does nothing: launching it tells whether this program has code for the GPU.
__global__ void probe() {}

}  // namespace

void check(cudaError_t error, const char* what) {
    if (error == cudaSuccess) return;
    cudaGetLastError();  // so that the next call starts clean
    const std::string said =
        std::string(cudaGetErrorName(error)) + ": " + cudaGetErrorString(error);
    switch (error) {
        case cudaErrorNoDevice:
            throw Error("no NVIDIA GPU was found", "run with --device cpu");
        case cudaErrorInsufficientDriver:
            throw Error(
                "the NVIDIA driver is missing, or older than the CUDA toolkit this program "
                "was built with",
                "update the driver, or run with --device cpu");
        case cudaErrorNoKernelImageForDevice:
        case cudaErrorUnsupportedPtxVersion:
            throw Error("this program holds no code for the GPU's architecture",
                        "rebuild on this machine with make CUDA=1, or name the architecture: make "
                        "ARCH=sm_80");
        case cudaErrorMemoryAllocation:
            throw OutOfMemory("out of memory: " + std::string(what) + " failed" + what_is_free(),
                              "see with nvidia-smi what else uses the GPU");
        default:
            throw Error("[cuda] " + std::string(what) + " failed (" + said + ")");
    }
}

void check(cublasStatus_t status, const char* what) {
    if (status == CUBLAS_STATUS_SUCCESS) return;
    throw Error("[cuda] " + std::string(what) +
                " failed (cuBLAS: " + cublasGetStatusString(status) + ")");
}

std::string what_is_free() {
    size_t free = 0, total = 0;
    if (cudaMemGetInfo(&free, &total) != cudaSuccess) return "";
    return "; " + std::to_string(free >> 20) + " of " + std::to_string(total >> 20) +
           " MiB are free";
}

CudaContext::CudaContext() {
    int devices = 0;
    check(cudaGetDeviceCount(&devices), "looking for GPUs");
    if (devices == 0) check(cudaErrorNoDevice, "looking for GPUs");
    const int gpu = static_cast<int>(chosen_gpu % devices);
    check(cudaSetDevice(gpu), "choosing the GPU");
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, gpu), "asking the GPU for its properties");
    multiprocessors_ = properties.multiProcessorCount;
    shared_bytes_per_block_ = static_cast<int64_t>(properties.sharedMemPerBlockOptin);
    std::snprintf(description_, sizeof description_, "%s (compute capability %d.%d, %.0f GiB)",
                  properties.name, properties.major, properties.minor,
                  static_cast<double>(properties.totalGlobalMem) / (1 << 30));
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "creating a stream");
    check(cudaStreamCreateWithFlags(&upload_stream_, cudaStreamNonBlocking), "creating a stream");
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(1);
    config.blockDim = dim3(warp_threads);
    config.stream = stream_;
    check(cudaLaunchKernelEx(&config, probe), "the first kernel");
    check(cublasCreate(&cublas_), "starting cuBLAS");
    check(cudaMalloc(&cublas_workspace_, cublas_workspace_bytes), "cuBLAS's workspace");
    allocator(Device::cuda).count_outside(cublas_workspace_bytes);
    check(cublasSetStream(cublas_, stream_), "giving cuBLAS the stream");
    check(cublasSetWorkspace(cublas_, cublas_workspace_, cublas_workspace_bytes),
          "giving cuBLAS its workspace");
    // What bf16 products cut along k leave of partial sums is added in float, too.
    check(cublasSetMathMode(
              cublas_, static_cast<cublasMath_t>(CUBLAS_DEFAULT_MATH |
                                                 CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION)),
          "setting cuBLAS's precision");
}

void CudaContext::synchronize() const {
    check(cudaStreamSynchronize(stream_), "the work on the GPU");
}

void choose_gpu(int64_t number) { chosen_gpu = number; }

CudaContext& cuda_context() {
    // Never destroyed: the driver may be gone by the time destructors of statics run.
    static CudaContext& context = *new CudaContext;
    return context;
}

dim3 blocks_for(int64_t items, int64_t per_block) {
    const int64_t blocks = ceil_divide(items, per_block);
    if (blocks > INT32_MAX)
        throw Error("[cuda] " + std::to_string(blocks) + " blocks are more than a grid can have");
    return dim3(static_cast<unsigned>(blocks));
}

}  // namespace mdn
