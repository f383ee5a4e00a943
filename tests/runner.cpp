// The test runner itself, run as `make test` does.
#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/data/temporary_dataset.h"
#include "tests/runner_arguments.h"

namespace mdn::test {

namespace {

struct Ran {
    int code;
    std::string text;
};

Ran run_tests(const std::string& arguments) {
    const TemporaryFolder folder;
    const std::string log = (folder / "log").string();
    // In a shell, /proc/self is the shell.
    const int status = std::system(
        ("/proc/" + std::to_string(getpid()) + "/exe " + arguments + " >'" + log + "' 2>&1")
            .c_str());
    std::ifstream stream(log);
    return {WEXITSTATUS(status), {std::istreambuf_iterator<char>(stream), {}}};
}

void check_mistake(const std::string& arguments, const std::vector<std::string>& parts) {
    const Ran ran = run_tests(arguments);
    CAPTURE(arguments);
    CAPTURE(ran.text);
    CHECK(ran.code == 2);
    CHECK(ran.text.starts_with("error: "));
    CHECK(contains(ran.text, parts));
    CHECK(!contains(ran.text, {"passed"}));
}

}  // namespace

TEST_SUITE("tests/runner") {
    TEST_CASE("a pattern that matches nothing is an error, also beside one that does") {
        check_mistake("-ts=nope", {"'nope'", "--list-test-suites"});
        check_mistake("-ts='data/sampling,data/samplin'",
                      {"matches 'data/samplin'", "data/sampling"});
        check_mistake("--test-suite=data/softmax", {"engine/ops/softmax", "engine/cuda/softmax"});
        check_mistake("--dt-tc='no such case'", {"test case", "'no such case'"});
        check_mistake("-sf='*/nope.cpp'", {"source file", "'*/nope.cpp'"});
        check_mistake("-tse=nope", {"test suite", "'nope'"});
        check_mistake("-ts=data/sampling -tse='data/*'", {"no test case is left", "data/sampling"});
        check_mistake("-ts=data/sampling -first=99999", {"no test case is left"});
    }

    TEST_CASE("an argument that is no option, or has no such value, is an error") {
        check_mistake("data/sampling", {"'data/sampling' is no option", "--test-suite=PATTERN"});
        check_mistake("--test-suit=data/sampling", {"'--test-suit=data/sampling' is no option"});
        check_mistake("-ts", {"'-ts'", "a value"});
        check_mistake("-ts=data/sampling -first=two", {"'-first=two'", "a number"});
        check_mistake("-ts=data/sampling -s=maybe", {"'-s=maybe'", "true or false"});
        check_mistake("-ts=data/sampling --ts=data/clip", {"given twice"});
        check_mistake("--count=1", {"'--count=1'", "no value"});
    }

    TEST_CASE("a run names its suites as it goes and closes with the count of its cases") {
        const Ran ran = run_tests("-ts='data/sampling,data/zip*'");
        CHECK(ran.code == 0);
        CHECK_MESSAGE(
            contains(ran.text, {"[1/2] data/sampling\n", "[2/2] data/zip", " passed, 0 failed\n"}),
            ran.text);
        CHECK(ran.text.ends_with(" 0 failed\n"));
        const Ran count = run_tests("-ts=DATA/SAMPLING -c");
        CHECK(count.code == 0);
        CHECK(!contains(count.text, {"[1/1]"}));
        CHECK(!contains(run_tests("-ts=data/sampling -q").text, {"[1/1]"}));
    }

    TEST_CASE("the nearest names are those a slip of the finger is away from") {
        const std::vector<std::string> names = {"engine/ops/softmax", "engine/ops/gelu",
                                                "model/config", "train/log", "train/checkpoint"};
        CHECK(nearest_names("engine/op/gelu", names).front() == "engine/ops/gelu");
        CHECK(nearest_names("softmx", names) == std::vector<std::string>{"engine/ops/softmax"});
        CHECK(nearest_names("*check*", names) == std::vector<std::string>{"train/checkpoint"});
        CHECK(nearest_names("nothing/like/it", names).empty());
    }
}

}  // namespace mdn::test
