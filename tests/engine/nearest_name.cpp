#include "engine/nearest_name.h"

#include <doctest/doctest.h>

using namespace mdn;

TEST_SUITE("engine/nearest_name") {
    const std::vector<std::string> commands = {"train", "trace", "eval", "predict", "check"};

    TEST_CASE("one slip of the fingers is understood") {
        CHECK(nearest_name("trian", commands) == "train");  // swapped
        CHECK(nearest_name("trin", commands) == "train");   // left out
        CHECK(nearest_name("evall", commands) == "eval");   // put in
        CHECK(nearest_name("chack", commands) == "check");  // replaced
        CHECK(nearest_name("Predict", commands) == "predict");
        CHECK(nearest_name("-lr", {"--clip", "--lr"}) == "--lr");
        CHECK(nearest_name("--milestone", {"--min", "--milestones"}) == "--milestones");
    }

    TEST_CASE("what is far from every name is no slip") {
        CHECK(nearest_name("dance", commands) == "");
        CHECK(nearest_name("x", commands) == "");
        CHECK(nearest_name("x", {"y"}) == "");
        CHECK(nearest_name("", commands) == "");
        CHECK(nearest_name("train", {}) == "");
        CHECK(nearest_name(std::string(100'000, 't'), {std::string(100'000, 't')}) == "");
    }

    TEST_CASE("of two that are equally near the earlier is taken") {
        CHECK(nearest_name("trake", {"trade", "trace"}) == "trade");
        CHECK(nearest_name("trake", {"trace", "trade"}) == "trace");
        CHECK(nearest_name("tracee", {"trade", "trace"}) == "trace");
    }

    TEST_CASE("hints begin with the name that is near, where there is one") {
        CHECK(did_you_mean("trian", commands, "see --help") == "did you mean 'train'? see --help");
        CHECK(did_you_mean("dance", commands, "see --help") == "see --help");
        CHECK(comma_separated({"a", "b", "c"}) == "a, b, c");
    }
}
