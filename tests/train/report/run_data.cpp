#include "train/report/run_data.h"

#include <cmath>

#include "tests/train/program.h"
#include "tests/train/report/predictions.h"
#include "train/output/evaluation_output.h"
#include "train/output/format.h"
#include "train/report/evaluation_data.h"

using namespace mdn;
using namespace mdn::test;
using doctest::Approx;

namespace {

using Json = nlohmann::ordered_json;

std::string step_line(int64_t epoch, int64_t step, double loss) {
    return Json({{"kind", "step"},
                 {"epoch", epoch},
                 {"step", step},
                 {"lr", 0.5 * static_cast<double>(step)},
                 {"loss_ce", loss},
                 {"loss_mac", 2 * loss}})
               .dump() +
           "\n";
}

/// metrics_json() as an older program wrote it into a run's folder.
std::string old_evaluation(uint64_t seed) {
    return metrics_json(compute_metrics(random_predictions(40, seed), four_classes()),
                        {"face", "torso"});
}

}  // namespace

TEST_SUITE("train/report/run_data") {
    TEST_CASE("the log becomes curves: each point the mean of its steps, in epochs") {
        TemporaryFolder folder;
        const std::string log = (folder / "log.jsonl").string();
        std::string text;
        for (int64_t step = 0; step < 12; ++step) {
            text += step_line(1 + step / 6, step, static_cast<double>(step * step));
            if (step % 6 == 5)
                text += Json({{"kind", "epoch"},
                              {"epoch", 1 + step / 6},
                              {"train_loss_ce", 0.25},
                              {"train_seconds", 1.5},
                              {"val_top1", step == 11 ? Json(62.5) : Json()}})
                            .dump() +
                        "\n";
        }
        write(log, text + "{\"kind\":\"st");  // the last line was cut off
        const Json curves = read_curves(log, 4);
        CHECK(curves["steps_in_all"] == 12);
        CHECK(curves["seconds"] == 3.0);
        // Four points of three steps: 0 1 4, 9 16 25, …; six steps are an epoch.
        REQUIRE(curves["steps"]["x"].size() == 4);
        CHECK(curves["steps"]["x"][1].get<double>() == Approx(4.5 / 6));
        CHECK(curves["steps"]["loss_ce"][1].get<double>() == Approx(50.0 / 3).epsilon(1e-4));
        CHECK(curves["steps"]["loss_mac"][3].get<double>() == Approx(2 * 302.0 / 3).epsilon(1e-4));
        CHECK(curves["steps"]["lr"][0].get<double>() == Approx(0.5));
        CHECK(curves["steps"]["gradient_norm"][0].is_null());
        CHECK(curves["epochs"]["x"] == Json({1, 2}));
        CHECK(curves["epochs"]["val_top1"][0].is_null());
        CHECK(curves["epochs"]["val_top1"][1] == 62.5);
        // All of fewer steps than points.
        CHECK(read_curves(log, 100)["steps"]["loss_ce"].size() == 12);
        write(log, step_line(1, 0, 1) + "nonsense\n" + step_line(1, 1, 1));
        CHECK(contains(error_of([&] { read_curves(log); }), {"log.jsonl:2", "JSON"}));
    }

    TEST_CASE("a log that begins in the middle of a run is drawn where it belongs") {
        TemporaryFolder folder;
        const std::string log = (folder / "log.jsonl").string();
        std::string text;
        // Six steps per epoch; the lines before step 14, in the third epoch, are lost.
        for (int64_t step = 14; step < 24; ++step)
            text += step_line(1 + step / 6, step, static_cast<double>(step));
        write(log, text);
        const Json curves = read_curves(log, 100);
        CHECK(curves["steps"]["x"][0].get<double>() == Approx(14.5 / 6).epsilon(1e-4));
        CHECK(curves["steps"]["x"][9].get<double>() == Approx(23.5 / 6).epsilon(1e-4));
    }

    TEST_CASE("a run of an older program has what its evaluation says, and what is missing") {
        TemporaryFolder folder;
        const std::string run = (folder / "old").string();
        write(run + "/test.json", old_evaluation(3));
        write(run + "/notes.json", "[1, 2]");  // not ours
        const RunData read = read_run(run + "/");
        CHECK(read.name == "old");
        CHECK(read.evaluation_name == "test");
        const Metrics metrics = compute_metrics(random_predictions(40, 3), four_classes());
        CHECK(read.evaluation["metrics"][0]["value"].get<double>() ==
              Approx(metrics.top1).epsilon(1e-3));
        // The matrix holds every answer: the interval is that of the predictions themselves, but
        // for the order of the clips.
        CHECK(read.evaluation["metrics"][0]["low"] < read.evaluation["metrics"][0]["value"]);
        CHECK(read.evaluation["metrics"][1]["name"] == "F1 macro");
        CHECK(read.evaluation["entities"] == Json({"face", "torso"}));
        CHECK(read.evaluation["routing"]["entities"][1]["mean"].get<double>() ==
              Approx(metrics.alpha_st[1]));
        CHECK(read.evaluation["routing"]["classes"][3].is_null());
        CHECK(read.evaluation["confusions"].size() > 2);
        CHECK(read.evaluation["clips"].empty());
        CHECK(read.curves.is_null());
        REQUIRE(read.missing.size() == 2);
        CHECK(contains(read.missing[0], {"old: ", "test.json", "no pictures", "eval --json-file"}));
        const std::string top5 = format("no interval of Top-5 (%.1f %%), body", metrics.top5);
        CHECK(contains(read.missing[0], {top5, " or F1mean ("}));
        CHECK(contains(read.missing[1], {"log.jsonl", "no curves"}));
    }

    TEST_CASE("which evaluation is shown: test, else val, else the first, or the one asked for") {
        TemporaryFolder folder;
        const std::string run = (folder / "run").string();
        for (const char* name : {"other", "val", "a"})
            write(run + "/" + name + ".json", old_evaluation(4));
        CHECK(read_run(run).evaluation_name == "val");
        CHECK(read_run(run, "other").evaluation_name == "other");
        write(run + "/test.json", old_evaluation(5));
        CHECK(read_run(run).evaluation_name == "test");
        CHECK(contains(error_of([&] { read_run(run, "none"); }), {run, "none", "--json-file"}));
    }

    TEST_CASE("what is no run, or of another program, is an error that names it") {
        TemporaryFolder folder;
        const auto error = [&](const std::string& name, const std::string& wanted = "") {
            return error_of([&] { read_run((folder / name).string(), wanted); });
        };
        CHECK(contains(error("none"), {"no folder", "none", "train --out"}));
        write(folder / "empty/readme", "x");
        CHECK(contains(error("empty"), {"empty holds no run", "log.jsonl"}));
        const std::string data = report_data_file((folder / "run").string(), "test");
        write(data, "{\"format\": 99}");
        CHECK(contains(error("run"), {data, "later program", "99"}));
        write(data, "{\"format\": 1, \"origin\": {}}");
        CHECK(contains(error("run"), {data, "damaged", "`rates`"}));
        write(data, "no JSON");
        CHECK(contains(error("run"), {data, "not a JSON object"}));
        write(folder / "other/test.json", "{\"action\": {}}");
        CHECK(contains(error("other", "test"), {"test.json", "action.top1"}));
        CHECK(contains(error("other"), {"holds no run"}));
    }
}
