// Runs every test and closes with the line `N passed, N failed`, counted in test cases.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <cstdio>

namespace {

/// Keeps the run's totals so that main can print them after doctest's own report.
struct Totals : doctest::IReporter {
    inline static unsigned run = 0;
    inline static unsigned failed = 0;

    explicit Totals(const doctest::ContextOptions&) {}
    void test_run_end(const doctest::TestRunStats& stats) override {
        run = stats.numTestCasesPassingFilters;
        failed = stats.numTestCasesFailed;
    }
    void report_query(const doctest::QueryData&) override {}
    void test_run_start() override {}
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

REGISTER_LISTENER("totals", 1, Totals);

}  // namespace

int main(int argc, char** argv) {
    doctest::Context context(argc, argv);
    const int status = context.run();
    if (context.shouldExit()) return status;  // --help, --list-test-cases
    std::fflush(stderr);
    std::printf("%u passed, %u failed\n", Totals::run - Totals::failed, Totals::failed);
    return status;
}
