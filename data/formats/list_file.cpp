#include "data/formats/list_file.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

std::string numbered(const char* format, std::int64_t number) {
    char text[64];
    std::snprintf(text, sizeof text, format, static_cast<long long>(number));
    return text;
}

bool is_blank(const std::string& line) {
    return line.find_first_not_of(" \t") == std::string::npos;
}

/// Sums and products of a few numbers of a list must not overflow.
constexpr std::int64_t most_in_a_list = 1'000'000'000;

std::int64_t parse_integer(const std::string& text, const std::string& what,
                           const std::string& where) {
    std::int64_t value = 0;
    const char* const last = text.data() + text.size();
    auto [end, failure] = std::from_chars(text.data(), last, value);
    // Tables that went through a program with floats say 20.0.
    if (failure == std::errc() && end != last && *end == '.' && end + 1 != last)
        end = std::find_if(end + 1, last, [](char c) { return c != '0'; });
    if (failure != std::errc() || end != last) {
        throw Error(where + ": " + what + " '" + text + "' is not a whole number");
    }
    if (value < -most_in_a_list || value > most_in_a_list)
        throw Error(where + ": " + what + " '" + text + "' is too large");
    return value;
}

std::vector<std::string> split_at(const std::string& line, char separator, std::size_t most) {
    std::vector<std::string> fields;
    for (std::size_t begin = 0; begin <= line.size();) {
        const bool last = fields.size() + 1 >= most;
        const std::size_t end =
            last ? line.size() : std::min(line.find(separator, begin), line.size());
        fields.push_back(line.substr(begin, end - begin));
        begin = end + 1;
    }
    return fields;
}

std::vector<std::string> split_csv(const std::string& line, const std::string& where) {
    constexpr std::size_t most_csv_fields = 1000;
    std::vector<std::string> fields;
    std::size_t at = 0;
    const auto skip_blanks = [&] { at = std::min(line.find_first_not_of(" \t", at), line.size()); };
    while (true) {
        std::string field;
        skip_blanks();
        if (at < line.size() && line[at] == '"') {
            for (++at;; ++at) {
                const std::size_t quote = line.find('"', at);
                if (quote == std::string::npos) throw Error(where + ": a quote is not closed");
                field += line.substr(at, quote - at);
                at = quote + 1;
                if (at >= line.size() || line[at] != '"') break;
                field += '"';
            }
            skip_blanks();
            if (at < line.size() && line[at] != ',')
                throw Error(where + ": a closing quote is not followed by a comma");
        } else {
            const std::size_t end = std::min(line.find(',', at), line.size());
            field = line.substr(at, end - at);
            field.erase(field.find_last_not_of(" \t") + 1);
            at = end;
        }
        fields.push_back(std::move(field));
        if (fields.size() > most_csv_fields)
            throw Error(where + ": more than " + std::to_string(most_csv_fields) + " fields");
        if (at >= line.size()) return fields;
        ++at;  // the comma
    }
}

std::string csv_field(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (char c : text) quoted.append(c == '"' ? 2 : 1, c);
    return quoted + "\"";
}

std::string take_last_word(std::string& rest) {
    rest.erase(rest.find_last_not_of(" \t") + 1);
    const std::size_t blank = rest.find_last_of(" \t");
    const std::size_t begin = blank == std::string::npos ? 0 : blank + 1;
    const std::string word = rest.substr(begin);
    rest.erase(begin);
    return word;
}

void check_name(const std::string& name, const std::string& where) {
    const fs::path path(name);
    const bool leaves =
        path.is_absolute() || std::find(path.begin(), path.end(), fs::path("..")) != path.end();
    if (leaves) throw Error(where + ": clip '" + name + "' lies outside the dataset folder");
}

}  // namespace mdn
