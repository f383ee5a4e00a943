// CONTRIBUTING.md's "Adding an op", followed to the letter (tests/guide.sh).
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>

TEST_SUITE("tests/guide") {
    TEST_CASE("an op that is added as CONTRIBUTING.md says passes its test") {
        // How the tests were built; without a GPU, for the guide's kernels run in emulation.
        if (std::getenv("GUIDE_OBJECTS") == nullptr) {
            MESSAGE("not run: only `make test` without a GPU says how to build it");
            return;
        }
        FILE* pipe = popen("tests/guide.sh 2>&1", "r");
        REQUIRE(pipe != nullptr);
        std::string said;
        for (int c; (c = std::fgetc(pipe)) != EOF;) said += static_cast<char>(c);
        const int status = pclose(pipe);
        CAPTURE(said);
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
        CHECK(said.find("4 passed, 0 failed") != std::string::npos);
    }
}
