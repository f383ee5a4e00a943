// What a run's folder holds for its report: the log, and the data that evaluations kept.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mdn {

struct RunData {
    std::string name, folder = {};
    /// evaluation_data() as read; of an older program that kept only the evaluation's JSON, the
    /// parts that follow from that, with format 0; null without any.
    nlohmann::ordered_json evaluation = {};
    std::string evaluation_name = {};  // of its file: "test"
    /// null without log.jsonl: see read_curves().
    nlohmann::ordered_json curves = {};
    /// origin and config of the training itself, from the validation's data; null where unknown.
    nlohmann::ordered_json training = {};
    /// What the page cannot show, and why: a sentence each.
    std::vector<std::string> missing = {};
};

/// Reads a run's folder. `wanted` names the evaluation; empty: test, else val, else the first by
/// name. What report_data/ lacks is looked for in FOLDER/NAME.json, which `eval --json-file` wrote.
/// Throws Error naming folder or file: neither log nor evaluation is there, or `wanted` is not, or
/// a file is not what its name says, or a later program wrote it.
RunData read_run(const std::string& folder, const std::string& wanted = "");

/// The same with an evaluation that was just computed: `data` is evaluation_data(). Only the log is
/// read, where there is one, and what the training kept.
RunData run_with(const std::string& folder, const std::string& name,
                 const nlohmann::ordered_json& data);

/// The data of one evaluation as write_report_data() wrote it. Throws Error naming the file if it
/// is missing, damaged, or of a later program.
nlohmann::ordered_json read_evaluation_data(const std::string& path);

/// log.jsonl as columns, null where a line has no number:
/// - steps: {x, loss_ce, loss_mac, top1, lr, gradient_norm}, at most `most` points, each the mean
/// of the
///   steps it stands for; x counts epochs
/// - epochs: {x, seconds, train_loss_ce, train_loss_mac, val_loss, val_top1, val_top5}
/// - steps_in_all, seconds: of training
/// Throws Error naming the line that is no JSON object; a last line that was cut off is passed
/// over.
nlohmann::ordered_json read_curves(const std::string& log, int64_t most = 300);

}  // namespace mdn
