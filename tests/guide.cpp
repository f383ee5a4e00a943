// Guides that are followed to the letter: each script does what a page says, and says what came
// out.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

/// Runs the script, and checks that it succeeds and says `words`.
void follow(const std::string& script, const std::string& words) {
    // How the tests were built; without a GPU, for the guides' kernels run in emulation.
    if (std::getenv("GUIDE_OBJECTS") == nullptr) {
        MESSAGE("not run: only `make test` without a GPU says how to build it");
        return;
    }
    FILE* pipe = popen((script + " 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string said;
    for (int c; (c = std::fgetc(pipe)) != EOF;) said += static_cast<char>(c);
    const int status = pclose(pipe);
    CAPTURE(said);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(said.find(words) != std::string::npos);
}

}  // namespace

TEST_SUITE("tests/guide") {
    TEST_CASE("an op that is added as CONTRIBUTING.md says passes its test") {
        follow("tests/guide.sh", "4 passed, 0 failed");
    }

    TEST_CASE("faults planted as docs/cuda_without_gpu.md says give the messages that it shows") {
        follow("tests/kernel_guide.sh", "4 faults are found");
    }
}
