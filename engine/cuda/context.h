// The one GPU that a process computes on: its stream, its cuBLAS handle, and how its errors read.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <string>

#include "engine/error.h"

namespace mdn {

/// Shared memory that a kernel may use without asking for more.
inline constexpr int64_t default_shared_bytes = 48 << 10;

/// Throws Error, naming what was done and CUDA's word for what went wrong, unless all is well.
void check(cudaError_t error, const char* what);
void check(cublasStatus_t status, const char* what);
/// "; 16 of 4096 MiB are free" on the GPU, for messages.
std::string what_is_free();

class CudaContext {
  public:
    /// Throws Error when there is no GPU, the driver is too old, or this program has no code for
    /// the GPU found.
    CudaContext();

    /// The stream everything runs on, in order.
    cudaStream_t stream() const { return stream_; }
    /// The stream on which the next batch comes up while a step runs.
    cudaStream_t upload_stream() const { return upload_stream_; }
    cublasHandle_t cublas() const { return cublas_; }
    int64_t multiprocessors() const { return multiprocessors_; }
    int64_t shared_bytes_per_block() const { return shared_bytes_per_block_; }
    /// "NVIDIA H100 (compute capability 9.0, 79 GiB)".
    const char* description() const { return description_; }
    /// Waits until everything that was started has finished; throws what went wrong meanwhile.
    void synchronize() const;

  private:
    cudaStream_t stream_ = nullptr, upload_stream_ = nullptr;
    cublasHandle_t cublas_ = nullptr;
    void* cublas_workspace_ = nullptr;
    int64_t multiprocessors_ = 0, shared_bytes_per_block_ = 0;
    char description_[320] = {};
};

/// The context, made at its first use.
CudaContext& cuda_context();
/// Before that: which GPU it is to be, from the first again where there are fewer. The first if
/// nobody calls this.
void choose_gpu(int64_t number);

}  // namespace mdn
