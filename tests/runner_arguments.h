// The command line of the test runner, checked: doctest passes over an option that it does not know
// and over a pattern that nothing matches, and then reports success.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace mdn::test {

/// The test cases that a command line selects, in the order they run in. Throws Error for an
/// argument that is no option of doctest's, for a value that its option does not take, for a
/// pattern of suites, cases or files that matches none, and where all of them together leave none.
std::vector<const doctest::TestCaseData*> selected_cases(const std::vector<std::string>& arguments);

/// True if one of the options was given, by its long name: "reporters" for -r=xml.
bool has_option(const std::vector<std::string>& arguments, const std::string& name);

/// Of `names`, at most five that `pattern` may have meant, the likeliest first.
std::vector<std::string> nearest_names(const std::string& pattern,
                                       const std::vector<std::string>& names);

}  // namespace mdn::test
