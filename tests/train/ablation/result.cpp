#include "train/ablation/result.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/train/ablation/answers.h"
#include "train/metrics.h"

using namespace mdn;
using doctest::Approx;
using mdn::test::random_answers;

namespace {

/// 1 where that row with that seed is right.
double right(const AblationAnswers& answers, size_t row, size_t seed, size_t clip) {
    return answers.predicted[row][seed][clip] == answers.truth[clip] ? 1 : 0;
}

}  // namespace

TEST_SUITE("train/ablation/result") {
    TEST_CASE("mean, deviation and range over seeds are the ones worked out by hand") {
        const OverSeeds three = over_seeds({60, 63, 57});
        CHECK(three.mean == Approx(60));
        CHECK(*three.deviation == Approx(3));  // √((0 + 9 + 9)/2)
        CHECK(three.low == 57);
        CHECK(three.high == 63);
        CHECK(three.values == std::vector<double>{60, 63, 57});
        const OverSeeds one = over_seeds({41.5});
        CHECK(one.mean == 41.5);
        CHECK_FALSE(one.deviation.has_value());
    }

    TEST_CASE("rates of a row are those of its runs") {
        const AblationAnswers answers = random_answers({0, 4}, 60, 1);
        const AblationResult result = ablation_result(answers);
        REQUIRE(result.rates.size() == 3);
        for (size_t row = 0; row < 3; ++row)
            for (size_t seed = 0; seed < 2; ++seed) {
                std::vector<ClipPrediction> predictions;
                for (size_t i = 0; i < 60; ++i) {
                    ClipPrediction& clip = predictions.emplace_back();
                    clip.label = answers.truth[i];
                    clip.probabilities.assign(4, 0.1);
                    clip.probabilities[static_cast<size_t>(answers.predicted[row][seed][i])] = 0.7;
                }
                const Metrics metrics = compute_metrics(predictions, answers.classes);
                CHECK(result.rates[row].top1.values[seed] == Approx(metrics.top1));
                CHECK(result.rates[row].f1_macro.values[seed] == Approx(metrics.action.macro));
                CHECK(result.rates[row].f1_mean->values[seed] == Approx(metrics.f1_mean));
            }
        AblationAnswers without = answers;
        without.classes.body_of.clear();
        without.classes.body_names.clear();
        CHECK_FALSE(ablation_result(without).rates[0].f1_mean.has_value());
    }

    TEST_CASE("differences are paired by clip and by seed, with both intervals") {
        const AblationAnswers answers = random_answers({0, 1, 2}, 50, 2);
        const AblationResult result = ablation_result(answers);
        // Each row to the one above it, and the last to the first.
        const std::vector<std::pair<size_t, size_t>> pairs = {{1, 0}, {2, 1}, {2, 0}};
        REQUIRE(result.differences.size() == 3);
        for (size_t p = 0; p < 3; ++p) {
            const RowDifference& difference = result.differences[p];
            CHECK(difference.row == pairs[p].first);
            CHECK(difference.other == pairs[p].second);
            std::vector<double> of_clip(50);  // mean over the seeds
            for (size_t seed = 0; seed < 3; ++seed) {
                double points = 0;
                for (size_t i = 0; i < 50; ++i) {
                    const double more = right(answers, difference.row, seed, i) -
                                        right(answers, difference.other, seed, i);
                    points += 2 * more;  // of 50 clips
                    of_clip[i] += more / 3;
                }
                CHECK(difference.points.values[seed] == Approx(points));
            }
            const Interval clips = bootstrap(50, [&](const std::vector<int64_t>& times) {
                double sum = 0;
                for (size_t i = 0; i < 50; ++i)
                    sum += 2 * of_clip[i] * static_cast<double>(times[i]);
                return std::vector<double>{sum};
            })[0];
            CHECK(difference.clips.low == Approx(clips.low));
            CHECK(difference.clips.high == Approx(clips.high));
            const double mean = difference.points.mean;
            // 4.3027 is t of two degrees of freedom.
            const double seeds = 4.302653 * *difference.points.deviation / std::sqrt(3.0);
            REQUIRE(difference.clips_and_seeds.has_value());
            CHECK(difference.clips_and_seeds->low ==
                  Approx(mean - std::sqrt(std::pow(mean - clips.low, 2) + seeds * seeds)));
            CHECK(difference.clips_and_seeds->high ==
                  Approx(mean + std::sqrt(std::pow(clips.high - mean, 2) + seeds * seeds)));
        }
        CHECK(ablation_result(answers).differences[0].clips.low == result.differences[0].clips.low);
    }

    TEST_CASE("seeds that agree in sign are counted, and no difference agrees with none") {
        AblationAnswers answers = random_answers({0, 1, 2, 3}, 4, 3);
        answers.rows.resize(2);
        answers.truth = {0, 1, 2, 0};
        const std::vector<int64_t> none = {3, 3, 3, 3}, one = {0, 3, 3, 3}, two = {0, 1, 3, 3};
        answers.predicted = {{none, one, one, none}, {two, two, one, none}};
        const AblationResult result = ablation_result(answers);
        REQUIRE(result.differences.size() == 1);  // the first and the last are neighbours
        CHECK(result.differences[0].points.values == std::vector<double>{50, 25, 0, 0});
        CHECK(result.differences[0].same_sign == 2);
        answers.predicted = {{one, none, none, none}, {none, one, one, one}};
        CHECK(ablation_result(answers).differences[0].same_sign == 3);
        answers.predicted[1] = answers.predicted[0];
        CHECK(ablation_result(answers).differences[0].same_sign == 0);
    }

    TEST_CASE("one seed shows no spread, and one row nothing to compare with") {
        AblationAnswers answers = random_answers({5}, 30, 4);
        AblationResult result = ablation_result(answers);
        CHECK_FALSE(result.rates[0].top1.deviation.has_value());
        CHECK_FALSE(result.differences[0].clips_and_seeds.has_value());
        CHECK(result.differences[0].clips.low < result.differences[0].clips.high);
        answers.rows.resize(1);
        answers.predicted.resize(1);
        result = ablation_result(answers);
        CHECK(result.differences.empty());
        CHECK(result.classes[0].difference.values.empty());
        CHECK(result.classes[0].index == 0);  // in the order of the labels
    }

    TEST_CASE("classes have the recall of each row, and the largest gain first") {
        const AblationAnswers answers = random_answers({0, 1, 2}, 80, 5);
        const AblationResult result = ablation_result(answers);
        REQUIRE(result.classes.size() == 3);  // the fourth has no clip
        for (const ClassRecall& of_class : result.classes) {
            std::vector<double> of_seeds(3);
            for (size_t row = 0; row < 3; ++row) {
                double mean = 0;
                for (size_t seed = 0; seed < 3; ++seed) {
                    double correct = 0, clips = 0;
                    for (size_t i = 0; i < 80; ++i)
                        if (answers.truth[i] == of_class.index) {
                            clips += 1;
                            correct += right(answers, row, seed, i);
                        }
                    CHECK(clips == static_cast<double>(of_class.clips));
                    mean += 100 * correct / clips / 3;
                    of_seeds[seed] += (row == 2 ? 100 : row == 0 ? -100 : 0) * correct / clips;
                }
                CHECK(of_class.recall[row] == Approx(mean));
            }
            REQUIRE(!of_class.difference.values.empty());
            for (size_t seed = 0; seed < 3; ++seed)
                CHECK(of_class.difference.values[seed] == Approx(of_seeds[seed]));
        }
        for (size_t c = 1; c < 3; ++c)
            CHECK(result.classes[c - 1].difference.mean >= result.classes[c].difference.mean);
    }

    // What it is for: a difference that only lucky seeds make is not taken for one of the rows.
    TEST_CASE(
        "where seeds differ, the interval over clips alone is too sure, and that over both is "
        "not") {
        Random random(6);
        constexpr int trials = 150;
        constexpr int64_t clips = 100;
        int in_clips = 0, in_both = 0;
        for (int trial = 0; trial < trials; ++trial) {
            AblationAnswers answers = random_answers({0, 1, 2}, clips, 7);
            answers.rows.resize(2);
            answers.predicted.assign(2, {});
            // Both rows are right on half of all clips, a seed on more or fewer.
            for (auto& of_row : answers.predicted)
                for (int seed = 0; seed < 3; ++seed) {
                    const double share = 0.5 + 0.1 * random.normal();
                    auto& predicted = of_row.emplace_back();
                    for (const int64_t truth : answers.truth)
                        predicted.push_back(random.uniform() < share ? truth : 3);
                }
            const RowDifference difference = ablation_result(answers).differences[0];
            in_clips += difference.clips.low <= 0 && 0 <= difference.clips.high;
            in_both +=
                difference.clips_and_seeds->low <= 0 && 0 <= difference.clips_and_seeds->high;
        }
        MESSAGE("of " << trials << " intervals, over clips " << in_clips << " hold the truth, over "
                      << "clips and seeds " << in_both);
        CHECK(in_clips < 0.8 * trials);
        CHECK(in_both > 0.92 * trials);
    }
}
