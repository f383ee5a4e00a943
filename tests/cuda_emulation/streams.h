// Streams, events and graphs of the emulated GPU, and when a stream does what it is given.
//
// A GPU may do the work of a stream at once or long after the host has gone on; only waiting for it
// settles that. Here a stream either runs everything as it comes, or is late: it runs nothing
// before something waits for it. A program that waits where it must gives the same under every
// choice, and one whose waits are lost (LostWaits) does not.
//
// A piece of work may have to wait for another process (nccl.cpp). Then the stream stops in front
// of it, and the host goes on; whoever asks for the stream's work tries again.
#pragma once

#include <cuda_runtime.h>

#include <functional>

namespace mdn::emulation {

/// Does `work` in the order of the stream, or records it while the stream is being captured.
cudaError_t enqueue(cudaStream_t stream, std::function<void()> work);
/// The same of work that may not be possible yet: it is tried until it returns true. Each time that
/// the stream comes to it, also in each launch of a graph, it is a fresh copy of `work`.
cudaError_t enqueue_trial(cudaStream_t stream, std::function<bool()> work);
/// Does all that the stream, or any stream, has been given. Waits for other processes.
void finish(cudaStream_t stream);
void finish_all();
bool is_capturing(cudaStream_t stream);

/// Makes streams late while it lives; they are told apart by the order of their making.
class LateStreams {
  public:
    LateStreams(bool first, bool second, bool third = false);
    ~LateStreams();
    LateStreams(const LateStreams&) = delete;
    LateStreams& operator=(const LateStreams&) = delete;
};

/// While it lives, a stream does not wait for the events that it is told to wait for: a program
/// with a missing cudaStreamWaitEvent. While capturing, the stream belongs to the capture all the
/// same. Streams are numbered in the order of their making, from 0.
class LostWaits {
  public:
    explicit LostWaits(int stream);
    ~LostWaits();
    LostWaits(const LostWaits&) = delete;
    LostWaits& operator=(const LostWaits&) = delete;
};

}  // namespace mdn::emulation
