#include "train/ablation/row_settings.h"

#include <algorithm>
#include <vector>

#include "data/formats/list_file.h"
#include "engine/error.h"
#include "engine/nearest_name.h"
#include "model/ablation.h"

namespace mdn {

namespace {

const char* const option = "--row-settings";

/// Those that change how a row learns, and neither what it sees nor how often.
const std::vector<std::string> own_settings = {
    "optimizer", "lr",   "backbone-lr", "classifier-lr", "bias-lr",        "weight-decay",
    "momentum",  "clip", "warmup",      "floor",         "label-smoothing"};

/// `name`, or an Error saying that there is no `what` of that name.
const std::string& known(const std::string& name, const std::vector<std::string>& names,
                         const char* what, const std::string& item) {
    if (std::find(names.begin(), names.end(), name) == names.end())
        throw Error(std::string(option) + " " + item + ": there is no " + what + " '" + name + "'",
                    did_you_mean(name, names, std::string("there are ") + comma_separated(names)));
    return name;
}

}  // namespace

RowSettings row_settings_of(const std::string& text, const TrainSettings& settings) {
    RowSettings own;
    if (text.empty()) return own;
    for (const std::string& item : split_at(text, ',')) {
        const size_t colon = item.find(':'), equals = item.find('=');
        if (colon == std::string::npos || equals == std::string::npos || equals < colon)
            throw Error(std::string(option) + " '" + item + "' is not ROW:SETTING=VALUE",
                        "for example tsm:backbone-lr=1");
        const std::string row = known(item.substr(0, colon), ablation_row_names(), "row", item);
        const std::string name = known(item.substr(colon + 1, equals - colon - 1), own_settings,
                                       "setting that a row may have for itself", item);
        if (!own[row].emplace(name, item.substr(equals + 1)).second)
            throw Error(std::string(option) + " gives " + row + ":" + name + " twice");
    }
    for (auto& [row, values] : own) {
        const auto all = with_row_settings(settings, own, row).to_text();
        for (auto& [name, value] : values) value = all.at(name);
    }
    return own;
}

TrainSettings with_row_settings(const TrainSettings& settings, const RowSettings& own,
                                const std::string& row) {
    const auto found = own.find(row);
    if (found == own.end()) return settings;
    auto all = settings.to_text();
    for (const auto& [name, value] : found->second) all.at(name) = value;
    return TrainSettings::from_text(all, std::string(option) + ", row " + row);
}

}  // namespace mdn
