// The rows of the paper's ablation: from the backbone alone to the whole model (docs/recipes.md).
#pragma once

#include <string>
#include <vector>

#include "model/config.h"

namespace mdn {

/// A row is the whole model with some switches (SPEC §8, "Ablation switches") set to another value.
struct AblationRow {
    std::string name;   // of its folder, and the end of its configs' names: "ts-fixed"
    std::string title;  // as tables have it: "+ TS path"
    Regions regions = Regions::keypoints;
    Paths paths = Paths::dual;
    Fusion fusion = Fusion::router;
    bool mac = true;       // false: mac_weight is 0
    double ma52_top1 = 0;  // published, percent
    double imigue_top1 = 0;
};

/// The six, in the paper's order: each adds one part to the one above it.
const std::vector<AblationRow>& ablation_rows();

/// Their names, in that order.
std::vector<std::string> ablation_row_names();

/// The config of that row. `whole` is the whole model: check_whole_model().
Config ablated(const Config& whole, const AblationRow& row);

/// Throws Error with `source` and the first key whose value leaves out something that the rows of
/// an ablation add.
void check_whole_model(const Config& config, const std::string& source);

}  // namespace mdn
