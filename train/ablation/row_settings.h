// Settings that one row of an ablation has for itself: at one learning rate for all, a row that
// learns otherwise than the whole model may not learn at all.
#pragma once

#include <map>
#include <string>

#include "train/settings/train_settings.h"

namespace mdn {

/// Of each row that has its own: values under the settings' names, as TrainSettings::to_text()
/// writes them.
using RowSettings = std::map<std::string, std::map<std::string, std::string>>;

/// "tsm:backbone-lr=1,ts-fixed:backbone-lr=1". Only settings of the optimizer and of the loss are
/// taken: the rows must see the same clips, in as many steps. Throws Error naming the item that is
/// not of this form, or whose row, setting or value there is not.
RowSettings row_settings_of(const std::string& text, const TrainSettings& settings);

/// The settings of all rows, but with the row's own values.
TrainSettings with_row_settings(const TrainSettings& settings, const RowSettings& own,
                                const std::string& row);

}  // namespace mdn
