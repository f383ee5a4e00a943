// `predict` on a long recording: its options, and where the timeline is written.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "train/load_model.h"
#include "train/predict.h"
#include "train/timeline.h"

namespace mdn {

/// What the user says of a timeline.
struct TimelineFlags {
    int64_t window = TimelineOptions{}.window;
    int64_t stride = TimelineOptions{}.stride;
    double frames_per_second = 0;
    std::string file;

    /// --window, --stride, --timeline and --fps.
    void declare(CommandLine& options);
    /// Whether the user asked for a timeline, by --window or --timeline. Throws Error for options
    /// that go with a timeline only.
    bool wanted(const CommandLine& options) const;
};

/// Writes the timeline to the file of --timeline, which appears when it is complete, or to `out` as
/// it comes: CSV, or JSON for a file so named or with `json`.
void predict_timeline(const TimelineFlags& flags, const CommandLine& options, MicroDualNet& model,
                      const ClipFiles& recording, const ClipOptions& clips, BatchReading reading,
                      const std::vector<std::string>& names, bool json, std::ostream& out,
                      std::ostream& notes);

}  // namespace mdn
