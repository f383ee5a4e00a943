#include "train/ablation/tables.h"

#include <doctest/doctest.h>

#include <sstream>

#include "tests/data/temporary_dataset.h"
#include "tests/train/ablation/answers.h"

using namespace mdn;
using namespace mdn::test;
using doctest::Approx;

namespace {

using Json = nlohmann::ordered_json;

const AblationOrigin origin = {.data = "my_data",
                               .split = "test",
                               .model = "preset tiny",
                               .settings = {{"lr", "0.001"}},
                               .row_settings = {}};

std::string markdown(const AblationAnswers& answers, Published published = Published::none) {
    AblationOrigin from = origin;
    from.published = published;
    return ablation_markdown(answers, ablation_result(answers), from);
}

/// The lines of a text that are a table's, each as its cells.
std::vector<std::vector<std::string>> cells_of(const std::string& text) {
    std::vector<std::vector<std::string>> rows;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("| ")) continue;
        auto& row = rows.emplace_back();
        for (size_t at = 1, end; (end = line.find(" |", at)) != std::string::npos; at = end + 2) {
            const std::string cell = line.substr(at, end - at);
            const size_t begin = cell.find_first_not_of(' '), last = cell.find_last_not_of(' ');
            row.push_back(begin == std::string::npos ? "" : cell.substr(begin, last + 1 - begin));
        }
    }
    return rows;
}

}  // namespace

TEST_SUITE("train/ablation/tables") {
    TEST_CASE("the tables hold the figures, beside each other") {
        const AblationAnswers answers = random_answers({0, 4}, 60, 1);
        const AblationResult result = ablation_result(answers);
        const std::string text = markdown(answers);
        INFO(text);
        CHECK(contains(text, {"preset tiny on my_data, test: 60 clips",
                              "3 rows, each with seeds 0, 4", "mean over 2 seeds"}));
        const auto cells = cells_of(text);
        // 3 rows, 3 differences and 3 classes, each below a header.
        REQUIRE(cells.size() == 12);
        CHECK(cells[1][0] == "TSM");
        CHECK(cells[2][0] == "+ SEM");
        CHECK(cells[3][0] == "full (router)");
        for (size_t row = 0; row < 3; ++row) {
            const auto& line = cells[1 + row];
            const RowRates& rates = result.rates[row];
            REQUIRE(line.size() == 8);
            CHECK(std::stod(line[1]) == Approx(rates.top1.mean).epsilon(1e-3));
            CHECK(std::stod(line[2]) == Approx(*rates.top1.deviation).epsilon(0.01));
            CHECK(std::stod(line[3]) == Approx(rates.top1.low).epsilon(1e-3));
            CHECK(std::stod(line[3].substr(line[3].find("to ") + 3)) ==
                  Approx(rates.top1.high).epsilon(1e-3));
            CHECK(std::stod(line[4]) == Approx(rates.f1_macro.mean).epsilon(1e-3));
            CHECK(std::stod(line[6]) == Approx(rates.f1_mean->mean).epsilon(1e-3));
        }
        CHECK(cells[5][0] == "+ SEM minus TSM");
        CHECK(cells[7][0] == "full (router) minus TSM");
        CHECK(std::stod(cells[7][1]) == Approx(result.differences[2].points.mean).epsilon(1e-3));
        CHECK(cells[7][3] == "2 of 2");
        CHECK(std::stod(cells[7][4]) == Approx(result.differences[2].clips.low).epsilon(1e-2));
        CHECK(std::stod(cells[7][5]) ==
              Approx(result.differences[2].clips_and_seeds->low).epsilon(1e-2));
        for (size_t c = 0; c < 3; ++c) {
            const auto& line = cells[9 + c];
            const ClassRecall& of_class = result.classes[c];
            REQUIRE(line.size() == 7);
            CHECK(line[1] == std::to_string(of_class.clips));
            CHECK(std::stod(line[4]) == Approx(of_class.recall[2]).epsilon(1e-3));
            CHECK(std::stod(line[5]) == Approx(of_class.difference.mean).epsilon(1e-3));
        }
        // A name with a bar does not end its cell.
        CHECK(contains(text, {"| shake \\| sway "}));
        CHECK_FALSE(contains(text, {"paper"}));
    }

    TEST_CASE("the paper's figures stand beside the rows where they are asked for") {
        const AblationAnswers answers = random_answers({0, 4}, 60, 1);
        const auto ma52 = cells_of(markdown(answers, Published::ma52)),
                   imigue = cells_of(markdown(answers, Published::imigue));
        CHECK(ma52[0].back() == "paper, MA-52");
        CHECK(ma52[1].back() == "52.15");
        CHECK(ma52[2].back() == "59.21");
        CHECK(ma52[3].back() == "65.10");
        CHECK(imigue[0].back() == "paper, iMiGUE");
        CHECK(imigue[2].back() == "68.87");
        AblationOrigin with = origin;
        with.published = Published::imigue;
        const Json json = ablation_json(answers, ablation_result(answers), with);
        CHECK(json["rows"][1]["published_top1"] == 68.87);
    }

    TEST_CASE("one seed is said to show no spread") {
        const AblationAnswers answers = random_answers({3}, 60, 1);
        const std::string text = markdown(answers);
        CHECK(contains(text, {"One seed was trained, so no spread is known", "with seed 3",
                              "not known from one seed"}));
        const auto cells = cells_of(text);
        CHECK(cells[1][2] == "?");
        CHECK(cells[5][5] == "?");
        const Json json = ablation_json(answers, ablation_result(answers), origin);
        CHECK(json["rows"][0]["top1"]["deviation"].is_null());
        CHECK(json["differences"][0]["interval_clips_and_seeds"].is_null());
    }

    TEST_CASE("columns are aligned, whatever characters are in them") {
        AblationAnswers answers = random_answers({0, 1}, 60, 2);
        answers.classes.names[1] = "поднять руку";
        std::istringstream lines(markdown(answers));
        size_t width = 0;
        for (std::string line; std::getline(lines, line);) {
            size_t characters = 0;
            for (const char byte : line) characters += (byte & 0xC0) != 0x80;
            if (!line.starts_with("|")) {
                width = 0;
                continue;
            }
            if (width == 0) width = characters;
            CHECK_MESSAGE(characters == width, line);
        }
    }

    TEST_CASE("JSON holds every figure unrounded") {
        const AblationAnswers answers = random_answers({0, 4}, 60, 1);
        const AblationResult result = ablation_result(answers);
        const Json json = ablation_json(answers, result, origin);
        CHECK(json["seeds"] == Json({0, 4}));
        CHECK(json["clips"] == 60);
        CHECK(json["rows"][2]["name"] == "full");
        CHECK(json["rows"][2]["top1"]["of_seeds"] == Json(result.rates[2].top1.values));
        CHECK(json["rows"][1]["f1_macro"]["mean"] == result.rates[1].f1_macro.mean);
        CHECK(json["differences"][2]["row"] == "full");
        CHECK(json["differences"][2]["minus"] == "tsm");
        CHECK(json["differences"][0]["interval_clips"][1] == result.differences[0].clips.high);
        CHECK(json["differences"][0]["interval_clips_and_seeds"][0] ==
              result.differences[0].clips_and_seeds->low);
        CHECK(json["classes"][0]["recall"] == Json(result.classes[0].recall));
        CHECK(json["classes"][2]["difference"]["lowest"] == result.classes[2].difference.low);
    }
}
