#include "data/keypoints/formats/split_lists.h"

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

ConversionPlan plan_of(const std::vector<std::tuple<std::string, int, int>>& clips) {
    ConversionPlan plan;
    for (const auto& [name, length, label] : clips)
        plan.clips.push_back(
            {.index = 0,
             .name = name,
             .first = 0,
             .length = length,
             .label = label < 0 ? std::nullopt : std::optional<std::int64_t>(label)});
    return plan;
}

}  // namespace

TEST_SUITE("data/keypoints/formats/split_lists") {
    TEST_CASE("lists of the splits of one protocol") {
        TemporaryFolder folder;
        const ConversionPlan plan = plan_of({{"a", 30, 2}, {"b", 7, 0}, {"c", 9, 1}});
        const FoundSplits splits = {{"xsub_train", {"a", "b"}},
                                    {"xsub_val", {"c", "gone"}},
                                    {"xview_train", {"c"}},
                                    {"xview_val", {"a", "b"}}};
        const SplitLists lists = make_split_lists(splits, plan, folder.path(), "xsub");
        CHECK(lists.protocol == "xsub");
        CHECK(lists.files.size() == 3);
        CHECK(lists.files.at("train.txt") == "a 30 2\nb 7 0\n");
        CHECK(lists.files.at("val.txt") == "c 9 1\n");
        CHECK(lists.files.at("labels.txt") == "0\tclass 0\n1\tclass 1\n2\tclass 2\n");
        REQUIRE(lists.warnings.size() == 1);
        CHECK(contains(lists.warnings[0], {"1 clips", "xsub_val"}));
        CHECK(contains(error_of([&] { make_split_lists(splits, plan, folder.path(), ""); }),
                       {"several protocols", "xview_val", "--protocol xsub or --protocol xview"}));
        CHECK(contains(error_of([&] { make_split_lists(splits, plan, folder.path(), "xset"); }),
                       {"'xset'", "xsub_train"}));
        CHECK(contains(error_of([&] {
                           make_split_lists({{"all", {}}}, plan, folder.path(), "");
                       }),
                       {"all", "microdualnet lists"}));

        const SplitLists one =
            make_split_lists({{"train", {"a"}}, {"test", {"b"}}}, plan, folder.path(), "");
        CHECK(one.files.at("test.txt") == "b 7 0\n");
        CHECK_FALSE(one.files.contains("val.txt"));
        CHECK(make_split_lists({{"train1", {"a"}}, {"test1", {"b"}}, {"train2", {"b"}}}, plan,
                               folder.path(), "2")
                  .files.at("train.txt") == "b 7 0\n");
    }

    TEST_CASE("labels.txt is kept, lists are replaced only when asked") {
        TemporaryFolder folder;
        const ConversionPlan plan = plan_of({{"a", 30, 1}});
        write(folder / "labels.txt", "0\tsit\n1\tstand\n");
        const SplitLists lists = make_split_lists({{"train", {"a"}}}, plan, folder.path(), "");
        CHECK_FALSE(lists.files.contains("labels.txt"));
        write_split_lists(lists, folder.path());
        CHECK(contains(error_of([&] { check_split_lists(lists, folder.path(), false); }),
                       {"train.txt", "--overwrite"}));
        check_split_lists(lists, folder.path(), true);
        write(folder / "labels.txt", "0\tsit\n");
        CHECK(contains(error_of([&] {
                           make_split_lists({{"train", {"a"}}}, plan, folder.path(), "");
                       }),
                       {"labels.txt", "names 1 classes", "label 1"}));
        CHECK(contains(
            error_of([&] {
                make_split_lists({{"train", {"a"}}}, plan_of({{"a", 3, -1}}), folder.path(), "");
            }),
            {"'a'", "`label`"}));
    }
}

}  // namespace mdn::test
