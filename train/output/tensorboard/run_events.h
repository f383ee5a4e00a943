// A run's curves and pictures for TensorBoard.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/loader.h"
#include "train/metrics.h"
#include "train/output/log.h"
#include "train/output/tensorboard/event_file.h"

namespace mdn {

/// Written beside log.jsonl, from the same lines. A field of a line is a scalar, under the line's
/// kind: "step/loss", "epoch/val_top1". A list has a scalar per entity: "epoch/val_alpha_st/face".
class RunEvents {
  public:
    /// A run that goes on says from which step; a new one replaces what is in the folder. Throws
    /// Error if the folder cannot be written.
    RunEvents(const std::string& folder, std::vector<std::string> entities,
              std::optional<int64_t> goes_on_at);

    void fields(int64_t step, const LogFields& line);
    /// The first clip of a batch as the model is shown it: "train/frames". Nothing without frames.
    void frames(int64_t step, const Batch& batch);
    /// "val/confusion".
    void confusion(int64_t step, const Metrics& metrics);

  private:
    std::vector<std::string> entities_;
    std::optional<EventFile> file_;
};

}  // namespace mdn
