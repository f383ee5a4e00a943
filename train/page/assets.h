// The stylesheets and scripts of this folder, compiled into the program.
#pragma once

#include <string>
#include <string_view>

namespace mdn {

/// The text of train/page/NAME, "page.css" for one. NAME must be in the list of assets.cpp.
std::string_view page_asset(const std::string& name);

}  // namespace mdn
