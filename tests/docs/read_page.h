// A page of the documentation, as its commands are looked for: fenced blocks and inline code.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mdn::test {

/// A fenced block. Lines of a page count from 1.
struct Block {
    int fence;                       // the line of its opening ```
    std::string language;            // what stands behind the ```; empty for none
    std::string comment;             // the HTML comment in the line above, without <!-- and -->
    std::vector<std::string> lines;  // between the fences; the first is line fence + 1
};

/// Code in the text: `like this`. The text of a span is in one line.
struct InlineCode {
    int line;
    std::string text;
};

struct Page {
    std::string name;  // as a message names it: docs/recipes.md
    int line_count = 0;
    std::vector<Block> blocks;
    std::vector<InlineCode> inline_code;
};

/// Throws Error if the page cannot be read, or if a block is never closed.
Page read_page(const std::filesystem::path& file, const std::string& name);

/// A command of a page: its words, with quotes and comments taken away.
struct Command {
    int line;  // where it begins
    std::vector<std::string> words;
};

/// Commands of a block, one per line; lines that end with a backslash are joined.
std::vector<Command> commands_of(const Block& block);

/// The words of one line of a shell: quotes taken away, and the comment.
std::vector<std::string> words_of(const std::string& line);

/// True if `actual` is what `expected` shows. In `expected`, … stands for any text in its line, and
/// a line that is only … for any lines. Blanks at the ends of lines do not count.
bool shows(const std::vector<std::string>& expected, const std::vector<std::string>& actual);

}  // namespace mdn::test
