#include "tests/docs/read_page.h"

#include <fstream>

#include "engine/error.h"

namespace mdn::test {

namespace {

std::string without_blanks_behind(std::string text) {
    text.erase(text.find_last_not_of(" \t\r") + 1);
    return text;
}

/// The comment of a line that is only `<!-- … -->`, else nothing.
std::string comment_in(const std::string& line) {
    const std::string text = without_blanks_behind(line);
    if (text.rfind("<!--", 0) != 0 || text.size() < 7 || text.substr(text.size() - 3) != "-->")
        return "";
    const size_t begin = text.find_first_not_of(' ', 4);
    return without_blanks_behind(text.substr(begin, text.size() - 3 - begin));
}

bool line_shows(const std::string& expected, const std::string& actual) {
    const std::string any = "…";
    size_t at = 0, begin = 0;
    for (bool first = true;; first = false) {
        const size_t end = expected.find(any, begin);
        const std::string part = expected.substr(begin, end - begin);
        const bool last = end == std::string::npos;
        if (last && !first)  // what follows the last … ends the line
            return actual.size() >= at + part.size() &&
                   actual.compare(actual.size() - part.size(), part.size(), part) == 0;
        if (last) return part == actual;
        const size_t found =
            first ? (actual.rfind(part, 0) == 0 ? 0 : std::string::npos) : actual.find(part, at);
        if (found == std::string::npos) return false;
        at = found + part.size();
        begin = end + any.size();
    }
}

bool lines_show(const std::vector<std::string>& expected, size_t i,
                const std::vector<std::string>& actual, size_t j) {
    for (; i < expected.size(); ++i, ++j) {
        const std::string line = without_blanks_behind(expected[i]);
        if (line == "…") {
            for (size_t rest = j; rest <= actual.size(); ++rest)
                if (lines_show(expected, i + 1, actual, rest)) return true;
            return false;
        }
        if (j == actual.size() || !line_shows(line, without_blanks_behind(actual[j]))) return false;
    }
    return j == actual.size();
}

}  // namespace

Page read_page(const std::filesystem::path& file, const std::string& name) {
    std::ifstream stream(file);
    if (!stream) throw Error(file.string() + ": cannot be read");
    Page page;
    page.name = name;
    std::string above;
    bool inside = false;
    for (std::string line; std::getline(stream, line); above = line) {
        ++page.line_count;
        if (line.rfind("```", 0) == 0) {
            if (!inside)
                page.blocks.push_back({.fence = page.line_count,
                                       .language = without_blanks_behind(line.substr(3)),
                                       .comment = comment_in(above),
                                       .lines = {}});
            inside = !inside;
        } else if (inside) {
            page.blocks.back().lines.push_back(line);
        } else {
            for (size_t begin = line.find('`'); begin != std::string::npos;) {
                const size_t end = line.find('`', begin + 1);
                if (end == std::string::npos) break;
                page.inline_code.push_back(
                    {page.line_count, line.substr(begin + 1, end - begin - 1)});
                begin = line.find('`', end + 1);
            }
        }
    }
    if (inside)
        throw Error(name + ":" + std::to_string(page.blocks.back().fence) +
                    ": no ``` ends this block");
    return page;
}

std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words;
    bool in_word = false;
    char quote = 0;
    for (const char c : line) {
        if (quote ? c == quote : c == '\'' || c == '"') {
            quote = quote ? 0 : c;
            if (quote && !in_word) words.emplace_back();
            in_word = true;
        } else if (!quote && (c == ' ' || c == '\t')) {
            in_word = false;
        } else if (!quote && c == '#' && !in_word) {
            break;
        } else {
            if (!in_word) words.emplace_back();
            in_word = true;
            words.back() += c;
        }
    }
    return words;
}

std::vector<Command> commands_of(const Block& block) {
    std::vector<Command> commands;
    bool goes_on = false;
    for (size_t i = 0; i < block.lines.size(); ++i) {
        std::string line = without_blanks_behind(block.lines[i]);
        if (!goes_on) commands.push_back({block.fence + 1 + static_cast<int>(i), {}});
        goes_on = !line.empty() && line.back() == '\\';
        if (goes_on) line.pop_back();
        for (const std::string& word : words_of(line)) commands.back().words.push_back(word);
    }
    std::erase_if(commands, [](const Command& command) { return command.words.empty(); });
    return commands;
}

bool shows(const std::vector<std::string>& expected, const std::vector<std::string>& actual) {
    return lines_show(expected, 0, actual, 0);
}

}  // namespace mdn::test
