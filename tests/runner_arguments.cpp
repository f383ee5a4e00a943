#include "tests/runner_arguments.h"

#include <errno.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>

#include "engine/error.h"

namespace mdn::test {

namespace {

enum class Value { none, boolean, number, text, patterns };

struct Option {
    const char *name, *short_name;
    Value value;
};

// doctest 2.4's own.
constexpr Option options[] = {
    {"help", "h", Value::none},
    {"help", "?", Value::none},
    {"version", "v", Value::none},
    {"count", "c", Value::none},
    {"list-test-cases", "ltc", Value::none},
    {"list-test-suites", "lts", Value::none},
    {"list-reporters", "lr", Value::none},
    {"test-suite", "ts", Value::patterns},
    {"test-suite-exclude", "tse", Value::patterns},
    {"test-case", "tc", Value::patterns},
    {"test-case-exclude", "tce", Value::patterns},
    {"source-file", "sf", Value::patterns},
    {"source-file-exclude", "sfe", Value::patterns},
    {"subcase", "sc", Value::text},
    {"subcase-exclude", "sce", Value::text},
    {"reporters", "r", Value::text},
    {"out", "o", Value::text},
    {"order-by", "ob", Value::text},
    {"rand-seed", "rs", Value::number},
    {"first", "f", Value::number},
    {"last", "l", Value::number},
    {"abort-after", "aa", Value::number},
    {"subcase-filter-levels", "scfl", Value::number},
    {"success", "s", Value::boolean},
    {"case-sensitive", "cs", Value::boolean},
    {"exit", "e", Value::boolean},
    {"duration", "d", Value::boolean},
    {"minimal", "m", Value::boolean},
    {"quiet", "q", Value::boolean},
    {"no-throw", "nt", Value::boolean},
    {"no-exitcode", "ne", Value::boolean},
    {"no-run", "nr", Value::boolean},
    {"no-intro", "ni", Value::boolean},
    {"no-version", "nv", Value::boolean},
    {"no-colors", "nc", Value::boolean},
    {"force-colors", "fc", Value::boolean},
    {"no-breaks", "nb", Value::boolean},
    {"no-skip", "ns", Value::boolean},
    {"gnu-file-line", "gfl", Value::boolean},
    {"no-path-filenames", "npf", Value::boolean},
    {"no-line-numbers", "nln", Value::boolean},
    {"no-debug-output", "ndo", Value::boolean},
    {"no-skipped-summary", "nss", Value::boolean},
    {"no-time-in-output", "ntio", Value::boolean},
};

constexpr const char* booleans[] = {"1", "true", "on", "yes", "0", "false", "off", "no"};

struct Given {
    const Option* option = nullptr;
    std::optional<std::string> value;
};

/// As doctest takes an argument apart: dashes, perhaps "dt-", the name, perhaps "=" and a value.
Given take_apart(const std::string& argument) {
    const size_t begin = argument.find_first_not_of('-');
    if (begin == 0 || begin == std::string::npos) return {};
    std::string name = argument.substr(begin);
    Given given;
    if (const size_t equals = name.find('='); equals != std::string::npos) {
        given.value = name.substr(equals + 1);
        name.resize(equals);
    }
    if (name.starts_with("dt-")) name.erase(0, 3);
    for (const Option& option : options)
        if (name == option.name || name == option.short_name) given.option = &option;
    return given;
}

void check_value(const std::string& argument, const Given& given) {
    const std::string value = given.value.value_or("");
    const auto refuse = [&](const char* what) {
        throw Error("'" + argument + "': this option takes " + what, "--help lists the options");
    };
    switch (given.option->value) {
        case Value::none:
            if (given.value) refuse("no value");
            return;
        case Value::boolean:
            if (given.value &&
                std::find(std::begin(booleans), std::end(booleans), value) == std::end(booleans))
                refuse("true or false, or no value");
            return;
        case Value::number:
            if (value.empty() || value.size() > 9 ||
                value.find_first_not_of("0123456789") != std::string::npos)
                refuse("a number, after =");
            return;
        case Value::text:
        case Value::patterns:
            if (value.empty()) refuse("a value, after =");
    }
}

/// The patterns of a list: commas part them, unless a backslash stands before.
std::vector<std::string> split_patterns(const std::string& list) {
    std::vector<std::string> patterns(1);
    for (size_t i = 0; i < list.size(); ++i) {
        if (list[i] == '\\' && i + 1 < list.size() && (list[i + 1] == ',' || list[i + 1] == '\\'))
            patterns.back() += list[++i];
        else if (list[i] == ',')
            patterns.emplace_back();
        else
            patterns.back() += list[i];
    }
    std::erase(patterns, "");
    return patterns;
}

std::string escaped(const std::string& pattern) {
    std::string text;
    for (const char c : pattern) {
        if (c == ',' || c == '\\') text += '\\';
        text += c;
    }
    return text;
}

std::vector<const doctest::TestCaseData*> collected;

/// Keeps what doctest's own query found; used only where it is named.
struct Collector : doctest::IReporter {
    explicit Collector(const doctest::ContextOptions&) {}
    void report_query(const doctest::QueryData& found) override {
        collected.assign(found.data, found.data + found.num_data);
    }
    void test_run_start() override {}
    void test_run_end(const doctest::TestRunStats&) override {}
    void test_case_start(const doctest::TestCaseData&) override {}
    void test_case_reenter(const doctest::TestCaseData&) override {}
    void test_case_end(const doctest::CurrentTestCaseStats&) override {}
    void test_case_exception(const doctest::TestCaseException&) override {}
    void subcase_start(const doctest::SubcaseSignature&) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData&) override {}
    void log_message(const doctest::MessageData&) override {}
    void test_case_skipped(const doctest::TestCaseData&) override {}
};

REGISTER_REPORTER("collector", 1, Collector);

/// What doctest would run of these arguments: it matches the patterns itself.
std::vector<const doctest::TestCaseData*> query(std::vector<std::string> arguments) {
    // Another question would be answered in its place. The last of two options wins.
    std::erase_if(arguments, [](const std::string& argument) {
        return take_apart(argument).option->value == Value::none;
    });
    arguments.insert(arguments.end(), {"--list-test-cases", "--reporters=collector"});
    std::vector<const char*> argv = {""};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    collected.clear();
    doctest::Context(static_cast<int>(argv.size()), argv.data()).run();
    return collected;
}

std::string name_of(const doctest::TestCaseData& test, const std::string& option) {
    if (option.starts_with("test-suite")) return test.m_test_suite;
    return option.starts_with("test-case") ? test.m_name : test.m_file.c_str();
}

[[noreturn]] void refuse_pattern(const std::string& argument, const std::string& pattern,
                                 const std::string& option) {
    std::set<std::string> names;
    for (const doctest::TestCaseData* test : query({})) names.insert(name_of(*test, option));
    const auto near = nearest_names(pattern, {names.begin(), names.end()});
    std::string hint;
    for (const std::string& name : near) hint += (hint.empty() ? "the nearest are " : ", ") + name;
    if (near.empty() && option.starts_with("test-suite")) {
        std::set<std::string> folders;
        for (const std::string& name : names) folders.insert(name.substr(0, name.find('/')));
        for (const std::string& folder : folders)
            hint += (hint.empty() ? "suites are " : ", ") + folder + "/*";
    }
    if (!hint.empty()) hint += "; ";
    hint += program_invocation_name;
    hint += option.starts_with("test-suite") ? " --list-test-suites lists all"
                                             : " --list-test-cases lists all";
    const std::string kind = option.starts_with("test-suite")  ? "test suite"
                             : option.starts_with("test-case") ? "test case"
                                                               : "source file";
    throw Error("no " + kind + " matches '" + pattern + "', of '" + argument + "'", hint);
}

size_t edit_distance(const std::string& a, const std::string& b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
        }
    }
    return row[b.size()];
}

}  // namespace

std::vector<std::string> nearest_names(const std::string& pattern,
                                       const std::vector<std::string>& names) {
    std::string meant;
    for (const char c : pattern)
        if (c != '*' && c != '?') meant += static_cast<char>(std::tolower(c));
    const auto last_part = [](const std::string& name) {
        return name.substr(name.rfind('/') + 1);  // all of it where there is no slash
    };
    std::vector<std::pair<size_t, std::string>> ranked;
    for (const std::string& name : names) {
        size_t distance = edit_distance(meant, name);
        // The right name in the wrong folder is nearer than a like name in the right one.
        const std::string own = last_part(name), wanted = last_part(meant);
        if (!wanted.empty()) distance = std::min(distance, 2 * edit_distance(wanted, own));
        if (meant.size() >= 3 && name.find(meant) != std::string::npos) distance = 0;
        if (distance <= std::max<size_t>(meant.size() / 3, 2)) ranked.emplace_back(distance, name);
    }
    std::sort(ranked.begin(), ranked.end());
    if (ranked.size() > 5) ranked.resize(5);
    std::vector<std::string> nearest;
    for (auto& [distance, name] : ranked) nearest.push_back(std::move(name));
    return nearest;
}

bool has_option(const std::vector<std::string>& arguments, const std::string& name) {
    return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
        const Given given = take_apart(argument);
        return given.option && given.option->name == name;
    });
}

std::vector<const doctest::TestCaseData*> selected_cases(
    const std::vector<std::string>& arguments) {
    std::set<std::string> seen;
    for (const std::string& argument : arguments) {
        const Given given = take_apart(argument);
        if (!given.option)
            throw Error("'" + argument + "' is no option of the test runner",
                        "--help lists the options; suites are chosen with --test-suite=PATTERN");
        check_value(argument, given);
        if (!seen.insert(given.option->name).second)
            throw Error("'" + argument + "': --" + given.option->name + " is given twice",
                        "patterns are parted by commas");
    }
    std::vector<std::string> matching;
    for (const std::string& argument : arguments)
        if (has_option({argument}, "case-sensitive")) matching.push_back(argument);
    for (const std::string& argument : arguments) {
        const Given given = take_apart(argument);
        if (given.option->value != Value::patterns) continue;
        const std::string name = given.option->name;
        const std::string positive = name.substr(0, name.find("-exclude"));
        for (const std::string& pattern : split_patterns(*given.value)) {
            std::vector<std::string> alone = matching;
            alone.push_back("--" + positive + "=" + escaped(pattern));
            if (query(alone).empty()) refuse_pattern(argument, pattern, name);
        }
    }
    const auto selected = query(arguments);
    if (selected.empty()) {
        std::string all;
        for (const std::string& argument : arguments) all += " '" + argument + "'";
        throw Error("no test case is left by all of" + all, "--list-test-cases lists all");
    }
    return selected;
}

}  // namespace mdn::test
