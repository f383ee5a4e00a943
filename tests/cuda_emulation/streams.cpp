#include "tests/cuda_emulation/streams.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace {

/// Returns whether it is done.
using Work = std::function<bool()>;

/// Work in its order.
struct Queue {
    std::deque<Work> waiting;
    int64_t given = 0, done = 0;  // pieces of work

    void give(Work work) {
        waiting.push_back(std::move(work));
        ++given;
    }
    /// Does what was given up to that piece. Returns false where that is not possible yet.
    bool advance(int64_t piece) {
        while (done < piece) {
            if (waiting.empty()) return false;  // it is under way: whoever does it asks
            Work work = std::move(waiting.front());
            waiting.pop_front();
            bool over = true;
            try {
                over = work();
            } catch (...) {
                ++done;
                throw;
            }
            if (!over) {
                waiting.push_front(std::move(work));
                return false;
            }
            ++done;
        }
        return true;
    }
    void finish(int64_t piece) {
        while (!advance(piece)) sched_yield();  // another process has its turn
    }
};

/// A piece of a graph: work, or that its branch waits for a piece of another.
struct Step {
    Work work;  // none: a wait
    size_t branch = 0;
    int64_t piece = 0;
    bool lost = false;
};
/// What was captured of one stream.
struct Branch {
    size_t stream = 0;  // its number
    std::vector<Step> steps;
};

}  // namespace

struct EmulatedGraph {
    std::vector<Branch> branches;  // the first is that of the stream whose capture began
};

struct EmulatedStream : Queue {
    std::shared_ptr<EmulatedGraph> capturing;
    size_t branch = 0;  // of `capturing`
    bool late = false;

    std::vector<Step>& steps() const { return capturing->branches[branch].steps; }
};

struct EmulatedEvent {
    EmulatedStream* stream = nullptr;  // null before the first record
    int64_t piece = 0;                 // what comes before the event
    double milliseconds = 0;           // when that was done
    // Where it was recorded in a capture, which orders pieces of that.
    std::weak_ptr<EmulatedGraph> capture;
    bool captured = false;
    size_t branch = 0;
};

namespace mdn::emulation {

namespace {

/// In the order of their making.
std::vector<EmulatedStream*>& streams() {
    static std::vector<EmulatedStream*> all;
    return all;
}

size_t number_of(const EmulatedStream* stream) {
    return static_cast<size_t>(std::find(streams().begin(), streams().end(), stream) -
                               streams().begin());
}

std::array<bool, 3> late = {false, false, false};
int without_waits = -1;  // the number of a stream

bool is_late(size_t number) { return number < late.size() && late[number]; }
bool loses_waits(const EmulatedStream* stream) {
    return without_waits >= 0 && number_of(stream) == static_cast<size_t>(without_waits);
}

void set_late(bool first, bool second, bool third) {
    finish_all();
    late = {first, second, third};
    for (size_t i = 0; i < streams().size(); ++i) streams()[i]->late = is_late(i);
}

/// A graph under way. A branch that is late runs when another waits for it, one that is not runs as
/// soon as it can.
class GraphRun {
  public:
    explicit GraphRun(const EmulatedGraph& graph) : branches_(graph.branches.size()) {
        for (size_t b = 0; b < branches_.size(); ++b) {
            for (const Step& step : graph.branches[b].steps) branches_[b].give(work_of(step));
            late_.push_back(is_late(graph.branches[b].stream));
        }
    }
    bool advance() {
        run_eager();
        Queue& first = branches_.front();
        while (first.done < first.given) {
            if (!first.advance(first.done + 1)) return false;
            run_eager();
        }
        return std::all_of(branches_.begin(), branches_.end(),
                           [](Queue& branch) { return branch.advance(branch.given); });
    }

  private:
    Work work_of(const Step& step) {
        if (step.work) return step.work;
        return [this, to = step.branch, piece = step.piece, lost = step.lost] {
            return lost || branches_[to].advance(piece);
        };
    }
    void run_eager() {
        for (size_t b = 1; b < branches_.size(); ++b)
            if (!late_[b]) branches_[b].advance(branches_[b].given);
    }

    std::vector<Queue> branches_;
    std::vector<bool> late_;
};

/// Whether the first branch waits, in the end, for all that the others do.
bool is_joined(const EmulatedGraph& graph) {
    std::vector<int64_t> reached(graph.branches.size(), 0);
    reached[0] = std::ssize(graph.branches[0].steps);
    for (bool changed = true; std::exchange(changed, false);)
        for (size_t b = 0; b < reached.size(); ++b)
            for (int64_t i = 0; i < reached[b]; ++i) {
                const Step& step = graph.branches[b].steps[static_cast<size_t>(i)];
                if (step.work || step.piece <= reached[step.branch]) continue;
                reached[step.branch] = step.piece;
                changed = true;
            }
    for (size_t b = 0; b < reached.size(); ++b)
        if (reached[b] < std::ssize(graph.branches[b].steps)) return false;
    return true;
}

}  // namespace

cudaError_t enqueue_trial(cudaStream_t stream, Work work) {
    if (!stream) {
        while (!work()) sched_yield();
    } else if (stream->capturing) {
        stream->steps().push_back({.work = std::move(work)});
    } else {
        stream->give(std::move(work));
        if (!stream->late) stream->advance(stream->given);
    }
    return cudaSuccess;
}

cudaError_t enqueue(cudaStream_t stream, std::function<void()> work) {
    return enqueue_trial(stream, [work = std::move(work)] {
        work();
        return true;
    });
}

void finish(cudaStream_t stream) { stream->finish(stream->given); }

void finish_all() {
    for (bool over = false; !over; sched_yield()) {
        over = true;
        for (EmulatedStream* stream : streams())
            if (!stream->advance(stream->given)) over = false;
    }
}

bool is_capturing(cudaStream_t stream) { return stream && stream->capturing; }

LateStreams::LateStreams(bool first, bool second, bool third) { set_late(first, second, third); }
LateStreams::~LateStreams() { set_late(false, false, false); }

LostWaits::LostWaits(int stream) { without_waits = stream; }
LostWaits::~LostWaits() { without_waits = -1; }

}  // namespace mdn::emulation

using namespace mdn::emulation;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    *stream = new EmulatedStream;
    (*stream)->late = is_late(streams().size());
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
cudaError_t cudaStreamQuery(cudaStream_t stream) {
    if (is_capturing(stream)) return cudaErrorInvalidValue;
    return stream->advance(stream->given) ? cudaSuccess : cudaErrorNotReady;
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
    const bool external = flags == cudaEventRecordExternal;
    if (external && !is_capturing(stream)) return cudaErrorInvalidValue;
    // While capturing, an event orders pieces of the capture; only as an external one does it note
    // a time at each launch of the graph.
    event->captured = is_capturing(stream) && !external;
    if (event->captured) {
        event->stream = nullptr;
        event->capture = stream->capturing;
        event->branch = stream->branch;
        event->piece = std::ssize(stream->steps());
        return cudaSuccess;
    }
    if (external)
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
    if (event->captured) return cudaErrorInvalidValue;
    if (event->stream) event->stream->finish(event->piece);
    return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
    if (event->captured) return cudaErrorInvalidValue;
    if (!event->stream || event->stream->advance(event->piece)) return cudaSuccess;
    return cudaErrorNotReady;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t stop) {
    for (const cudaEvent_t event : {start, stop})
        if (!event->stream || event->stream->done < event->piece) return cudaErrorNotReady;
    *milliseconds = static_cast<float>(stop->milliseconds - start->milliseconds);
    return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    if (event->captured) {
        const std::shared_ptr<EmulatedGraph> capture = event->capture.lock();
        // A stream that waits for an event of a capture joins it.
        if (!capture || (stream->capturing && stream->capturing != capture))
            return cudaErrorInvalidValue;
        if (!stream->capturing) {
            stream->capturing = capture;
            stream->branch = capture->branches.size();
            capture->branches.push_back({.stream = number_of(stream), .steps = {}});
        }
        stream->steps().push_back({.work = {},
                                   .branch = event->branch,
                                   .piece = event->piece,
                                   .lost = loses_waits(stream)});
        return cudaSuccess;
    }
    if (is_capturing(stream)) return cudaErrorInvalidValue;  // the event is not of the capture
    if (!event->stream || loses_waits(stream)) return cudaSuccess;
    return enqueue_trial(stream,
                         [of = event->stream, piece = event->piece] { return of->advance(piece); });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    stream->capturing = std::make_shared<EmulatedGraph>();
    stream->branch = 0;
    stream->capturing->branches.push_back({.stream = number_of(stream), .steps = {}});
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    const std::shared_ptr<EmulatedGraph> capture = stream->capturing;
    for (EmulatedStream* other : streams())
        if (other->capturing == capture) other->capturing = nullptr;
    *graph = nullptr;
    if (!is_joined(*capture)) return cudaErrorStreamCaptureUnjoined;
    *graph = new EmulatedGraph(*capture);
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
    return enqueue_trial(
        stream, [run = std::make_shared<GraphRun>(*executable)] { return run->advance(); });
}
