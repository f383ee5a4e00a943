#include "tests/cuda_emulation/streams.h"

#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

using Work = std::function<void()>;

struct EmulatedGraph {
    std::vector<Work> work;
};

struct EmulatedStream {
    std::unique_ptr<EmulatedGraph> capturing;
    std::deque<Work> waiting;
    int64_t given = 0, done = 0;  // pieces of work
    bool late = false;

    /// Does what was given up to that piece.
    void finish(int64_t piece) {
        while (done < piece) {
            const Work work = std::move(waiting.front());
            waiting.pop_front();
            ++done;
            work();
        }
    }
};

struct EmulatedEvent {
    EmulatedStream* stream = nullptr;  // null before the first record
    int64_t piece = 0;                 // what comes before the event
    double milliseconds = 0;           // when that was done
};

namespace mdn::emulation {

namespace {

/// In the order of their making.
std::vector<EmulatedStream*>& streams() {
    static std::vector<EmulatedStream*> all;
    return all;
}

std::array<bool, 2> late = {false, false};

void set_late(bool first, bool second) {
    finish_all();
    late = {first, second};
    for (size_t i = 0; i < streams().size() && i < late.size(); ++i) streams()[i]->late = late[i];
}

}  // namespace

cudaError_t enqueue(cudaStream_t stream, Work work) {
    if (!stream) {
        work();
    } else if (stream->capturing) {
        stream->capturing->work.push_back(std::move(work));
    } else {
        stream->waiting.push_back(std::move(work));
        ++stream->given;
        if (!stream->late) finish(stream);
    }
    return cudaSuccess;
}

void finish(cudaStream_t stream) { stream->finish(stream->given); }

void finish_all() {
    for (EmulatedStream* stream : streams()) finish(stream);
}

bool is_capturing(cudaStream_t stream) { return stream && stream->capturing; }

LateStreams::LateStreams(bool first, bool second) { set_late(first, second); }
LateStreams::~LateStreams() { set_late(false, false); }

}  // namespace mdn::emulation

using namespace mdn::emulation;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    *stream = new EmulatedStream;
    if (streams().size() < late.size()) (*stream)->late = late[streams().size()];
    streams().push_back(*stream);
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    finish(stream);
    std::erase(streams(), stream);
    delete stream;
    return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    if (is_capturing(stream)) return cudaErrorInvalidValue;
    finish(stream);
    return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
    finish_all();
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
    *event = new EmulatedEvent;
    return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
    if (event->stream) event->stream->finish(event->piece);
    delete event;
    return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    return cudaEventRecordWithFlags(event, stream, cudaEventRecordDefault);
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
    const auto note_time = [event] {
        using namespace std::chrono;
        event->milliseconds =
            duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
    };
    // While capturing, an event would order pieces of the capture; only as an external one does it
    // note a time at each launch of the graph.
    if (is_capturing(stream) != (flags == cudaEventRecordExternal)) return cudaErrorInvalidValue;
    if (is_capturing(stream))
        return enqueue(stream, [event, stream, note_time] {
            event->stream = stream;
            event->piece = stream->done;
            note_time();
        });
    event->stream = stream;
    enqueue(stream, note_time);
    event->piece = stream->given;
    return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    if (event->stream) event->stream->finish(event->piece);
    return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t stop) {
    for (const cudaEvent_t event : {start, stop})
        if (!event->stream || event->stream->done < event->piece) return cudaErrorNotReady;
    *milliseconds = static_cast<float>(stop->milliseconds - start->milliseconds);
    return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    if (is_capturing(stream)) return cudaErrorInvalidValue;  // the event is not of the capture
    if (!event->stream) return cudaSuccess;
    return enqueue(stream, [of = event->stream, piece = event->piece] { of->finish(piece); });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    stream->capturing = std::make_unique<EmulatedGraph>();
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    *graph = stream->capturing.release();
    return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
    *status = stream->capturing ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
    return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
    *executable = new EmulatedGraph(*graph);
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    finish_all();
    delete executable;
    return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    return enqueue(stream, [executable] {
        for (const Work& work : executable->work) work();
    });
}
