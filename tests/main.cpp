// Runs every test and closes with the line `N passed, N failed`, counted in test cases. Says which
// suite runs, and how many there are: on a terminal in one line, elsewhere in a line per suite.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <iostream>

#include "engine/error.h"
#include "tests/runner_arguments.h"

namespace {

/// Says how far the run is. The tests' own output, and doctest's, comes between its lines.
class Progress {
  public:
    void start(const std::vector<const doctest::TestCaseData*>& selected) {
        selected_ = selected;
        for (size_t i = 0; i < selected.size(); ++i) suites_ += starts_suite(i);
        winsize size{};
        live_ = isatty(STDOUT_FILENO);
        if (live_ && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
            columns_ = size.ws_col;
    }

    void next() {
        if (done_ >= selected_.size()) return;
        const doctest::TestCaseData& test = *selected_[done_];
        suite_ += starts_suite(done_);
        if (live_) {
            clear();
            std::string text = "[";
            text.append(std::to_string(done_ + 1)).append("/");
            text.append(std::to_string(selected_.size())).append("] ");
            text.append(test.m_test_suite).append(": ").append(test.m_name);
            if (text.size() >= columns_) text.resize(columns_ - 1);
            std::cout << text << std::flush;
            shown_ = true;
        } else if (starts_suite(done_)) {
            std::cout << "[" << suite_ << "/" << suites_ << "] " << test.m_test_suite << std::endl;
        }
        ++done_;
    }

    void clear() {
        // Return to the first column and erase the line.
        if (shown_) std::cout << "\r\033[K" << std::flush;
        shown_ = false;
    }

  private:
    bool starts_suite(size_t i) const {
        return i == 0 || std::strcmp(selected_[i]->m_test_suite, selected_[i - 1]->m_test_suite);
    }

    std::vector<const doctest::TestCaseData*> selected_;
    size_t done_ = 0, suite_ = 0, suites_ = 0, columns_ = 80;
    bool live_ = false, shown_ = false;
};

Progress progress;

/// Keeps the run's totals so that main can print them after doctest's own report.
struct Totals : doctest::IReporter {
    inline static unsigned run = 0;
    inline static unsigned failed = 0;

    explicit Totals(const doctest::ContextOptions&) {}
    void test_run_end(const doctest::TestRunStats& stats) override {
        progress.clear();
        run = stats.numTestCasesPassingFilters;
        failed = stats.numTestCasesFailed;
    }
    void report_query(const doctest::QueryData&) override {}
    void test_run_start() override {}
    void test_case_start(const doctest::TestCaseData&) override { progress.next(); }
    void test_case_reenter(const doctest::TestCaseData&) override {}
    void test_case_end(const doctest::CurrentTestCaseStats&) override {}
    void test_case_exception(const doctest::TestCaseException&) override { progress.clear(); }
    void subcase_start(const doctest::SubcaseSignature&) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData&) override { progress.clear(); }
    void log_message(const doctest::MessageData&) override { progress.clear(); }
    void test_case_skipped(const doctest::TestCaseData&) override {}
};

REGISTER_LISTENER("totals", 1, Totals);

/// True if these arguments only ask; nothing is run.
bool only_asks(const std::vector<std::string>& arguments) {
    for (const char* name : {"help", "version", "count", "list-test-cases", "list-test-suites",
                             "list-reporters", "no-run"})
        if (mdn::test::has_option(arguments, name)) return true;
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try {
        const auto selected = mdn::test::selected_cases(arguments);
        if (!only_asks(arguments) && !mdn::test::has_option(arguments, "quiet") &&
            !mdn::test::has_option(arguments, "reporters"))
            progress.start(selected);
    } catch (const mdn::Error& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        if (!error.hint().empty()) std::fprintf(stderr, "hint: %s\n", error.hint().c_str());
        return 2;
    }
    doctest::Context context(argc, argv);
    const int status = context.run();
    if (context.shouldExit()) return status;  // --help, --list-test-cases
    std::fflush(stderr);
    std::printf("%u passed, %u failed\n", Totals::run - Totals::failed, Totals::failed);
    return status;
}
