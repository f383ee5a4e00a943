#include "data/formats/group_split.h"

#include <map>
#include <set>

#include "tests/data/temporary_dataset.h"

using namespace mdn;
using namespace mdn::test;

namespace {

/// `subjects` groups, S1, S2, ..., with `each` clips of every class.
std::vector<GroupedClip> crossed(int subjects, int classes, int each) {
    std::vector<GroupedClip> clips;
    for (int s = 1; s <= subjects; ++s)
        for (int c = 0; c < classes; ++c)
            for (int i = 0; i < each; ++i)
                clips.push_back({c, std::string("S").append(std::to_string(s))});
    return clips;
}

/// Clips of each list.
std::array<int64_t, 3> sizes(const std::vector<int>& splits) {
    std::array<int64_t, 3> count = {0, 0, 0};
    for (int split : splits) ++count[split];
    return count;
}

using Sizes = std::array<int64_t, 3>;

}  // namespace

TEST_SUITE("data/formats/group_split") {
    TEST_CASE("no group is in two lists, and the lists have their shares") {
        const auto clips = crossed(10, 3, 4);
        const auto splits = split_by_group(clips, {});
        std::map<std::string, std::set<int>> lists_of;
        for (size_t i = 0; i < clips.size(); ++i) lists_of[clips[i].group].insert(splits[i]);
        for (const auto& entry : lists_of) CHECK_MESSAGE(entry.second.size() == 1, entry.first);
        CHECK(sizes(splits) == Sizes{72, 24, 24});
        CHECK(splits == split_by_group(clips, {}));
        CHECK(sizes(split_by_group(clips, {.val_share = 0.1, .test_share = 0.3})) ==
              Sizes{72, 12, 36});
        CHECK(sizes(split_by_group(clips, {.val_share = 0, .test_share = 0.2})) ==
              Sizes{96, 0, 24});
    }

    TEST_CASE("every list has its share of every class where groups are of one class each") {
        std::vector<GroupedClip> clips;
        for (int c = 0; c < 4; ++c)
            for (int i = 0; i < 10; ++i)
                clips.push_back({c, std::to_string(c) + "/" + std::to_string(i)});
        const auto splits = split_by_group(clips, {});
        for (int c = 0; c < 4; ++c) {
            Sizes count = {0, 0, 0};
            for (size_t i = 0; i < clips.size(); ++i)
                if (clips[i].label == c) ++count[splits[i]];
            CHECK(count == Sizes{6, 2, 2});
        }
    }

    TEST_CASE("no list that is asked for stays empty, however uneven the groups are") {
        std::vector<GroupedClip> clips = crossed(2, 1, 1);
        for (int i = 0; i < 100; ++i) clips.push_back({0, "large"});
        CHECK(sizes(split_by_group(clips, {})) == Sizes{100, 1, 1});
        CHECK(sizes(split_by_group(crossed(3, 2, 5), {.val_share = 0.01, .test_share = 0.01})) ==
              Sizes{10, 10, 10});
        // The classes of a list that takes one large group are not asked for again.
        CHECK(sizes(split_by_group(crossed(4, 2, 5), {})) == Sizes{20, 10, 10});
    }

    TEST_CASE("named groups fill a list alone") {
        const auto clips = crossed(6, 2, 1);
        const auto splits = split_by_group(
            clips,
            {.val_share = 0, .test_share = 0, .val_groups = {"S6"}, .test_groups = {"S1", "S3"}});
        for (size_t i = 0; i < clips.size(); ++i) {
            const std::string& group = clips[i].group;
            const int expected = group == "S6" ? 1 : group == "S1" || group == "S3" ? 2 : 0;
            CHECK_MESSAGE(splits[i] == expected, group);
        }
        // The other list still has its share of the rest.
        CHECK(sizes(split_by_group(clips, {.val_share = 0.2,
                                           .test_share = 0,
                                           .val_groups = {},
                                           .test_groups = {"S1", "S3"}})) == Sizes{6, 2, 4});
    }

    TEST_CASE("plans that cannot be followed are refused") {
        const auto refused = [](int subjects, const SplitPlan& plan) {
            return error_of([&] { split_by_group(crossed(subjects, 2, 2), plan); });
        };
        CHECK(contains(refused(5, {.val_share = 0.5, .test_share = 0.5}),
                       {"leave nothing to train on"}));
        CHECK(contains(
            refused(5, {.val_share = 0, .test_share = 0, .val_groups = {"S9"}, .test_groups = {}}),
            {"--val-groups names 'S9'", "did you mean 'S1'"}));
        CHECK(contains(refused(5, {.val_share = 0,
                                   .test_share = 0,
                                   .val_groups = {"S1"},
                                   .test_groups = {"S2", "S1"}}),
                       {"--val-groups and --test-groups both name 'S1'"}));
    }

    TEST_CASE("too few groups: the message has the true cause, and the hint helps") {
        struct Case {
            int subjects;
            SplitPlan plan;
            std::string message, options;       // the hint ends in options that leave lists out
            std::vector<SplitPlan> as_advised;  // what the hint leads to
        };
        const std::string others = "add clips of other groups";
        const std::string smaller = others + ", or give --names a {group} that makes smaller ones";
        const Case cases[] = {
            {2,
             {},
             "2 groups of clips cannot fill 3 lists (train, val, test) | " + smaller,
             "; or leave lists out: --val-share 0 or --test-share 0",
             {{.val_share = 0}, {.test_share = 0}}},
            {1,
             {},
             "1 group of clips cannot fill 3 lists (train, val, test) | " + smaller,
             "; or leave lists out: --val-share 0 --test-share 0",
             {{.val_share = 0, .test_share = 0}}},
            {1,
             {.val_share = 0},
             "1 group of clips cannot fill 2 lists (train, test) | " + smaller,
             "; or leave lists out: --test-share 0",
             {{.val_share = 0, .test_share = 0}}},
            {3,
             {.val_share = 0, .test_share = 0, .val_groups = {"S1", "S2"}, .test_groups = {"S3"}},
             "--val-groups and --test-groups take all 3 groups of clips: nothing is left to train "
             "on | name fewer groups",
             "",
             {{.val_share = 0, .test_share = 0, .val_groups = {"S1"}, .test_groups = {"S3"}}}},
            {2,
             {.val_share = 0, .test_share = 0, .val_groups = {"S1"}, .test_groups = {"S2"}},
             "--val-groups and --test-groups take all 2 groups of clips: nothing is left to train "
             "on | " +
                 others + ", or give --val-share 0 in the place of --val-groups",
             "",
             {{.val_share = 0, .test_share = 0, .test_groups = {"S2"}}}},
            {3,
             {.val_share = 0, .val_groups = {"S1", "S2"}},
             "--val-groups leaves 1 of 3 groups of clips, which cannot fill 2 lists (train, test) "
             "| "
             "name fewer groups",
             "; or leave lists out: --test-share 0",
             {{.val_share = 0, .test_share = 0, .val_groups = {"S1", "S2"}},
              {.val_share = 0, .val_groups = {"S1"}}}},
            {4,
             {.val_share = 0, .val_groups = {"S1", "S2", "S3", "S4"}},
             "--val-groups takes all 4 groups of clips: nothing is left for train, test | name "
             "fewer groups",
             "",
             {{.val_share = 0, .val_groups = {"S1", "S2"}}}},
            {1,
             {.test_share = 0, .test_groups = {"S1"}},
             "--test-groups takes the only group of clips: nothing is left for train, val | " +
                 others,
             "",
             {}},
        };
        for (const Case& c : cases) {
            const auto clips = crossed(c.subjects, 2, 2);
            CHECK(error_of([&] { split_by_group(clips, c.plan); }) == c.message + c.options);
            for (const SplitPlan& plan : c.as_advised) CHECK_NOTHROW(split_by_group(clips, plan));
        }
        // Without {group} every clip is a group, and no {group} could make smaller ones.
        CHECK(error_of([&] {
                  split_by_group({{0, "a/1"}, {0, "a/2"}}, {.has_groups = false});
              }) ==
              "2 clips cannot fill 3 lists (train, val, test) | add clips, at least one for "
              "each list; or leave lists out: --val-share 0 or --test-share 0");
    }
}
