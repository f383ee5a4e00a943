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
    std::string html;     // a page beside it
    int64_t explain = 0;  // windows that get a page of their own

    /// --window, --stride, --timeline, --fps, --html and --explain.
    void declare(CommandLine& options);
    /// Whether the user asked for a timeline, by --window, --timeline or --html. Throws Error for
    /// options that go with a timeline only.
    bool wanted(const CommandLine& options) const;
};

/// What the page of --html says of where the timeline comes from.
struct TimelineSource {
    std::string weights;          // the file
    std::string explain_command;  // `microdualnet explain …` for this recording
};

/// Writes the timeline to the file of --timeline, which appears when it is complete, or to `out` as
/// it comes: CSV, or JSON for a file so named or with `json`. Then writes the page of --html, and
/// those of --explain beside it: all, or none where the work on them is stopped or fails.
void predict_timeline(const TimelineFlags& flags, const CommandLine& options, MicroDualNet& model,
                      const ClipFiles& recording, const ClipOptions& clips, BatchReading reading,
                      const TimelineSource& source, const std::vector<std::string>& names,
                      bool json, std::ostream& out, std::ostream& notes);

}  // namespace mdn
