#include "train/report/confusions.h"

#include <doctest/doctest.h>

#include "tests/data/temporary_dataset.h"
#include "tests/train/report/predictions.h"

using namespace mdn;
using doctest::Approx;
using mdn::test::contains;

namespace {

ClipPrediction answer(int64_t label, std::vector<double> probabilities, int64_t st, int64_t ts) {
    ClipPrediction clip;
    clip.label = label;
    clip.probabilities = std::move(probabilities);
    clip.st_alone = st;
    clip.ts_alone = ts;
    return clip;
}

}  // namespace

TEST_SUITE("train/report/confusions") {
    TEST_CASE("the largest confusions come first, with what speaks for why") {
        const ClassNames names = test::four_classes();
        const std::vector<ClipPrediction> predictions = {
            answer(0, {0.30, 0.60, 0.10, 0.00}, 0, 1),  // nod → shake, second
            answer(0, {0.10, 0.70, 0.15, 0.05}, 0, 1),  // nod → shake, third
            answer(0, {0.90, 0.05, 0.05, 0.00}, 0, 0),
            answer(1, {0.50, 0.40, 0.05, 0.05}, 1, 1),  // shake → nod
            answer(2, {0.05, 0.50, 0.40, 0.05}, 3, 3),  // wave → shake
            answer(2, {0.05, 0.05, 0.90, 0.00}, 2, 2),
        };
        const Metrics metrics = compute_metrics(predictions, names);
        std::vector<Confusion> confusions = largest_confusions(metrics.confusion, 8);
        REQUIRE(confusions.size() == 3);
        CHECK((confusions[0].truth == 0 && confusions[0].predicted == 1));
        CHECK((confusions[0].clips == 2 && confusions[0].of == 3));
        CHECK((confusions[0].back == 1 && confusions[0].back_of == 1));
        // One clip each: of one there is only one, of the other there are two.
        CHECK((confusions[1].truth == 1 && confusions[2].truth == 2));
        CHECK(largest_confusions(metrics.confusion, 1).size() == 1);

        const std::string plain = confusion_text(confusions[0], names);
        CHECK(contains(plain, {"“nod” is taken for “shake <b>” in 2 of its 3 clips (67",
                               "in 1 of 1", "body-level class “head”"}));
        CHECK(plain.find("average") == std::string::npos);
        add_evidence(confusions, predictions);
        CHECK(confusions[0].second == 1);
        CHECK(confusions[0].given == Approx(0.65));
        CHECK(confusions[0].right == Approx(0.2));
        CHECK((confusions[0].st_right == 2 && confusions[0].ts_right == 0));
        CHECK(contains(
            confusion_text(confusions[0], names),
            {"65", "wrong", "20", "second in 1", "ST path alone gets 2 right", "TS path alone 0"}));
        CHECK(contains(confusion_text(confusions[2], names),
                       {"never the other way round", "“hand”", "“head”", "gets 0 right"}));
    }

    TEST_CASE("without two paths nothing is said of them, and of no mistakes nothing at all") {
        std::vector<ClipPrediction> predictions = test::random_predictions(30, 2);
        for (ClipPrediction& clip : predictions) clip.st_alone = clip.ts_alone = -1;
        const Metrics metrics = compute_metrics(predictions, test::four_classes());
        std::vector<Confusion> confusions = largest_confusions(metrics.confusion, 8);
        add_evidence(confusions, predictions);
        REQUIRE(!confusions.empty());
        for (const Confusion& c : confusions) {
            CHECK(metrics.confusion[c.truth][c.predicted] == c.clips);
            CHECK(confusion_text(c, test::four_classes()).find("path") == std::string::npos);
        }
        CHECK(largest_confusions({{3, 0}, {0, 2}}, 8).empty());
    }
}
