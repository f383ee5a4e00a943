#include "data/formats/name_pattern.h"

#include "tests/data/temporary_dataset.h"

using namespace mdn;
using namespace mdn::test;

namespace {

/// "CLASS|GROUP", or "-" for a name that does not fit.
std::string read(const std::string& pattern, const std::string& name) {
    const auto parts = NamePattern(pattern, "--names").match(name);
    return parts ? parts->label + "|" + parts->group : "-";
}

std::string refused(const std::string& pattern) {
    return error_of([&] { NamePattern(pattern, "--names"); });
}

}  // namespace

TEST_SUITE("data/formats/name_pattern") {
    TEST_CASE("a name that can be cut in two ways is known as such") {
        const auto ambiguous = [](const std::string& pattern, const std::string& name) {
            return NamePattern(pattern, "--names").is_ambiguous(name);
        };
        CHECK(ambiguous("{group}_{class}_{}", "P01_rubbing_eyes_1"));
        CHECK_FALSE(ambiguous("{group}_{class}_{}", "P01_rubbing_1"));
        CHECK_FALSE(ambiguous("{group}_{class}_0{}", "P01_rubbing_eyes_01"));
        CHECK(read("{group}_{class}_0{}", "P01_rubbing_eyes_01") == "rubbing_eyes|P01");
        CHECK_FALSE(ambiguous("{class}/{}", "walk/P01/003"));
        CHECK_FALSE(ambiguous("{group}_{class}_{}", "P01_rubbing"));
    }

    TEST_CASE("class and group are read off names and folders") {
        CHECK(read("{class}/{}", "walk/003") == "walk|");
        CHECK(read("{class}/{}", "walk/P01/003") == "walk|");
        CHECK(read("{group}_{class}_{}", "P01_walk_003") == "walk|P01");
        CHECK(read("{class}/{group}_{}", "walk/P01_003") == "walk|P01");
        CHECK(read("{group}/{class}", "P01/walk") == "walk|P01");
        CHECK(read("S{}C{}P{group}R{}A{class}", "S001C002P003R002A013") == "013|003");
        CHECK(read("clip-{class}.{group}-end", "clip-walk.P01-end") == "walk|P01");
    }

    TEST_CASE("a field ends at the first place where what follows it stands") {
        CHECK(read("{group}_{class}", "P01_shake_head") == "shake_head|P01");
        CHECK(read("{class}_P{group}_{}", "shake_head_P01_3") == "shake_head|01");
        CHECK(read("{class}_{}", "_walk_3") == "_walk|");  // no field is empty
    }

    TEST_CASE("names that do not fit are told") {
        CHECK(read("{class}/{}", "walk") == "-");
        CHECK(read("{class}/{}", "walk/") == "-");
        CHECK(read("{class}/{}", "/003") == "-");
        CHECK(read("{group}_{class}_{}", "P01_walk") == "-");
        CHECK(read("{group}_{class}", "a/P01_walk") == "-");  // a group is not a path
        CHECK(read("{}_{class}", "a_b/walk") == "-");
        CHECK(read("x{class}", "walk") == "-");
        CHECK(read("{class}y", "walk") == "-");
        CHECK(read("{class}y", "y") == "-");
    }

    TEST_CASE("a pattern that says too little or too much is refused") {
        CHECK(contains(refused("{group}_{}"), {"--names '{group}_{}' has no {class}"}));
        CHECK(contains(refused(""), {"has no {class}"}));
        CHECK(contains(refused("{class}{group}"), {"two fields with nothing between them"}));
        CHECK(contains(refused("{class}_{class}"), {"{class} twice"}));
        CHECK(contains(refused("{class}_{group}_{group}"), {"{group} twice"}));
        CHECK(contains(refused("{class}_{subject}"), {"{subject}", "none of"}));
        CHECK(contains(refused("{class}_{group"), {"a { without a }"}));
        CHECK(NamePattern("{class}_{group}", "--names").has_group());
        CHECK_FALSE(NamePattern("{class}_{}", "--names").has_group());
    }
}
