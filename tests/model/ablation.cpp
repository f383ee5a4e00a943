#include "model/ablation.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/data/temporary_dataset.h"

using namespace mdn;
using namespace mdn::test;

namespace {

/// Of a shipped config: "-ts" of paper-ma52, say, or "" for the whole model.
Config shipped(const std::string& preset, const std::string& ending) {
    return load_config("configs/" + preset + ending + ".json");
}

}  // namespace

TEST_SUITE("model/ablation") {
    TEST_CASE("the rows of each preset are the configs that ship, recipe included") {
        REQUIRE(ablation_rows().size() == 6);
        for (const std::string& preset : preset_names())
            for (const AblationRow& row : ablation_rows()) {
                const std::string ending = row.name == "full" ? "" : "-" + row.name;
                INFO(preset << ending);
                const Config config = ablated(shipped(preset, ""), row),
                             expected = shipped(preset, ending);
                CHECK(to_json(config) == to_json(expected));
                CHECK(config.training == expected.training);
                CHECK(config.names_classes == shipped(preset, "").names_classes);
            }
    }

    TEST_CASE("the rows are those of docs/recipes.md, in its order") {
        std::ifstream file("docs/recipes.md");
        std::string expected = "|---|---|---|---|\n",
                    text{std::istreambuf_iterator<char>(file), {}};
        for (const AblationRow& row : ablation_rows()) {
            const std::string ending = row.name == "full" ? "" : "-" + row.name;
            expected += "| " + row.title + " | `paper-ma52" + ending + "` | `paper-imigue" + ending;
            const size_t at = text.find(expected);
            REQUIRE_MESSAGE(at != std::string::npos, expected);
            const size_t end = text.find('\n', at + expected.size());
            expected = text.substr(at, end + 1 - at);
        }
    }

    TEST_CASE("each published row is above the one before it, as the paper has them") {
        for (size_t row = 1; row < 6; ++row) {
            CHECK(ablation_rows()[row].ma52_top1 > ablation_rows()[row - 1].ma52_top1);
            CHECK(ablation_rows()[row].imigue_top1 > ablation_rows()[row - 1].imigue_top1);
        }
        CHECK(ablation_rows().front().ma52_top1 == 52.15);
        CHECK(ablation_rows().back().imigue_top1 == 76.88);
    }

    TEST_CASE("what is not the whole model is refused, by the key that leaves something out") {
        const std::pair<const char*, const char*> lacking[] = {
            {"-tsm", "regions"},  {"-fixed", "regions"}, {"-st", "paths"},
            {"-ts", "paths"},     {"-mean", "fusion"},   {"-no-mac", "mac_weight"},
            {"-rgb", "modality"}, {"-pose", "modality"}};
        for (const auto& entry : lacking) {
            const Config config = shipped("tiny", entry.first);
            const std::string message = error_of([&] { check_whole_model(config, "my.json"); });
            CHECK_MESSAGE(contains(message, {"my.json is not the whole model", entry.second}),
                          message);
        }
        for (const std::string& preset : preset_names())
            check_whole_model(shipped(preset, ""), "x");
    }
}
