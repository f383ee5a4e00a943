// Checks the name that a user gives for a dataset's list.
#pragma once

#include <string>

namespace mdn {

/// Throws Error, beginning with the option, if the dataset has no list of that name. What is wrong
/// with train, val or test, reading them says better. Throws as open_dataset does.
void check_split(const std::string& option, const std::string& dataset, const std::string& split);

}  // namespace mdn
