// `predict` on a whole list: the challenge's file, or a table.
#pragma once

#include <ostream>
#include <string>

#include "data/clip.h"
#include "model/micro_dualnet.h"
#include "train/predict.h"
#include "train/settings/command_line.h"

namespace mdn {

struct PredictListFlags {
    std::string split, submission, predictions;

    void declare(CommandLine& options);
    /// Whether a list is what the user wants predictions for.
    bool asked() const { return !split.empty() || !submission.empty() || !predictions.empty(); }
};

/// Reads the list (labels are not needed), runs the model over it and writes what was asked for;
/// tables hold `top` classes. Throws Error, before the work where it can, if the dataset does not
/// fit the model or the file. The files are checked by check_outputs() before.
void predict_list(const PredictListFlags& flags, MicroDualNet& model, const std::string& dataset,
                  const ClipOptions& clips, BatchReading reading, int64_t top, std::ostream& out);

}  // namespace mdn
