#include "train/output/report.h"

#include <doctest/doctest.h>

#include "tests/data/temporary_dataset.h"

using namespace mdn;
using mdn::test::contains;

TEST_SUITE("train/output/report") {
    TEST_CASE("the page holds the rates, the routing and the confusions, and refers to nothing") {
        const ClassNames names = {{"nod", "wave & <smile>"}, {"head", "hand"}, {0, 1}};
        ClipPrediction right, wrong;
        right.label = 0;
        right.probabilities = {0.9, 0.1};
        right.alpha_st = {0.25, 0.875};
        wrong.label = 1;
        wrong.probabilities = {0.7, 0.3};
        wrong.alpha_st = {0.75, 0.625};
        const Metrics metrics = compute_metrics({right, wrong}, names);
        const std::string page = report_html(metrics, {"face", "torso"}, "val, epoch 3");
        CHECK(contains(
            page, {"<!DOCTYPE html>", "<td>50.00</td>", "val, epoch 3", "F1mean",
                   "wave &amp; &lt;smile&gt; taken for nod: 1", "nod, face: ST 0.250, TS 0.750",
                   "all clips, torso: ST 0.750", "</html>"}));
        for (const char* outside : {"http", "src=", "href=", "<smile>", "url("})
            CHECK_MESSAGE(page.find(outside) == std::string::npos, outside);

        right.alpha_st.clear();
        const Metrics one_path = compute_metrics({right}, names);
        CHECK(report_html(one_path, {"face", "torso"}, "x").find("ST path") == std::string::npos);
    }
}
