// The commands of the pages: README.md, CONTRIBUTING.md and docs/. Those of the course have tests
// of their own (lessons/course). CONTRIBUTING.md, "Pages", says how a page is written for this.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/docs/read_page.h"
#include "tests/shell.h"
#include "tests/train/process.h"
#include "tests/train/program.h"

namespace mdn::test {

namespace {

namespace fs = std::filesystem;

/// The pages whose commands are tried here.
std::vector<std::string> pages() {
    std::vector<std::string> names = {"README.md", "CONTRIBUTING.md"};
    for (const auto& entry : fs::recursive_directory_iterator("docs")) {
        const std::string name = entry.path().generic_string();
        if (entry.path().extension() == ".md" && name.rfind("docs/lessons/", 0) != 0)
            names.push_back(name);
    }
    std::sort(names.begin() + 2, names.end());
    return names;
}

std::string place(const Page& page, int line) {
    return page.name + ":" + std::to_string(line) + ": ";
}

bool starts_with(const std::string& text, const std::string& begin) {
    return text.rfind(begin, 0) == 0;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

/// What bash says to a script, with nothing of the make that may have started this test.
Ended bash(const fs::path& script) {
    return Process({"env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "-u", "MFLAGS", "timeout", "1200",
                    "bash", script.string()},
                   script.string() + ".log")
        .wait();
}

bool is_installed(const std::string& name) {
    const std::string question = "command -v '" + name + "' >/dev/null 2>&1";
    return std::system(question.c_str()) == 0;
}

// ---- How a block is marked: by a comment in the line above it.

/// `<!-- not run: REASON -->`: the reason, or nothing.
std::string reason_not_to_run(const Block& block) {
    const std::string mark = "not run: ";
    return starts_with(block.comment, mark) ? block.comment.substr(mark.size()) : "";
}

/// `<!-- needs NAME -->`: the program without which the block is passed over.
std::string needed_program(const Block& block) {
    const std::string mark = "needs ";
    return starts_with(block.comment, mark) ? block.comment.substr(mark.size()) : "";
}

bool is_run(const Block& block) {
    if (block.language != "sh" || !reason_not_to_run(block).empty()) return false;
    return needed_program(block).empty() || is_installed(needed_program(block));
}

// ---- Commands that are not run are read: what they name must be there.

/// Goals of the Makefile, and the variables that it sets or asks for.
const std::set<std::string>& names_of_make() {
    static const std::set<std::string> names = [] {
        const TemporaryFolder folder;
        write(folder / "ask",
              R"(env -i PATH="$PATH" make -npq CUDA=0 2>/dev/null | grep -v '^#' > ")" +
                  (folder / "database").string() + R"("; cd ")" + folder.path().string() + R"("
grep -oE '^[A-Za-z_-]+ ?(:|=|[:?]=)' database | sed 's/[ :?=]*$//'
grep -oE '[$][(][A-Z_]+[)]' database | tr -d '$()'
)");
        const std::vector<std::string> lines = lines_of(bash(folder / "ask").text);
        const std::set<std::string> found(lines.begin(), lines.end());
        REQUIRE(found.count("test") == 1);
        return found;
    }();
    return names;
}

/// True if `--help` of a command of microdualnet, or a script, has an option of this name.
bool has_option(const std::string& text, const std::string& option) {
    for (size_t at = text.find(option); at != std::string::npos; at = text.find(option, at + 1)) {
        const char behind = at + option.size() < text.size() ? text[at + option.size()] : ' ';
        if (!std::isalnum(static_cast<unsigned char>(behind)) && behind != '-') return true;
    }
    return false;
}

/// The file of this project that a word runs, if it is one.
bool is_script(const std::string& word) {
    return std::regex_match(word, std::regex("(tests|train|data|docs)/[^ ]*\\.(sh|py)")) ||
           word == "data/extract_frames";
}

bool is_program(const std::string& word) {
    return word == "microdualnet" || word == "build/microdualnet";
}

/// Whether a line of a block without language is a command.
bool is_command(const std::string& word) {
    const std::set<std::string> others = {"make", "sudo",   "git", "python3", "pip",
                                          "cd",   "ffmpeg", "for", "export",  "$"};
    return is_program(word) || is_script(word) || others.count(word) == 1;
}

/// What is wrong with the names in a command: the program's command, options, make's goals and
/// variables, scripts. Empty if all of them are there.
std::string wrong_name(const std::vector<std::string>& words) {
    if (words.empty()) return "";
    std::string options, owner;
    size_t first = 1;
    if (words[0] == "make") {
        for (size_t i = 1; i < words.size(); ++i) {
            const std::string name = words[i].substr(0, words[i].find('='));
            if (name[0] != '-' && names_of_make().count(name) == 0)
                return "the Makefile has no " + name;
        }
        return "";
    }
    if (is_program(words[0])) {
        if (words.size() == 1 || words[1][0] == '-') return "";
        const Ran help = microdualnet({words[1], "--help"});
        if (help.code != 0) return "microdualnet has no command " + words[1];
        owner = "microdualnet " + words[1];
        options = help.out;
        first = 2;
    } else {
        const auto script = std::find_if(words.begin(), words.end(), is_script);
        if (script == words.end()) return "";
        owner = *script;
        if (!fs::exists(owner)) return "there is no " + owner;
        options = text_of(owner);
        first = static_cast<size_t>(script - words.begin()) + 1;
    }
    for (size_t i = first; i < words.size(); ++i) {
        const std::string option = words[i].substr(0, words[i].find('='));
        if (starts_with(option, "--") && option.size() > 2 && !has_option(options, option))
            return owner + " has no option " + option;
    }
    return "";
}

// ---- A page.

/// Blocks that are not what they should be, and names that are not there.
std::vector<std::string> unreadable_commands(const Page& page) {
    std::vector<std::string> problems;
    const auto problem = [&](int line, const std::string& text) {
        problems.push_back(place(page, line) + text);
    };
    const Block* before = nullptr;
    for (const Block& block : page.blocks) {
        if (std::set<std::string>{"bash", "zsh", "shell", "console"}.count(block.language))
            problem(block.fence, "a block of commands begins with ```sh");
        if (block.language.empty() || block.language == "text") {
            for (const Command& command : commands_of(block))
                if (is_command(command.words[0]))
                    problem(command.line,
                            "a command in a block without language: begin the block with ```sh");
        } else if (block.language == "python" && reason_not_to_run(block).empty()) {
            problem(block.fence,
                    "Python is not run: say why, as in <!-- not run: needs PyTorch -->");
        } else if (block.language == "sh") {
            if (starts_with(block.comment, "not run") && reason_not_to_run(block).empty())
                problem(block.fence, "say why: <!-- not run: REASON -->");
            if (!is_run(block))
                for (const Command& command : commands_of(block))
                    if (const std::string wrong = wrong_name(command.words); !wrong.empty())
                        problem(command.line, wrong);
        } else if (block.language == "output" && (before == nullptr || before->language != "sh")) {
            problem(block.fence, "the block above shows no command that prints this");
        }
        before = &block;
    }
    for (const InlineCode& code : page.inline_code)
        if (const std::string wrong = wrong_name(words_of(code.text)); !wrong.empty())
            problem(code.line, wrong);
    return problems;
}

/// The page as a script: commands stand in the lines in which the page has them, so that bash names
/// the page's lines. Before each block a line "@block FENCE" is printed.
std::string script_of(const Page& page, const fs::path& folder) {
    std::vector<std::string> lines(static_cast<size_t>(page.line_count) + 1);
    lines[1] = "cd '" + folder.string() + "'; set -Eeuo pipefail; " +
               R"(trap 'code=$?; echo "@failed $LINENO $code"' ERR)";
    for (const Block& block : page.blocks) {
        if (!is_run(block)) continue;
        lines[static_cast<size_t>(block.fence)] = "echo @block " + std::to_string(block.fence);
        std::copy(block.lines.begin(), block.lines.end(), lines.begin() + block.fence + 1);
    }
    std::string script;
    for (size_t i = 1; i < lines.size(); ++i) script.append(lines[i]).append("\n");
    return script;
}

std::string indented(const std::vector<std::string>& lines, size_t at_most) {
    std::string text;
    const size_t begin = lines.size() > at_most ? lines.size() - at_most : 0;
    if (begin > 0) text += "    …\n";
    for (size_t i = begin; i < lines.size(); ++i) text.append("    ").append(lines[i]).append("\n");
    return text;
}

/// Where the command begins whose last line bash names.
int first_line(const Page& page, int line) {
    for (const Block& block : page.blocks) {
        const int last = block.fence + static_cast<int>(block.lines.size());
        if (line <= block.fence || line > last) continue;
        while (line > block.fence + 1 &&
               block.lines[static_cast<size_t>(line - block.fence - 2)].ends_with('\\'))
            --line;
    }
    return line;
}

/// Runs what is to be run of a page, in `folder`, where its stand-ins are.
std::vector<std::string> failing_commands(const Page& page, const fs::path& script,
                                          const fs::path& folder) {
    if (std::none_of(page.blocks.begin(), page.blocks.end(), is_run)) return {};
    write(script, script_of(page, folder));
    const Ended ended = bash(script);
    std::map<int, std::vector<std::string>> printed;
    int block = 0, failed = 0;
    for (const std::string& line : lines_of(ended.text)) {
        if (starts_with(line, "@block ")) {
            block = std::stoi(line.substr(7));
            printed[block];
        } else if (starts_with(line, "@failed ")) {
            failed = std::stoi(line.substr(8));
        } else {
            printed[block].push_back(line);
        }
    }
    std::vector<std::string> problems;
    if (ended.code != 0)
        problems.push_back(place(page, failed ? first_line(page, failed) : block) +
                           "this ends with exit code " + std::to_string(ended.code) + ":\n" +
                           indented(printed[block], 12));
    for (size_t i = 1; i < page.blocks.size(); ++i) {
        const Block &shown = page.blocks[i], &command = page.blocks[i - 1];
        const auto actual = printed.find(command.fence);
        if (shown.language != "output" || actual == printed.end()) continue;
        if (ended.code != 0 && command.fence == block) continue;  // said above
        if (!shows(shown.lines, actual->second))
            problems.push_back(place(page, shown.fence) + "the command above prints:\n" +
                               indented(actual->second, 100));
    }
    return problems;
}

/// All that is wrong with the commands of a page. Its stand-ins are made below `folder`.
std::vector<std::string> problems_of(const Page& page, const TemporaryFolder& folder) {
    std::vector<std::string> problems = unreadable_commands(page);
    const fs::path here = folder / page.name;
    write(here.string() + ".stand-ins", "exec tests/docs/stand_ins.sh '" + program() + "' '" +
                                            (folder / "made").string() + "' '" + page.name + "' '" +
                                            here.string() + "'\n");
    if (std::any_of(page.blocks.begin(), page.blocks.end(), is_run)) {
        const Ended made = bash(here.string() + ".stand-ins");
        REQUIRE_MESSAGE(made.code == 0, made.text);
    }
    for (std::string& problem : failing_commands(page, here.string() + ".sh", here))
        problems.push_back(std::move(problem));
    return problems;
}

/// problems_of a page with this text, as one text.
std::string problems_in(const std::string& text) {
    const TemporaryFolder folder;
    write(folder / "page.md", text);
    // No program: these pages need no stand-ins.
    const Page page = read_page(folder / "page.md", "page.md");
    std::vector<std::string> problems = unreadable_commands(page);
    for (const std::string& problem : failing_commands(page, folder / "page.sh", folder.path()))
        problems.push_back(problem);
    std::string all;
    for (const std::string& problem : problems) all.append(problem).append("\n");
    return all;
}

}  // namespace

TEST_SUITE("docs/commands") {
    TEST_CASE("the commands of every page do what the page says") {
        const TemporaryFolder folder;
        for (const std::string& name : pages()) {
            const Page page = read_page(name, name);
            for (const std::string& problem : problems_of(page, folder)) FAIL_CHECK(problem);
            for (const Block& block : page.blocks)
                if (block.language == "sh" && reason_not_to_run(block).empty() && !is_run(block))
                    MESSAGE(place(page, block.fence), "not run: there is no ",
                            needed_program(block));
        }
    }

    TEST_CASE("a command that fails is named by page and line, with what it printed") {
        const std::string said = problems_in(
            "# Page\n\n```sh\ntrue\necho one; ls \\\n    --no-such-option\necho two\n```\n");
        CHECK_MESSAGE(contains(said, {"page.md:", "exit code 2", "no-such-option", "    one\n"}),
                      said);
        CHECK(contains(said, {"page.md:5: "}));
        CHECK(!contains(said, {"two"}));
        CHECK(contains(problems_in("#\n```sh\nif true; then\n```\n"), {"syntax error"}));
        CHECK(contains(problems_in("#\n```sh\necho \"$unset\"\n```\n"), {"page.md:2: ", "unset"}));
        CHECK(problems_in("#\n```sh\nmkdir a && cd a\n```\nand\n```sh\ncd ../a\n```\n") == "");
    }

    TEST_CASE("what a block prints is compared with what the page shows below it") {
        const auto page = [](const std::string& shown) {
            return problems_in("#\n```sh\nprintf 'a 1 b\\nc\\nd\\n'\n```\ntext\n```output\n" +
                               shown + "```\n");
        };
        CHECK(page("a 1 b\nc\nd\n") == "");
        CHECK(page("a … b\n…\n") == "");
        CHECK(page("…\na …\n…\nd\n…\n") == "");
        CHECK(page("a 1 b\n…\nc\nd\n") == "");
        for (const char* wrong : {"", "a 1 b\nc\n", "a 2 b\nc\nd\n", "a … c\n…\n", "…\nc\n",
                                  "a 1 b\nc\nd\ne\n", "… 1\nc\nd\n", "a 1 …1 b\nc\nd\n"})
            CHECK_MESSAGE(contains(page(wrong), {"page.md:6: ", "    a 1 b\n"}), wrong);
    }

    TEST_CASE("a block is run, or says why not; what it names must be there all the same") {
        CHECK(problems_in("#\n<!-- not run: needs a GPU -->\n```sh\nfalse\n```\n") == "");
        CHECK(contains(problems_in("#\n<!-- not run -->\n```sh\ntrue\n```\n"),
                       {"page.md:3: ", "why"}));
        CHECK(contains(problems_in("#\n<!-- not run: far -->\n\n```sh\nfalse\n```\n"),
                       {"page.md:5: ", "exit code 1"}));
        CHECK(contains(problems_in("#\n```bash\ntrue\n```\n"), {"page.md:2: ", "```sh"}));
        CHECK(contains(problems_in("#\n```\nmake demo\n```\n"), {"page.md:3: ", "```sh"}));
        CHECK(contains(problems_in("#\n```text\na\nbuild/microdualnet check x\n```\n"),
                       {"page.md:4: "}));
        CHECK(contains(problems_in("#\n```python\nimport x\n```\n"), {"page.md:2: ", "why"}));
        CHECK(contains(problems_in("#\n```output\nx\n```\n"), {"page.md:2: ", "no command"}));
        CHECK(problems_in("#\n<!-- needs no-such-program -->\n```sh\nfalse\n```\n") == "");
        CHECK(contains(problems_in("#\n<!-- needs ls -->\n```sh\nfalse\n```\n"), {"page.md:4: "}));

        const auto unread = [](const std::string& command) {
            return problems_in("#\n<!-- not run: far -->\n```sh\n" + command + "\n```\n") +
                   problems_in("#\nA `" + command + "` in the text.\n");
        };
        for (const char* right :
             {"microdualnet train --out RUN --lr=1 --resume", "build/microdualnet", "ls --nothing",
              "make test TESTS='a b' WERROR=1 -k", "data/extract_frames V F --fps 3", "make",
              "python3 tests/peers/run_suites.py --only x", "build/microdualnet eval  # --all"})
            CHECK_MESSAGE(unread(right) == "", right);
        for (const auto& [wrong, named] :
             {std::pair("microdualnet train --out RUN --learning-rate 1", "--learning-rate"),
              {"build/microdualnet trian --out RUN", "trian"},
              {"build/microdualnet train --ep 3", "--ep"},
              {"make tests", "tests"},
              {"make test TEST=a", "TEST"},
              {"data/extract_frames V F --rate 3", "--rate"},
              {"tests/no_such.sh", "tests/no_such.sh"},
              {"python3 tests/peers/run_suites.py --onyl x", "--onyl"}})
            CHECK(contains(unread(wrong), {"page.md:4: ", "page.md:2: ", named}));
    }

    TEST_CASE("the words of a command are those that a shell sees") {
        CHECK(words_of("a 'b c'd \"e  f\" g#h # i") ==
              std::vector<std::string>{"a", "b cd", "e  f", "g#h"});
        CHECK(words_of("  a ''  ") == std::vector<std::string>{"a", ""});
        CHECK(words_of("# only a comment").empty());
    }
}

}  // namespace mdn::test
