// A report's first lines: what the figures say, in words.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mdn {

/// What the model is, for those who know its run by name only; of evaluation_data(). Empty where
/// its config was not kept.
std::string model_text(const nlohmann::ordered_json& evaluation);

/// "89.5 % of 640 clips (Top-1; 95 % interval 87.0 % to 91.9 %)", of evaluation_data().
std::string rate_text(const nlohmann::ordered_json& evaluation);

/// One statement each: how well, with which uncertainty and beside what; which body parts chose
/// which path; what the paths know alone; what is confused most. Of evaluation_data(), as far as
/// that is known.
std::vector<std::string> summary_of(const nlohmann::ordered_json& evaluation);

}  // namespace mdn
