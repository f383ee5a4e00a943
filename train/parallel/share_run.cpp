#include "train/parallel/share_run.h"

#include <nlohmann/json.hpp>

namespace mdn {

namespace {

using Json = nlohmann::json;

std::string text_of(const TrainRun& run) {
    return Json{
        {"data", run.data}, {"config", to_json(run.config)}, {"settings", run.settings.to_text()}}
        .dump();
}

void take(const std::string& text, TrainRun& run) {
    const Json json = Json::parse(text);
    const std::string source = "what rank 0 says of the run";
    run.data = json.at("data");
    run.config = parse_config(json.at("config").get<std::string>(), source);
    run.settings = TrainSettings::from_text(json.at("settings"), source);
    run.changes.clear();
    run.init.clear();
    run.tensorboard.clear();
    run.profile_trace.file.clear();
}

}  // namespace

void on_first_rank_for_all(Communicator& ranks, const std::function<void()>& prepare,
                           TrainRun& run) {
    if (ranks.rank() == 0) {
        try {
            prepare();
        } catch (...) {
            ranks.broadcast_text("");
            throw;
        }
        ranks.broadcast_text(text_of(run));
        return;
    }
    ranks.be_patient();
    const std::string text = ranks.broadcast_text("");
    if (text.empty()) throw Error("rank 0 could not begin the run");  // and says why
    take(text, run);
}

}  // namespace mdn
