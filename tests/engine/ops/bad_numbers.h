// Numbers that no eps, temperature or length can be.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

namespace mdn::test {

/// Not positive or not finite, the last three as floats.
inline const std::vector<double> not_positive_floats = {
    -1, 0, std::nan(""), std::numeric_limits<double>::infinity(), 1e-50, 1e-40, 1e50};

}  // namespace mdn::test
