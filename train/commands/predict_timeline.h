// `predict` over a long recording: its options, and where the timeline goes.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "train/settings/flags.h"
#include "train/predict.h"
#include "train/timeline.h"

namespace mdn {

class TimelineFlags {
  public:
    /// --window, --stride, --timeline and --fps.
    void declare(CommandLine& options);
    /// Whether the user asked for a timeline, by --window or --timeline. Throws Error for options
    /// that go with a timeline only.
    bool wanted(const CommandLine& options) const;
    /// Of --timeline; empty without.
    const std::string& file() const { return file_; }
    /// Writes the timeline to the file of --timeline, which appears when it is complete, or to
    /// `out` as it comes: CSV, or JSON for a file so named or with `json`.
    void run(const CommandLine& options, MicroDualNet& model, const ClipFiles& recording,
             const ClipOptions& clips, BatchReading reading, const std::vector<std::string>& names,
             bool json, std::ostream& out, std::ostream& notes);

  private:
    TimelineOptions settings_;
    std::string file_;
    double frames_per_second_ = 0;
};

}  // namespace mdn
