#include "model/ablation.h"

#include "engine/error.h"

namespace mdn {

const std::vector<AblationRow>& ablation_rows() {
    static const std::vector<AblationRow> rows = {
        {.name = "tsm",
         .title = "TSM",
         .regions = Regions::none,
         .ma52_top1 = 52.15,
         .imigue_top1 = 58.73},
        {.name = "ts-fixed",
         .title = "+ TS path",
         .regions = Regions::fixed,
         .paths = Paths::ts,
         .ma52_top1 = 55.96,
         .imigue_top1 = 63.48},
        {.name = "ts",
         .title = "+ SEM",
         .paths = Paths::ts,
         .ma52_top1 = 59.21,
         .imigue_top1 = 68.87},
        {.name = "mean-no-mac",
         .title = "+ dual path",
         .fusion = Fusion::mean,
         .mac = false,
         .ma52_top1 = 62.14,
         .imigue_top1 = 72.65},
        {.name = "mean",
         .title = "+ MAC",
         .fusion = Fusion::mean,
         .ma52_top1 = 64.40,
         .imigue_top1 = 75.52},
        {.name = "full", .title = "full (router)", .ma52_top1 = 65.10, .imigue_top1 = 76.88},
    };
    return rows;
}

std::vector<std::string> ablation_row_names() {
    std::vector<std::string> names;
    for (const AblationRow& row : ablation_rows()) names.push_back(row.name);
    return names;
}

Config ablated(const Config& whole, const AblationRow& row) {
    Config config = whole;
    config.regions = row.regions;
    config.paths = row.paths;
    config.fusion = row.fusion;
    if (!row.mac) config.mac_weight = 0;
    return config;
}

void check_whole_model(const Config& config, const std::string& source) {
    const char* lacks = config.modality != Modality::rgb_pose  ? "modality is not rgb+pose"
                        : config.regions != Regions::keypoints ? "regions is not keypoints"
                        : config.paths != Paths::dual          ? "paths is not dual"
                        : config.fusion != Fusion::router      ? "fusion is not router"
                        : config.mac_weight <= 0               ? "mac_weight is 0"
                                                               : nullptr;
    if (lacks != nullptr)
        throw Error(source + " is not the whole model: its " + lacks,
                    "an ablation starts from the whole model and leaves parts out itself; give "
                    "the config without that key");
}

}  // namespace mdn
