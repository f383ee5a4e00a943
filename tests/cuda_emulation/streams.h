// Streams, events and graphs of the emulated GPU, and when a stream does what it is given.
//
// A GPU may do the work of a stream at once or long after the host has gone on; only waiting for it
// settles that. Here a stream either runs everything as it comes, or is late: it runs nothing
// before something waits for it. A program that waits where it must gives the same under every
// choice.
#pragma once

#include <cuda_runtime.h>

#include <functional>

namespace mdn::emulation {

/// Does `work` in the order of the stream, or records it while the stream is being captured.
cudaError_t enqueue(cudaStream_t stream, std::function<void()> work);
/// Does all that the stream, or any stream, has been given.
void finish(cudaStream_t stream);
void finish_all();
bool is_capturing(cudaStream_t stream);

/// Makes streams late while it lives; they are told apart by the order of their making.
class LateStreams {
  public:
    LateStreams(bool first, bool second);
    ~LateStreams();
    LateStreams(const LateStreams&) = delete;
    LateStreams& operator=(const LateStreams&) = delete;
};

}  // namespace mdn::emulation
