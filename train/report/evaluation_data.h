// Everything that a report shows of an evaluation, kept beside its JSON: later the page is built
// again without data set or weights.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "data/loader.h"
#include "model/micro_dualnet.h"
#include "train/evaluate.h"
#include "train/report/confusions.h"
#include "train/report/rates.h"

namespace mdn {

/// Where an evaluation comes from.
struct EvaluationOrigin {
    std::string command;  // "train" (its validation) or "eval"
    std::string data = {}, split = {}, weights = {};
    int64_t epoch = 0;                                 // of "train", from 1
    std::string step = {};                             // of the weights; empty where unknown
    std::map<std::string, std::string> settings = {};  // of the run, as in its checkpoints
    int64_t clips = 1, crops = 1;                      // the views of each clip
    /// Settings of how clips are read that are not those of the run.
    std::map<std::string, std::string> not_as_trained = {};
    double seconds = 0;  // that the evaluation took
};

/// The file's `format`; a program reads its own and older ones.
constexpr int64_t evaluation_data_format = 1;

/// All but the clips that are shown. One object:
/// - format, origin {…, program, processor, threads, device}, config, entities
/// - rates: metrics_json()
/// - metrics: [{name, value, low, high, chance, frequent}], percent
/// - recall_intervals: [class] → [low, high], percent; null for a class without clips
/// - paths: null, or {top1: [{name, value, low, high}] of both, ST alone and TS alone, classes:
///   [class] → {st, ts}, percent}
/// - routing: null, or {entities: [{mean, deviation, quantiles}], classes: [class] → [{mean,
///   deviation}] or null}: of α of ST; quantiles at 5, 25, 50, 75 and 95 %
/// - confusions: [{truth, predicted, clips, of, back, text}], mistakes: [{clip, truth, predicted,
///   given, right}]
/// - answers: {clips: clips_digest() of the list, truth: […], predicted: […]}, so that two runs
///   can be compared clip by clip
/// - clips: [], which add_clips() fills
nlohmann::ordered_json evaluation_data(const Evaluation& evaluation, const Metrics& metrics,
                                       const ClassNames& names, const MicroDualNet& model,
                                       const EvaluationOrigin& origin);

/// Inspects the clips that choose_clips() names, and adds each as clip_json() has it, with `group`,
/// `label` and `predicted`, as long as all the data together stay below `most_bytes` of JSON.
/// `loader` has read the predictions. Throws as inspect() does.
void add_clips(nlohmann::ordered_json& data, const Evaluation& evaluation, MicroDualNet& model,
               const Loader& loader, int64_t most_bytes = 1'900'000);

/// The parts named `metrics`, `recall_intervals` (of pairs of correct clips and clips of a class)
/// and `confusions` above, for evaluations of which less is known.
nlohmann::ordered_json rates_json(const std::vector<Answer>& answers, int64_t classes,
                                  const RateOptions& options);
nlohmann::ordered_json recall_intervals_json(
    const std::vector<std::pair<int64_t, int64_t>>& correct_of_clips);
nlohmann::ordered_json confusions_json(const std::vector<Confusion>& confusions,
                                       const ClassNames& names);
constexpr int64_t most_confusions = 8;

/// Tells a list of clips from others: how many, and a CRC-32 of all names and labels.
std::string clips_digest(const std::vector<std::pair<std::string, int64_t>>& names_and_labels);

/// A checkpoint's metadata without what is no setting of the run: config, names, position.
std::map<std::string, std::string> run_settings(const std::map<std::string, std::string>& metadata);

/// FOLDER/report_data, and in it the data of the evaluation called `name`.
std::string report_data_folder(const std::string& folder);
std::string report_data_file(const std::string& folder, const std::string& name);

/// What the data says of the training that wrote it, `origin` and `config`, or keeps of a training
/// in whose place it was written; null of others.
nlohmann::ordered_json training_of(const nlohmann::ordered_json& data);

/// For before a long computation: throws Error if write_report_data() could not write there.
void check_report_data(const std::string& folder);

/// Writes the data there; makes the folder where it is missing. What lies there already is
/// replaced, but for what it says of a training. Throws Error if it cannot.
void write_report_data(const std::string& folder, const std::string& name,
                       const nlohmann::ordered_json& data);

}  // namespace mdn
