// What each thread was doing when: slices of time that nest, for a viewer of traces.
//
// A Slice is an object that lives as long as what it names. Nobody pays for it unless slices are
// being recorded. record_slices() also records a slice per module and per call of a kernel.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace mdn {

/// Nanoseconds count from the beginning of the recording.
struct RecordedSlice {
    std::string name;
    const char* category;  // "forward", "backward", "kernel", ...
    std::string detail;    // more about it, or empty
    int64_t begin = 0, end = 0;
    int64_t thread = 0;  // which one is said by RecordedSlices::threads
};

struct RecordedSlices {
    std::vector<RecordedSlice> slices;       // on a thread, each before those that stand in it
    std::map<int64_t, std::string> threads;  // their names
};

/// While it lives, its thread does this.
class Slice {
  public:
    explicit Slice(const char* name, const char* category = "step");
    /// `detail` is read only if slices are being recorded; it must live as long as this.
    Slice(const char* name, const char* category, const std::string& detail);
    ~Slice();
    Slice(const Slice&) = delete;
    Slice& operator=(const Slice&) = delete;

  private:
    const char *name_, *category_;
    const std::string* detail_ = nullptr;
    uint64_t recording_ = 0;  // which one; 0: none
    int64_t begin_ = 0;
};

/// The name of this thread in recordings. The one that records is "main" without one.
void name_this_thread(const std::string& name);

/// Records slices of all threads, and of this one its modules and its calls of kernels on `device`.
/// There is at most one at a time (std::logic_error otherwise). A GPU's kernels have a track of
/// their own, by the GPU's clock; what is recorded as a CUDA graph and replayed is not seen.
class SliceRecording {
  public:
    explicit SliceRecording(Device device);
    ~SliceRecording();
    SliceRecording(const SliceRecording&) = delete;
    SliceRecording& operator=(const SliceRecording&) = delete;

    /// Ends the recording. Slices that have not ended by then are left out.
    RecordedSlices stop();

  private:
    struct OwnThread;
    std::unique_ptr<OwnThread> own_thread_;
};

}  // namespace mdn
