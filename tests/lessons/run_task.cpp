// The limits under which a task runs, with scripts in place of check programs.
#include "docs/lessons/harness/run_task.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

using namespace mdn::lesson;

std::string message(const std::string& script, const Limits& limits) {
    const TemporaryFolder folder;
    const std::filesystem::path program = folder / "program";
    write(program, "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(program, std::filesystem::perms::all);
    const TaskResult result = run_task(program, 1, "1", limits);
    CHECK(result.outcome == Outcome::broken);
    return result.message;
}

constexpr const char* computes = "while :; do :; done";

}  // namespace

TEST_SUITE("lessons/run_task") {
    TEST_CASE("what computes is stopped by its processor time, however late that is by the clock") {
        CHECK(message(computes, {.processor_seconds = 1, .waiting_seconds = 0.01})
                  .find("still computing after 1 seconds") != std::string::npos);
    }

    TEST_CASE("what waits is stopped by the clock") {
        const std::string text = message("exec sleep 1000", {.waiting_seconds = 0.01});
        CHECK_MESSAGE(text.find("waits for something") != std::string::npos, text);
        // It has computed, and does so no more.
        CHECK(message("for i in 1 2 3; do sleep 0.01; done; sleep 1000", {.waiting_seconds = 0.1})
                  .find("waits for something") != std::string::npos);
    }

    TEST_CASE("nothing takes longer than the longest") {
        const std::string text =
            message(computes, {.processor_seconds = 1000, .longest_seconds = 0.5});
        CHECK_MESSAGE(text.find("did not end within 0 seconds") != std::string::npos, text);
    }

    TEST_CASE("what ends or crashes by itself is no matter of time") {
        CHECK(message("exit 3", {}).find("exit code 3") != std::string::npos);
        CHECK(message("kill -8 $$", {}).find("signal 8") != std::string::npos);
    }
}

}  // namespace mdn::test
