#include "engine/slices.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>

#include "engine/backend.h"
#include "engine/call_observer.h"
#include "engine/module_scope.h"

namespace mdn {

namespace {

// Which recording is under way, for slices that outlive theirs; 0: none.
std::atomic<uint64_t> recording{0};
uint64_t recordings_so_far = 0;
std::chrono::steady_clock::time_point started;

std::mutex mutex;
RecordedSlices recorded;

constexpr int64_t gpu_track = 0;

/// A number for this thread that no other has while it lives: the loaders of one epoch share the
/// tracks of those before.
class ThreadNumber {
  public:
    ThreadNumber() {
        const std::scoped_lock lock(numbers_mutex());
        while (taken().contains(value_)) ++value_;
        taken().insert(value_);
    }
    ~ThreadNumber() {
        const std::scoped_lock lock(numbers_mutex());
        taken().erase(value_);
    }
    ThreadNumber(const ThreadNumber&) = delete;
    ThreadNumber& operator=(const ThreadNumber&) = delete;
    operator int64_t() const { return value_; }

  private:
    // Never destroyed: threads may end after the program's last line.
    static std::mutex& numbers_mutex() {
        static auto& mutex = *new std::mutex;
        return mutex;
    }
    static std::set<int64_t>& taken() {
        static auto& numbers = *new std::set<int64_t>;
        return numbers;
    }
    int64_t value_ = gpu_track + 1;
};
thread_local const ThreadNumber this_thread;
thread_local std::string this_threads_name;

int64_t now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() -
                                                                started)
        .count();
}

/// Keeps a slice of a recording that is still under way.
void keep(uint64_t its_recording, RecordedSlice slice) {
    const std::scoped_lock lock(mutex);
    if (recording.load() != its_recording) return;
    recorded.threads.try_emplace(
        slice.thread, slice.thread == gpu_track ? std::string("GPU") : this_threads_name);
    recorded.slices.push_back(std::move(slice));
}

}  // namespace

Slice::Slice(const char* name, const char* category) : name_(name), category_(category) {
    recording_ = recording.load(std::memory_order_acquire);
    if (recording_) begin_ = now();
}

Slice::Slice(const char* name, const char* category, const std::string& detail)
    : Slice(name, category) {
    detail_ = &detail;
}

Slice::~Slice() {
    if (!recording_) return;
    keep(recording_, {name_, category_, detail_ ? *detail_ : "", begin_, now(), this_thread});
}

void name_this_thread(const std::string& name) { this_threads_name = name; }

namespace {

/// A slice per part of a module's path: "backbone" holds "layer1", which holds "0". Where the next
/// module shares the first parts, their slices go on.
class ModuleSlices final : public ModuleObserver {
  public:
    explicit ModuleSlices(uint64_t recording) : recording_(recording) {}

    void moved_to(const ModuleUnderWay& next) override {
        const int64_t time = now();
        std::vector<std::string> parts;
        const std::string path = next.module;
        for (size_t from = 0; from < path.size();) {
            const size_t dot = std::min(path.find('.', from), path.size());
            parts.push_back(path.substr(from, dot - from));
            from = dot + 1;
        }
        size_t shared = 0;
        if (next.pass == pass_)
            while (shared < parts.size() && shared < open_.size() &&
                   parts[shared] == open_[shared].name)
                ++shared;
        close(shared, time);
        pass_ = next.pass;
        for (size_t i = shared; i < parts.size(); ++i) {
            const std::string& above = open_.empty() ? "" : open_.back().detail + ".";
            open_.push_back({parts[i], pass_ == Pass::forward ? "forward" : "backward",
                             above + parts[i], time, 0, this_thread});
        }
    }
    void close(size_t left, int64_t time) {
        for (; open_.size() > left; open_.pop_back()) {
            open_.back().end = time;
            keep(recording_, std::move(open_.back()));
        }
    }

  private:
    uint64_t recording_;
    Pass pass_ = Pass::forward;
    std::vector<RecordedSlice> open_;  // the innermost last; their detail is the whole path
};

/// A slice per call of a kernel. A GPU's clock marks where each begins and ends, so that nobody
/// waits for it meanwhile; on the host the calls only start them.
class KernelSlices final : public CallObserver {
  public:
    KernelSlices(uint64_t recording, Device device) : recording_(recording) {
        if (device == Device::cpu) return;
        backend(device).synchronize();
        clock_ = backend(device).make_clock();
        clock_->mark();
        clock_begin_ = now();
    }

    void begin(const char* kernel, const char* family, double, double) override {
        if (clock_) clock_->mark();
        open_.push_back({kernel, "kernel", family, now(), 0, this_thread});
        marks_.push_back(++marks_so_far_);
    }
    void end() override {
        RecordedSlice slice = std::move(open_.back());
        open_.pop_back();
        slice.end = now();
        if (clock_) {
            clock_->mark();
            on_gpu_.push_back({slice, marks_.back(), ++marks_so_far_});
            slice.name = "start " + slice.name;
        }
        marks_.pop_back();
        keep(recording_, std::move(slice));
    }
    /// Waits for the GPU.
    void add_gpu_track() {
        if (!clock_ || on_gpu_.empty()) return;
        const std::vector<double> seconds = clock_->seconds();
        std::vector<double> at(1, 0);  // of each mark
        for (const double interval : seconds) at.push_back(at.back() + interval);
        const auto time = [&](size_t mark) {
            return clock_begin_ + static_cast<int64_t>(at.at(mark) * 1e9);
        };
        for (OnGpu& each : on_gpu_) {
            each.slice.begin = time(each.first);
            each.slice.end = time(each.last);
            each.slice.thread = gpu_track;
            keep(recording_, std::move(each.slice));
        }
    }

  private:
    struct OnGpu {
        RecordedSlice slice;
        size_t first, last;  // marks
    };
    uint64_t recording_;
    std::unique_ptr<DeviceClock> clock_;
    int64_t clock_begin_ = 0;
    std::vector<RecordedSlice> open_;
    std::vector<size_t> marks_;  // at which they began
    size_t marks_so_far_ = 0;    // after the first
    std::vector<OnGpu> on_gpu_;
};

}  // namespace

struct SliceRecording::OwnThread {
    ModuleSlices module_slices;
    KernelSlices kernel_slices;
    std::optional<ObserveModules> modules;
    std::optional<ObserveCalls> calls;

    OwnThread(uint64_t recording, Device device)
        : module_slices(recording), kernel_slices(recording, device) {
        modules.emplace(module_slices);
        calls.emplace(device, kernel_slices);
    }
};

SliceRecording::SliceRecording(Device device) {
    if (recording.load() != 0) throw std::logic_error("slices are being recorded already");
    {
        const std::scoped_lock lock(mutex);
        recorded = {};
        started = std::chrono::steady_clock::now();
    }
    const uint64_t next = ++recordings_so_far;
    recording.store(next, std::memory_order_release);
    own_thread_ = std::make_unique<OwnThread>(next, device);
}

SliceRecording::~SliceRecording() {
    own_thread_ = nullptr;
    recording.store(0);
}

RecordedSlices SliceRecording::stop() {
    if (!own_thread_) throw std::logic_error("this recording has ended");
    own_thread_->calls.reset();
    own_thread_->modules.reset();
    own_thread_->module_slices.close(0, now());
    own_thread_->kernel_slices.add_gpu_track();
    own_thread_ = nullptr;
    recording.store(0);
    const std::scoped_lock lock(mutex);
    RecordedSlices result = std::move(recorded);
    recorded = {};
    for (auto& [thread, name] : result.threads)
        if (name.empty())
            name = thread == this_thread ? "main" : "thread " + std::to_string(thread);
    // A slice was kept when it ended: what holds it comes before it, even of the same length.
    std::reverse(result.slices.begin(), result.slices.end());
    std::stable_sort(result.slices.begin(), result.slices.end(),
                     [](const RecordedSlice& a, const RecordedSlice& b) {
                         return std::pair(a.begin, -a.end) < std::pair(b.begin, -b.end);
                     });
    return result;
}

}  // namespace mdn
