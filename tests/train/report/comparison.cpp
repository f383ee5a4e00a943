#include "train/report/comparison.h"

#include <doctest/doctest.h>

#include "engine/error.h"
#include "engine/random.h"
#include "tests/data/temporary_dataset.h"
#include "tests/train/report/predictions.h"
#include "train/output/evaluation_output.h"

using namespace mdn;
using doctest::Approx;
using mdn::test::contains;

namespace {

using Json = nlohmann::ordered_json;

Json metrics_of(uint64_t seed) {
    const Metrics metrics =
        compute_metrics(test::random_predictions(40, seed), test::four_classes());
    return Json::parse(metrics_json(metrics, {"face", "torso"}));
}

}  // namespace

TEST_SUITE("train/report/comparison") {
    TEST_CASE("the difference of two runs is taken clip by clip") {
        Random random(6);
        Json a = {{"truth", Json::array()}, {"predicted", Json::array()}}, b = a;
        std::vector<double> gain;
        int64_t only_a = 0, only_b = 0;
        for (int i = 0; i < 50; ++i) {
            const int64_t truth = random.below(3), of_a = random.below(3);
            const int64_t of_b = random.below(3) == 0 ? random.below(3) : truth;
            for (Json* run : {&a, &b}) (*run)["truth"].push_back(truth);
            a["predicted"].push_back(of_a);
            b["predicted"].push_back(of_b);
            gain.push_back((of_b == truth) - (of_a == truth));
            only_a += gain.back() < 0;
            only_b += gain.back() > 0;
        }
        const PairedDifference pair = paired_difference(a, b);
        CHECK(pair.only_first == only_a);
        CHECK(pair.only_second == only_b);
        CHECK(pair.difference == Approx(2.0 * static_cast<double>(only_b - only_a)));
        const Interval plain = bootstrap(50, [&](const std::vector<int64_t>& times) {
            double sum = 0;
            for (size_t i = 0; i < 50; ++i) sum += gain[i] * static_cast<double>(times[i]);
            return std::vector<double>{2 * sum};
        })[0];
        CHECK(pair.interval.low == Approx(plain.low));
        CHECK(pair.interval.high == Approx(plain.high));
        CHECK(pair.interval.low < pair.difference);
        // The other way round, and with itself.
        CHECK(paired_difference(b, a).difference == Approx(-pair.difference));
        CHECK(paired_difference(a, a).interval.high == 0);
    }

    TEST_CASE("a file that is no evaluation is told from one, by what it lacks") {
        const Json good = metrics_of(1);
        CHECK(is_evaluation(good));
        check_evaluation(good, "x");
        const auto lacks = [&](const char* what, const std::function<void(Json&)>& damage) {
            Json bad = good;
            damage(bad);
            CHECK_FALSE(is_evaluation(bad));
            const std::string message = test::error_of([&] { check_evaluation(bad, "f.json"); });
            CHECK_MESSAGE(contains(message, {"f.json is not an evaluation", what, "eval"}),
                          message);
        };
        lacks("number action.top5", [](Json& j) { j["action"].erase("top5"); });
        lacks("number action.top1", [](Json& j) { j = Json::array(); });
        lacks("list `classes`", [](Json& j) { j.erase("classes"); });
        lacks("name", [](Json& j) { j["classes"][1]["name"] = 3; });
        lacks("number `clips`", [](Json& j) { j["classes"][1]["clips"] = -1; });
        lacks("confusion matrix", [](Json& j) { j["confusion"][2].erase(0); });
        lacks("confusion matrix", [](Json& j) { j["confusion"][2][0] = "a"; });
        // `compare` needs no more than the rates.
        Json rates = {{"action", good["action"]}};
        check_rates(rates, "x");
        const std::string table = comparison_table({{"a run", rates}, {"b", good}});
        CHECK(contains(table,
                       {"model    Top-1    Top-5  F1macro   F1mean\n", "a run  ", "      -\n"}));
    }
}
