#include "train/output/number_text.h"

#include <charconv>

#include "engine/error.h"

namespace mdn {

namespace {

template <class T>
T parse(const std::string& text, const std::string& what) {
    T value{};
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (result.ec != std::errc() || result.ptr != end)
        throw Error(what + " is not a number: '" + text + "'");
    return value;
}

}  // namespace

std::string exact_text(double value) {
    char text[32];
    const auto result = std::to_chars(text, text + sizeof text, value);
    return {text, result.ptr};
}

double number_from(const std::string& text, const std::string& what) {
    return parse<double>(text, what);
}

int64_t integer_from(const std::string& text, const std::string& what) {
    return parse<int64_t>(text, what);
}

}  // namespace mdn
