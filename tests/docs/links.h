// What tests of the documentation share.
#pragma once

#include <filesystem>

namespace mdn::test {

/// Checks that the relative links of a page lead to files, and that a link to code that shows a
/// name, [`name`](file.cpp), leads to a file that holds it. Returns how many such names there are.
long check_links(const std::filesystem::path& page);

}  // namespace mdn::test
