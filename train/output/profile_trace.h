// What --profile-trace writes: when each thread did what, for ui.perfetto.dev and chrome://tracing.
#pragma once

#include <memory>
#include <string>

#include "engine/slices.h"

namespace mdn {

/// Slices as one JSON object in the Trace Event Format: a complete event ("ph":"X") per slice, in
/// microseconds, and a name per thread.
/// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
std::string trace_events_json(const RecordedSlices& recorded);

/// Records from its making on, until `steps` were done. Without a file, it does nothing.
class ProfileTrace {
  public:
    ProfileTrace(std::string file, int64_t steps, Device device);

    /// One more step is done. At the last that is to be recorded, writes the file. Throws Error if
    /// it cannot.
    void step_done();
    /// Writes what was recorded, if that has not been done.
    void finish();

  private:
    std::string file_;
    int64_t steps_left_;
    std::unique_ptr<SliceRecording> recording_;
};

}  // namespace mdn
