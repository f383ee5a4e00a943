// Where `trace` and `overfit` take their batch from.
#pragma once

#include <string>

#include "engine/error.h"
#include "train/options.h"
#include "train/trace.h"

namespace mdn {

struct TraceInputOptions {
    std::string input, dataset, clip;

    void declare(Options& options) {
        options.text("--input", input, "FILE",
                     "safetensors file with frames, boxes (or joints) and labels");
        options.text("--dataset", dataset, "DIR",
                     "instead of --input: dataset folder to take a clip from");
        options.text("--clip", clip, "NAME", "with --dataset: the clip's name as in its lists");
    }

    bool from_dataset() const { return !dataset.empty(); }

    /// Throws Error if not exactly one source is given.
    void check() const {
        if (dataset.empty() != clip.empty())
            throw Error("--dataset and --clip go together",
                        "--dataset DIR --clip NAME, with NAME as in the lists of DIR");
        if (input.empty() == dataset.empty())
            throw Error("give either --input, or --dataset and --clip");
    }

    TraceInput read(const Config& config) const {
        return from_dataset() ? read_trace_clip(dataset, clip, config)
                              : read_trace_input(input, config);
    }
};

}  // namespace mdn
