#include "train/metrics.h"

#include <doctest/doctest.h>

#include "engine/error.h"
#include "train/output/evaluation_output.h"

using namespace mdn;
using doctest::Approx;

namespace {

const ClassNames five = {{"a", "b", "c", "d", "e"}, {"left", "right"}, {0, 0, 1, 1, 1}};

ClipPrediction clip(int64_t label, int64_t predicted, std::vector<double> alpha = {}) {
    ClipPrediction clip;
    clip.label = label;
    clip.probabilities.assign(5, 0.1);
    clip.probabilities[predicted] = 0.6;
    clip.loss = -1.0 + static_cast<double>(label + predicted);
    clip.alpha_st = std::move(alpha);
    return clip;
}

// Truth a a b c, predicted a b b b.
const std::vector<ClipPrediction> four = {clip(0, 0, {0.2, 1.0}), clip(0, 1, {0.4, 0.5}),
                                          clip(1, 1, {0.6, 0.0}), clip(2, 1, {0.8, 0.5})};

}  // namespace

TEST_SUITE("train/metrics") {
    TEST_CASE("F1 by hand: macro over the classes in truth or prediction, micro is Top-1") {
        // a: 2·1/(2+1), b: 2·1/(1+3), c: 0; d and e are in neither and do not count.
        const F1 f1 = f1_scores({0, 0, 1, 2}, {0, 1, 1, 1});
        CHECK(f1.macro == Approx(100 * (2.0 / 3 + 0.5 + 0) / 3));
        CHECK(f1.micro == Approx(50));
        // A class that is only predicted counts too, as 0.
        CHECK(f1_scores({0, 0}, {0, 4}).macro == Approx(100 * (2.0 / 3) / 2));
        CHECK(f1_scores({0}, {3}).macro == 0);
        CHECK(f1_scores({2, 2}, {2, 2}).macro == Approx(100));
    }

    TEST_CASE("metrics by hand at both levels, and F1mean is the mean of the four") {
        const Metrics m = compute_metrics(four, five);
        CHECK(m.clips == 4);
        CHECK(m.top1 == Approx(50));
        CHECK(m.top5 == Approx(100));
        CHECK(m.loss == Approx((-1 + 0 + 1 + 2) / 4.0));
        CHECK(m.action.macro == Approx(100 * (2.0 / 3 + 0.5) / 3));
        // Body: truth l l l r, predicted l l l l.
        CHECK(m.has_body);
        CHECK(m.body_top1 == Approx(75));
        CHECK(m.body.macro == Approx(100 * (6.0 / 7) / 2));
        CHECK(m.body.micro == Approx(75));
        CHECK(m.f1_mean == Approx((100 * (2.0 / 3 + 0.5) / 3 + 50 + 100 * (6.0 / 7) / 2 + 75) / 4));
        CHECK(m.confusion[0] == std::vector<int64_t>{1, 1, 0, 0, 0});
        CHECK(m.confusion[2] == std::vector<int64_t>{0, 1, 0, 0, 0});
        const ClassMetrics& b = m.classes[1];
        CHECK(b.clips == 1);
        CHECK(b.predicted == 3);
        CHECK(b.precision == Approx(100.0 / 3));
        CHECK(b.recall == Approx(100));
        CHECK(b.f1 == Approx(50));
        CHECK(m.classes[4].f1 == 0);
    }

    TEST_CASE("F1mean of the four published rates of MANet is the published one") {
        CHECK(f1_mean({.macro = 49.22, .micro = 61.33}, {.macro = 72.87, .micro = 78.95}) ==
              Approx(65.59).epsilon(1e-4));
    }

    TEST_CASE("without body-level names the body metrics are left out") {
        ClassNames names = five;
        names.body_names.clear();
        names.body_of.clear();
        const Metrics m = compute_metrics(four, names);
        CHECK(!m.has_body);
        CHECK(metrics_json(m, {"face", "torso"}).find("body") == std::string::npos);
        CHECK(metrics_json(m, {"face", "torso"}).find("f1_mean") == std::string::npos);
        CHECK(metrics_table(m, {"face", "torso"}).find("body") == std::string::npos);
    }

    TEST_CASE("the weight of the ST path is averaged per entity and class") {
        const Metrics m = compute_metrics(four, five);
        REQUIRE(m.alpha_st.size() == 2);
        CHECK(m.alpha_st[0] == Approx(0.5));
        CHECK(m.alpha_st[1] == Approx(0.5));
        CHECK(m.classes[0].alpha_st[0] == Approx(0.3));
        CHECK(m.classes[0].alpha_st[1] == Approx(0.75));
        CHECK(m.classes[2].alpha_st[0] == Approx(0.8));
        CHECK(m.classes[3].alpha_st.empty());
    }

    TEST_CASE("Top-5 counts the five most probable; ties go to the lower index") {
        const std::vector<double> p = {0.1, 0.2, 0.1, 0.3, 0.1, 0.1, 0.1};
        CHECK(top_classes(p, 5) == std::vector<int64_t>{3, 1, 0, 2, 4});
        CHECK(top_classes({0.4, 0.6}, 5) == std::vector<int64_t>{1, 0});
        const ClassNames seven = {{"a", "b", "c", "d", "e", "f", "g"}, {}, {}};
        ClipPrediction in;
        in.label = 4;
        in.probabilities = p;
        ClipPrediction out = in;
        out.label = 5;
        CHECK(compute_metrics({in, out}, seven).top5 == Approx(50));
        CHECK_THROWS_AS(compute_metrics({}, seven), Error);
    }

    TEST_CASE("the confusion matrix as CSV quotes names that need it") {
        const ClassNames names = {{"nod, \"slow\"", "b", "c", "d", "e"}, {}, {}};
        const std::string csv = confusion_csv(compute_metrics(four, names));
        CHECK(
            csv.starts_with("truth,\"nod, \"\"slow\"\"\",b,c,d,e\n\"nod, \"\"slow\"\"\",1,1,0,0,0\n"
                            "b,0,1,0,0,0\n"));
    }

    TEST_CASE("the JSON holds the rates, and null where a class has no clips") {
        const std::string json = metrics_json(compute_metrics(four, five), {"face", "torso"});
        for (const char* part : {"\"top1\": 50.0", "\"f1_mean\": ", "\"torso\": 0.5",
                                 "\"alpha_st\": null", "\"confusion\": ["})
            CHECK_MESSAGE(json.find(part) != std::string::npos, part);
    }
}
