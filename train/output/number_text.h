// Numbers as text that reads back as the same number.
#pragma once

#include <cstdint>
#include <string>

namespace mdn {

/// The shortest text that reads back as the same number.
std::string exact_text(double value);
/// Throws Error naming `what` if the text is not a number.
double number_from(const std::string& text, const std::string& what);
int64_t integer_from(const std::string& text, const std::string& what);

}  // namespace mdn
