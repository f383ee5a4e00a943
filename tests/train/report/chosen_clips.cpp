#include "train/report/chosen_clips.h"

#include <doctest/doctest.h>
#include <set>

#include "tests/train/report/predictions.h"

using namespace mdn;

TEST_SUITE("train/report/chosen_clips") {
    TEST_CASE("the surest mistakes, the closest calls and the surest right clips are chosen") {
        const auto predictions = test::random_predictions(60, 3);
        const auto best = [&](int64_t i) { return top_classes(predictions[i].probabilities, 2); };
        const auto given = [&](int64_t i) { return predictions[i].probabilities[best(i)[0]]; };
        const auto wrong = [&](int64_t i) { return best(i)[0] != predictions[i].label; };
        const auto lead = [&](int64_t i) {
            return given(i) - predictions[i].probabilities[best(i)[1]];
        };

        const std::vector<int64_t> mistakes = surest_mistakes(predictions, 100);
        for (size_t i = 0; i < mistakes.size(); ++i) {
            CHECK(wrong(mistakes[i]));
            if (i > 0) CHECK(given(mistakes[i - 1]) >= given(mistakes[i]));
        }
        int64_t all = 0;
        for (int64_t i = 0; i < 60; ++i) all += wrong(i);
        CHECK(std::ssize(mistakes) == all);

        const auto chosen = choose_clips(predictions, 3);
        std::set<int64_t> once;
        std::set<int64_t> right_classes;
        double closest = 1;
        for (int64_t i = 0; i < 60; ++i) closest = std::min(closest, lead(i));
        int64_t mistakes_chosen = 0;
        for (const ChosenClip& clip : chosen) {
            CHECK(once.insert(clip.index).second);
            if (clip.group == "mistake") CHECK(clip.index == mistakes[mistakes_chosen++]);
            if (clip.group == "right") {
                CHECK(!wrong(clip.index));
                // Of its class there is none that is surer.
                CHECK(right_classes.insert(predictions[clip.index].label).second);
                for (int64_t i = 0; i < 60; ++i)
                    if (!wrong(i) && predictions[i].label == predictions[clip.index].label)
                        CHECK(given(i) <= given(clip.index));
            }
        }
        CHECK(mistakes_chosen == 3);
        CHECK(right_classes.size() == 3);
        CHECK(chosen[0].group == "mistake");
        CHECK((chosen[2].group == "unsure" && lead(chosen[2].index) == closest));
        CHECK(chosen.size() <= 9);
    }

    TEST_CASE("few clips are all that is chosen") {
        auto predictions = test::random_predictions(1, 4);
        CHECK(choose_clips(predictions, 4).size() == 1);
        CHECK(surest_mistakes({}, 4).empty());
    }
}
