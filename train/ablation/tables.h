// The result of an ablation as tables for people (Markdown) and as JSON for programs.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "train/ablation/result.h"
#include "train/ablation/row_settings.h"

namespace mdn {

/// Whose published figures stand beside the rows.
enum class Published { none, ma52, imigue };

/// Where the runs come from.
struct AblationOrigin {
    std::string data, split;
    std::string model;  // of the whole model, as the user named it: a file or a preset
    std::map<std::string, std::string> settings;  // of every run, but the seed
    RowSettings row_settings;                     // of these rows, instead
    Published published = Published::none;
};

/// Three tables, aligned, so that they can be read as they are: the rows, their differences, and
/// the classes. Below each stands how to read it.
std::string ablation_markdown(const AblationAnswers& answers, const AblationResult& result,
                              const AblationOrigin& origin);

/// docs/inside.md lists the fields. Rates in percent, unrounded.
nlohmann::ordered_json ablation_json(const AblationAnswers& answers, const AblationResult& result,
                                     const AblationOrigin& origin);

}  // namespace mdn
