#include "train/report/rates.h"

#include <doctest/doctest.h>
#include <algorithm>

#include "tests/train/report/predictions.h"

using namespace mdn;
using doctest::Approx;

namespace {

std::vector<double> plain_rates(const std::vector<ClipPrediction>& predictions) {
    const Metrics m = compute_metrics(predictions, test::four_classes());
    return {m.top1, m.top5, m.action.macro, m.body_top1, m.f1_mean};
}

}  // namespace

TEST_SUITE("train/report/rates") {
    TEST_CASE("rates are those of the metrics, and their intervals those of plain resampling") {
        const ClassNames names = test::four_classes();
        const auto predictions = test::random_predictions(30, 5);
        const auto rates =
            rates_with_intervals(answers_of(predictions), 4, {.body_of = names.body_of});
        const std::vector<double> values = plain_rates(predictions);
        REQUIRE(rates.size() == 5);
        const char* called[] = {"Top-1", "Top-5", "F1 macro", "body Top-1", "F1mean"};
        // The same draws, with the definition of every rate.
        std::vector<std::vector<double>> samples(5);
        bootstrap(30, [&](const std::vector<int64_t>& times) {
            std::vector<ClipPrediction> sample;
            for (size_t i = 0; i < times.size(); ++i)
                sample.insert(sample.end(), static_cast<size_t>(times[i]), predictions[i]);
            const std::vector<double> of_sample = plain_rates(sample);
            for (size_t r = 0; r < 5; ++r) samples[r].push_back(of_sample[r]);
            return of_sample;
        });
        for (size_t r = 0; r < 5; ++r) {
            CAPTURE(r);
            CHECK(rates[r].name == called[r]);
            CHECK(rates[r].value == Approx(values[r]));
            std::sort(samples[r].begin(), samples[r].end());
            // 2000 samples: 0.025·1999 = 49.975.
            CHECK(rates[r].interval.low == Approx(0.025 * samples[r][49] + 0.975 * samples[r][50]));
            CHECK(rates[r].interval.high ==
                  Approx(0.975 * samples[r][1949] + 0.025 * samples[r][1950]));
        }
        CHECK(rates[0].interval.low < rates[0].value);
    }

    TEST_CASE("chance and the most frequent class are what they are for these clips") {
        // 3 clips of class 2, 1 of class 0; body-level: 0 and 1.
        const std::vector<Answer> answers = {
            {2, 2, true}, {2, 0, true}, {2, 1, false}, {0, 0, true}};
        const auto rates =
            rates_with_intervals(answers, 4, {.body_of = test::four_classes().body_of});
        CHECK(rates[0].value == 50);
        CHECK(rates[0].chance == 25);
        CHECK(rates[0].frequent == 75);
        CHECK(rates[1].value == 75);
        CHECK(rates[1].chance == 100);
        CHECK(rates[1].frequent == 100);  // the five most frequent of four classes
        CHECK_FALSE(rates[2].chance);
        // Always class 2: F1 of it 2·3/(3+4), of class 0 nothing.
        CHECK(rates[2].frequent == Approx(100 * (6.0 / 7) / 2));
        CHECK(rates[3].chance == 50);
        CHECK(rates[3].frequent == 75);
        // Samples of clips that are all right are alike, and say nothing of other clips.
        std::vector<Answer> right = answers;
        for (Answer& answer : right) answer = {answer.truth, answer.truth, true};
        const auto sure = rates_with_intervals(right, 4, {});
        CHECK(sure[0].value == 100);
        CHECK(sure[0].interval.low == Approx(wilson_interval(4, 4).low));
        CHECK(sure[1].interval.low == 100);  // any five are all of four classes
        const auto few = rates_with_intervals(answers, 4, {.top5 = false});
        REQUIRE(few.size() == 2);
        CHECK(few[1].name == "F1 macro");
    }
}
