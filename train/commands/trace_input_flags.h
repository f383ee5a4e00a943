// Where `trace`, `graph` and `overfit` take their batch from.
#pragma once

#include <string>

#include "engine/error.h"
#include "train/load_model.h"
#include "train/output_paths.h"
#include "train/settings/command_line.h"
#include "train/settings/reading_settings.h"
#include "train/trace.h"

namespace mdn {

struct TraceInputFlags {
    std::string input, dataset, clip;
    ReadingSettings reading;

    void declare(CommandLine& options) {
        declare_optional(options);
        options.require_one({"--input", "--dataset"});
    }
    /// For a command that can do without either.
    void declare_optional(CommandLine& options) {
        options.text("--input", input, "FILE",
                     "safetensors file with frames, boxes (or joints) and labels");
        options.text("--dataset,--data", dataset, "DIR", "dataset folder to take a clip from");
        options.text("--clip", clip, "NAME", "the clip's name as in the dataset's lists");
        options.reads("--input");
        options.reads_folder("--dataset");
        options.require_beside("--dataset", {"--clip"});
        reading.declare(options);
    }

    bool from_dataset() const { return !dataset.empty(); }

    /// Throws Error if not exactly one source is given, or options of the other.
    void check(const CommandLine& options) const {
        if (dataset.empty() && !clip.empty())
            throw Error("--clip " + clip + " is a clip of a dataset, and there is no --dataset",
                        "give --dataset DIR, or leave --clip out");
        if (input.empty() == dataset.empty())
            throw Error("--input and --dataset both name a batch", "leave one of them out");
        if (!from_dataset())
            reading.refuse_given(options, "no files of clips are read with --input",
                                 "it goes with --dataset and --clip");
    }

    /// Throws Error if `output` cannot be written, or would overwrite what the batch or the model
    /// is read from.
    void check_kept(const NamedPath& output, const ModelFlags& model) const {
        check_outputs({output}, model.inputs_with({{"--input", input}}), {"--dataset", dataset});
    }

    TraceInput read(const CommandLine& options, const LoadedModel& loaded) const {
        const Config& config = loaded.model->config();
        if (!from_dataset()) return read_trace_input(input, config);
        reading.refuse_unread(options, clip_needs(config));
        const auto& stored = loaded.stored;
        const ReadingSettings settings = reading.as_trained(options, stored.metadata, stored.path);
        return read_trace_clip(dataset, clip, config, settings.keypoint_options(),
                               settings.dataset_options());
    }
};

}  // namespace mdn
