#include "data/keypoints/formats/json_cursor.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "engine/error.h"

namespace mdn {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t deepest = 256;       // lists in lists
constexpr std::size_t longest = 64 << 10;  // bytes of a text or number that is read

void append_utf8(std::string& text, std::uint32_t code) {
    const auto byte = [&](std::uint32_t bits) { text.push_back(static_cast<char>(bits)); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xc0 | code >> 6), byte(0x80 | (code & 63));
    } else if (code < 0x10000) {
        byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63));
    } else {
        byte(0xf0 | code >> 18), byte(0x80 | (code >> 12 & 63)), byte(0x80 | (code >> 6 & 63)),
            byte(0x80 | (code & 63));
    }
}

/// The four hexadecimal digits at text[i], or -1.
std::int64_t hexadecimal(std::string_view text, std::size_t i) {
    if (i + 4 > text.size()) return -1;
    std::uint32_t value = 0;
    const auto [end, failure] = std::from_chars(text.data() + i, text.data() + i + 4, value, 16);
    return failure == std::errc() && end == text.data() + i + 4 ? std::int64_t{value} : -1;
}

}  // namespace

JsonCursor::JsonCursor(std::string_view text, const std::filesystem::path& file)
    : text_(text), file_(&file) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

std::string JsonCursor::where() const {
    const std::string_view before = text_.substr(0, at_);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t newline = before.rfind('\n');
    const std::size_t column = newline == before.npos ? at_ + 1 : at_ - newline;
    return file_->string() + ":" + std::to_string(line) + ":" + std::to_string(column);
}

void JsonCursor::fail(const std::string& what) const { throw Error(where() + ": " + what); }

void JsonCursor::blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
}

char JsonCursor::peek() {
    blanks();
    if (at_ == text_.size()) fail("not valid JSON: the file ends too early");
    return text_[at_];
}

void JsonCursor::expect(char character, const char* what) {
    if (peek() != character) fail(std::string("not valid JSON: ") + what + " is missing");
    ++at_;
}

bool JsonCursor::take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
}

JsonCursor::Kind JsonCursor::next() {
    switch (peek()) {
        case '{':
            return Kind::object;
        case '[':
            return Kind::array;
        case '"':
            return Kind::string;
        case 't':
        case 'f':
            return Kind::boolean;
        case 'n':
            return text_.substr(at_).starts_with("nan") ? Kind::number : Kind::null;
        default:
            return Kind::number;
    }
}

bool JsonCursor::open(char mark, std::string_view what) {
    if (peek() != mark)
        fail(std::string(what) + " is " + describe() + " where " +
             (mark == '{' ? "an object" : "a list") + " belongs");
    ++at_;
    if (peek() != (mark == '{' ? '}' : ']')) return true;
    ++at_;
    return false;
}

bool JsonCursor::comma(char closing) {
    if (peek() == closing) {
        ++at_;
        return false;
    }
    expect(',', "a comma");
    return true;
}

std::string_view JsonCursor::raw_string() {
    if (peek() != '"') fail("not valid JSON: a text in quotes is missing");
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) {
        at_ = begin - 1;
        fail("not valid JSON: a text without an end");
    }
    return text_.substr(begin, at_++ - begin);
}

std::string_view JsonCursor::raw_number() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && std::string_view("+-.0123456789eE").find(text_[at_]) != text_.npos)
        ++at_;
    return text_.substr(begin, at_ - begin);
}

std::string JsonCursor::member_name() {
    // It is not described: that would look for names in what lies there, however deep.
    if (peek() != '"') fail("not valid JSON: a name in quotes is missing");
    std::string name = string("a name");
    expect(':', "a colon");
    return name;
}

std::string JsonCursor::string(std::string_view what) {
    if (peek() != '"') fail(std::string(what) + " is " + describe() + " where a text belongs");
    const std::string_view raw = raw_string();
    if (raw.size() > longest)
        fail(std::string(what) + " is a text of " + std::to_string(raw.size()) + " bytes");
    std::string text;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] != '\\') {
            text.push_back(raw[i]);
            continue;
        }
        const char mark = raw[++i];  // raw_string saw that it is there
        constexpr std::string_view marks = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
        if (const std::size_t known = marks.find(mark); known != marks.npos) {
            text.push_back(meanings[known]);
            continue;
        }
        const std::int64_t unit = mark == 'u' ? hexadecimal(raw, i + 1) : -1;
        if (unit < 0) fail("not valid JSON: an unknown escape in a text");
        i += 4;
        std::uint32_t code = static_cast<std::uint32_t>(unit);
        if (code >= 0xd800 && code < 0xdc00 && raw.substr(i + 1).starts_with("\\u")) {
            const std::int64_t low = hexadecimal(raw, i + 3);
            if (low >= 0xdc00 && low < 0xe000) {
                code = 0x10000 + ((code - 0xd800) << 10) + static_cast<std::uint32_t>(low - 0xdc00);
                i += 6;
            }
        }
        append_utf8(text, code);
    }
    return text;
}

double JsonCursor::number(std::string_view what) {
    peek();
    for (const char* token : {"NaN", "nan", "-nan", "-NaN", "Infinity", "-Infinity", "null"})
        if (take(token)) return nan;
    const JsonCursor begin = *this;
    const std::string_view raw = raw_number();
    if (raw.empty())
        begin.fail(std::string(what) + " is " + begin.describe() + " where a number belongs");
    double value = 0;
    const auto [end, failure] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    // Beyond double's range: no place in a picture, and no size of anything.
    if (failure == std::errc::result_out_of_range) return nan;
    if (failure != std::errc() || end != raw.data() + raw.size())
        begin.fail("not valid JSON: '" + std::string(raw.substr(0, 40)) + "' is no number");
    return std::isfinite(value) ? value : nan;
}

void JsonCursor::skip() {
    std::string closing;  // of what is open, innermost last
    bool value_due = true;
    const auto next_element = [&] {
        if (closing.back() == '}') {
            raw_string();
            expect(':', "a colon");
        }
        value_due = true;
    };
    do {
        const char mark = peek();
        if (!value_due && mark == closing.back()) {
            ++at_;
            closing.pop_back();
        } else if (!value_due) {
            expect(',', "a comma");
            next_element();
        } else if (mark == '{' || mark == '[') {
            if (closing.size() == deepest) fail("lists in lists in lists, more than 256 deep");
            closing.push_back(mark == '{' ? '}' : ']');
            ++at_;
            value_due = false;
            if (peek() != closing.back()) next_element();
        } else {
            value_due = false;
            if (mark == '"')
                raw_string();
            else if (std::string_view("-0123456789nNI").find(mark) != text_.npos)
                number("a value");
            else if (!take("true") && !take("false"))
                fail("not valid JSON: a value is missing");
        }
    } while (!closing.empty());
}

void JsonCursor::end() {
    blanks();
    if (at_ < text_.size()) fail("not valid JSON: something follows the end");
}

std::vector<std::string> JsonCursor::keys() const {
    std::vector<std::string> names;
    JsonCursor ahead = *this;
    if (!ahead.next_is(Kind::object)) return names;
    for (bool more = ahead.open('{', ""); more && names.size() < 64; more = ahead.comma('}')) {
        names.push_back(ahead.member_name());
        ahead.skip();
    }
    return names;
}

bool JsonCursor::enter(std::string_view key) {
    JsonCursor ahead = *this;
    if (!ahead.next_is(Kind::object)) return false;
    for (bool more = ahead.open('{', ""); more; more = ahead.comma('}')) {
        if (ahead.member_name() == key) {
            *this = ahead;
            return true;
        }
        ahead.skip();
    }
    return false;
}

bool JsonCursor::enter_first() {
    JsonCursor ahead = *this;
    if (!ahead.next_is(Kind::array) || !ahead.open('[', "")) return false;
    *this = ahead;
    return true;
}

std::string JsonCursor::describe() const {
    JsonCursor ahead = *this;
    switch (ahead.next()) {
        case Kind::object: {
            std::string text = "an object with ";
            const std::vector<std::string> names = keys();
            if (names.empty()) return "an empty object";
            for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 8); ++i)
                text.append(i ? ", `" : "`").append(names[i].substr(0, 40)).append("`");
            return names.size() > 8 ? text + ", ..." : text;
        }
        case Kind::array:
            return "a list";
        case Kind::string:
            return "the text \"" + std::string(ahead.raw_string().substr(0, 40)) + "\"";
        case Kind::boolean:
            return ahead.take("true") ? "true" : "false";
        case Kind::null:
            return "null";
        case Kind::number:
            break;
    }
    const std::string_view raw = ahead.raw_number();
    return raw.empty() ? "something else" : std::string(raw.substr(0, 40));
}

}  // namespace mdn
