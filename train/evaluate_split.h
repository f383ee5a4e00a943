// Evaluates a trained model on a list of a dataset.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "data/dataset.h"
#include "data/loader.h"
#include "train/evaluate.h"
#include "train/load_model.h"
#include "train/metrics.h"
#include "train/output/profile_trace.h"
#include "train/output/progress.h"
#include "train/settings/flags.h"
#include "train/settings/reading_settings.h"

namespace mdn {

struct SplitOptions {
    std::string data;   // dataset folder
    std::string split;  // one of its lists
    ViewFlags views;
    ReadingSettings reading;                                 // ReadingSettings::as_trained()
    std::map<std::string, std::string> not_as_trained = {};  // those of `reading` that were given
    int64_t batch = 16;  // clips at a time, each with all its views
    int64_t workers = 2;
    MachineFlags machine;
    ProfileTraceFlags trace = {};
};

struct SplitEvaluation {
    ClassNames classes;
    std::unique_ptr<Loader> loader;  // that has read the clips
    Evaluation evaluation;
    Metrics metrics;
    double seconds = 0;
};

/// Says by `progress` what is odd about the clips, and how far it is. Throws Error for anything
/// wrong with the data, and as evaluate() does.
SplitEvaluation evaluate_split(const LoadedModel& loaded, const SplitOptions& options,
                               Progress& progress);

/// What a report needs to know of it: evaluation_data() with clips (add_clips).
nlohmann::ordered_json report_data(const LoadedModel& loaded, const SplitOptions& options,
                                   const SplitEvaluation& evaluated);

}  // namespace mdn
