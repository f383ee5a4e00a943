#include "train/report/report.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/train/program.h"
#include "tests/train/report/predictions.h"
#include "train/checkpoints/checkpoint_file.h"
#include "train/load_model.h"
#include "train/report/evaluation_data.h"
#include "train/trainer.h"

using namespace mdn;
using namespace mdn::test;
using doctest::Approx;

namespace {

using Json = nlohmann::ordered_json;

/// `Page.data` of a page.
Json data_of(const std::string& page) {
    const std::string begin = "<script type=\"application/json\" id=\"data\">";
    const size_t from = page.find(begin) + begin.size();
    return Json::parse(page.substr(from, page.find("</script>", from) - from));
}

/// A run of one evaluation that was not computed by any model.
RunData run_of(const std::string& name, uint64_t seed, int64_t clips = 40) {
    Config config = preset_config("tiny");
    config.classes = 4;
    config.entities = {"face", "torso"};
    config.backbone.width = 8;
    const MicroDualNet model(config);
    const Evaluation evaluation{random_predictions(clips, seed), 2};
    const Metrics metrics = compute_metrics(evaluation.predictions, four_classes());
    return {.name = name,
            .folder = "runs/" + name,
            .evaluation = evaluation_data(evaluation, metrics, four_classes(), model,
                                          {.command = "eval",
                                           .data = "</script><b>",
                                           .split = "test",
                                           .weights = "w",
                                           .settings = {{"seed", "3"}}}),
            .evaluation_name = "test"};
}

}  // namespace

TEST_SUITE("train/report/evaluation_data") {
    TEST_CASE("an evaluation's data hold every figure, and agree with its predictions") {
        const auto predictions = random_predictions(40, 11);
        const Json data = run_of("a", 11).evaluation;
        CHECK(data["format"] == evaluation_data_format);
        CHECK(data["without_person"] == 2);
        CHECK(data["origin"]["settings"]["seed"] == "3");
        CHECK(data["config"]["preset"] == "tiny");
        CHECK(data["metrics"].size() == 5);
        // A class without a clip has no interval, no accuracy and no routing.
        CHECK(data["recall_intervals"][3].is_null());
        CHECK(data["paths"]["classes"][3].is_null());
        CHECK(data["routing"]["classes"][3].is_null());

        int64_t st_right = 0, st_of_first = 0, first = 0;
        std::vector<double> alpha;
        for (const ClipPrediction& clip : predictions) {
            st_right += clip.st_alone == clip.label;
            if (clip.label != 0) continue;
            ++first;
            st_of_first += clip.st_alone == 0;
            alpha.push_back(clip.alpha_st[1]);
        }
        CHECK(data["paths"]["top1"][1]["value"].get<double>() ==
              Approx(100.0 * static_cast<double>(st_right) / 40));
        CHECK(data["paths"]["top1"][1]["low"] < data["paths"]["top1"][1]["value"]);
        CHECK(std::abs(data["paths"]["classes"][0]["st"].get<double>() -
                       100.0 * static_cast<double>(st_of_first) / static_cast<double>(first)) <
              1e-3);
        double mean = 0, square = 0;
        for (const double a : alpha) mean += a / static_cast<double>(alpha.size());
        for (const double a : alpha)
            square += (a - mean) * (a - mean) / static_cast<double>(alpha.size());
        CHECK(std::abs(data["routing"]["classes"][0][1]["mean"].get<double>() - mean) < 1e-3);
        CHECK(std::abs(data["routing"]["classes"][0][1]["deviation"].get<double>() -
                       std::sqrt(square)) < 1e-3);
        std::vector<double> all;
        for (const ClipPrediction& clip : predictions) all.push_back(clip.alpha_st[0]);
        std::sort(all.begin(), all.end());
        const Json& quantiles = data["routing"]["entities"][0]["quantiles"];
        CHECK(std::abs(quantiles[2].get<double>() - (all[19] + all[20]) / 2) < 1e-3);
        CHECK(std::abs(quantiles[0].get<double>() - (0.05 * all[1] + 0.95 * all[2])) < 1e-3);

        REQUIRE(!data["mistakes"].empty());
        const auto wrong = data["mistakes"][0];
        CHECK(wrong["truth"] != wrong["predicted"]);
        CHECK(wrong["given"] >= data["mistakes"][1]["given"]);
        CHECK(data["answers"]["truth"].size() == 40);
    }

    TEST_CASE("clips are added with all that is drawn of them, as long as there is room") {
        SmallProject project;
        MicroDualNet model(load_config(project.config), 3);
        Loader loader(read_split(project.data, "test", 3, {}),
                      clip_options(model.config(), Sampling::test), {.batch_size = 2});
        const Evaluation evaluation = evaluate(model, loader);
        const ClassNames names = read_class_names(project.data);
        const Metrics metrics = compute_metrics(evaluation.predictions, names);
        Json data = evaluation_data(evaluation, metrics, names, model, {.command = "eval"});
        const size_t bare = data.dump().size();
        Json full = data;
        add_clips(full, evaluation, model, loader);
        REQUIRE(full["clips"].size() == 3);
        for (const Json& clip : full["clips"]) {
            CHECK(clip["pictures"].size() == 2);
            CHECK(clip["boxes"].size() == 2);
            CHECK(clip["joints"].size() == 2);
            CHECK(clip["alpha"].size() == 2);
            CHECK(clip["attention"].size() == 4);
            CHECK(clip["top"].size() == 3);
            CHECK(clip["group"].is_string());
            CHECK(clip["top"][0][0] == clip["predicted"]);
        }
        const auto room = static_cast<int64_t>(bare + full["clips"][0].dump().size() + 10);
        add_clips(data, evaluation, model, loader, room);
        CHECK(data["clips"].size() == 1);
        CHECK(std::ssize(data.dump()) <= room);
    }
}

TEST_SUITE("train/report/report") {
    TEST_CASE("the page holds the runs' data, escaped, and refers to nothing") {
        const std::string page = report_html({run_of("a <run>", 12)});
        CHECK(contains(page, {"<title>Report: a &lt;run&gt; (test)</title>", "Page.marks"}));
        for (const char* outside : {"<b>", "</script><", "http:", "https:", "src=", "@import"}) {
            std::string rest = page;
            for (size_t at; (at = rest.find("http://www.w3.org/2000/svg")) != std::string::npos;)
                rest.erase(at, 26);
            // Scripts end where the next begins, and nowhere else.
            for (size_t at; (at = rest.find("</script>\n<")) != std::string::npos;)
                rest.erase(at, 9);
            CHECK_MESSAGE(rest.find(outside) == std::string::npos, outside);
        }
        const Json run = data_of(page)["runs"][0];
        CHECK(run["name"] == "a <run>");
        CHECK(run["evaluation"]["origin"]["data"] == "</script><b>");
        CHECK_FALSE(run["evaluation"].contains("answers"));
        const std::string summary = run["summary"].dump();
        CHECK(contains(summary, {"of 40 clips", "95\u00a0% interval", "25.0", "ST alone",
                                 "face (0.", "largest confusion", "another seed"}));
    }

    TEST_CASE("a page says what each run's model is, and how sure a rate of 0 is") {
        RunData whole = run_of("whole", 12), picture = run_of("picture", 12);
        const auto said = [](const RunData& run) { return data_of(report_html({run}))["runs"][0]; };
        CHECK(contains(said(whole)["model"].get<std::string>(), {"two paths", "router"}));
        // Without routing, the summary says it.
        CHECK_FALSE(contains(said(whole)["summary"].dump(), {"It reads"}));
        picture.evaluation["config"]["regions"] = "none";
        picture.evaluation["routing"] = nullptr;
        CHECK(contains(said(picture)["model"].get<std::string>(), {"no body parts"}));
        CHECK(contains(said(picture)["summary"].dump(), {"no body parts"}));
        picture.evaluation["config"] = nullptr;  // of an older program
        CHECK(said(picture)["model"] == "");
        CHECK(contains(said(whole)["rate"].get<std::string>(), {" of 40 clips (Top-1; 95"}));
        Json& top1 = whole.evaluation["metrics"][0];
        top1["value"] = top1["low"] = top1["high"] = 0.0;
        CHECK(contains(said(whole)["summary"][0].get<std::string>(),
                       {"all had one outcome", "0.00\u00a0% to 8.76\u00a0%"}));
        // As in the line that a page of several runs has of each.
        CHECK(said(whole)["rate"] ==
              "0.00\u00a0% of 40 clips (Top-1; Wilson's 95\u00a0% interval 0.00\u00a0% to "
              "8.76\u00a0%)");
    }

    TEST_CASE("several runs are compared clip by clip where they answered the same clips") {
        const std::vector<RunData> runs = {run_of("a", 13), run_of("b", 13), run_of("c", 13, 30)};
        RunData other = runs[1];
        for (auto& guess : other.evaluation["answers"]["predicted"]) guess = 0;
        const Json data = data_of(report_html({runs[0], other, runs[2]}));
        REQUIRE(data["runs"].size() == 3);
        REQUIRE(data["differences"].size() == 2);
        int64_t zeros = 0;
        for (const auto& truth : other.evaluation["answers"]["truth"]) zeros += truth == 0;
        const double difference = 100.0 * static_cast<double>(zeros) / 40 -
                                  runs[0].evaluation["metrics"][0]["value"].get<double>();
        char text[64];
        REQUIRE(difference < 0);
        std::snprintf(text, sizeof text, "b minus a: −%.1f points", -difference);
        CHECK(contains(data["differences"][0].get<std::string>(), {text, "95 % interval"}));
        CHECK(
            contains(data["differences"][1].get<std::string>(), {"c", "not known", "same clips"}));
        // One clip has no plural, and no difference has no sign.
        RunData same = runs[1], better = runs[1];
        better.name = "c";
        auto& guesses = better.evaluation["answers"]["predicted"];
        const auto& truths = better.evaluation["answers"]["truth"];
        for (size_t i = 0; i < truths.size(); ++i)
            if (guesses[i] != truths[i]) {
                guesses[i] = truths[i];
                break;
            }
        const Json close = data_of(report_html({runs[0], same, better}));
        CHECK(contains(close["differences"][0].get<std::string>(),
                       {"b minus a: 0.0 points", "95 % interval 0.0 to 0.0",
                        "Only b is right on 0 clips, only a on 0 clips."}));
        CHECK(contains(close["differences"][1].get<std::string>(),
                       {"minus a: +2.5 points", "is right on 1 clip, only a on 0 clips."}));
        // Two runs of one name are told apart.
        const Json twins = data_of(report_html({run_of("x", 1), run_of("x", 2)}));
        CHECK(twins["runs"][0]["name"] == "runs/x");
    }

    TEST_CASE("a page of many pictures leaves out those of the last runs, and says so") {
        RunData large = run_of("large", 14);
        large.evaluation["clips"].push_back(std::string(1'900'000, 'x'));
        RunData second = large;
        second.name = "second";
        const std::string page = report_html({large, second});
        CHECK(page.size() < 3'000'000);
        const Json data = data_of(page);
        CHECK(data["runs"][0]["evaluation"]["clips"].size() == 1);
        CHECK(data["runs"][1]["evaluation"]["clips"].empty());
        CHECK(contains(data["runs"][1]["missing"].dump(), {"second: its clips are left out"}));
    }

    TEST_CASE("train, eval and report write the page, and report needs neither data nor weights") {
        SmallProject project;
        const std::string run = project.file("run"), test = run + "/test.json";
        const std::string page = project.file("page.html");
        REQUIRE(microdualnet(project.train(run, {"--epochs", "2"})).code == 0);
        const Json trained = data_of(bytes_of(run + "/report.html"))["runs"][0];
        CHECK(trained["evaluation_name"] == "val");
        CHECK(trained["evaluation"]["origin"]["command"] == "train");
        CHECK(trained["evaluation"]["clips"].size() == 3);
        CHECK(trained["curves"]["epochs"]["x"].size() == 2);
        CHECK(trained["training"]["origin"]["settings"]["batch"] == "2");
        CHECK(trained["missing"].empty());

        const Ran ran = microdualnet({"eval", "--weights", best_checkpoint(run), "--data",
                                      project.data, "--json-file", test, "--report", page});
        REQUIRE_MESSAGE(ran.code == 0, ran.err);
        const Json kept = Json::parse(bytes_of(report_data_file(run, "test")));
        CHECK(kept["rates"] == Json::parse(bytes_of(test)));
        CHECK(bytes_of(report_data_file(run, "test")).size() < 2'000'000);
        const std::string evaluated = bytes_of(page);
        CHECK(data_of(evaluated)["runs"][0]["evaluation"]["origin"]["split"] == "test");
        CHECK(data_of(evaluated)["runs"][0]["curves"] == trained["curves"]);

        std::filesystem::remove_all(project.data);
        for (const std::string& weights : {best_checkpoint(run), last_checkpoint(run)})
            std::filesystem::remove(weights);
        const Ran again = microdualnet({"report", run});
        REQUIRE_MESSAGE(again.code == 0, again.err);
        CHECK(again.out == "report: " + run + "/report.html\n");
        // The same page as eval wrote, but for how it was asked for the folder.
        CHECK(data_of(bytes_of(run + "/report.html"))["runs"][0]["evaluation"] ==
              data_of(evaluated)["runs"][0]["evaluation"]);
        CHECK(microdualnet({"report", run, run, "--evaluation", "val"}).code == 0);
        CHECK(data_of(bytes_of(run + "/comparison.html"))["runs"].size() == 2);
        for (const char* file : {"/log.jsonl", "/test.json", "/report_data/val.json"}) {
            const std::string before = bytes_of(run + file);
            CHECK_MISTAKE(microdualnet({"report", run, "--out", run + file}),
                          {"--out", run + file, ".html"});
            CHECK(bytes_of(run + file) == before);
        }
        CHECK_MISTAKE(microdualnet({"report"}), {"RUN_DIR", "missing"});
    }

    TEST_CASE(
        "an evaluation under the name of the training's keeps what that says of the training") {
        SmallProject project;
        const std::string run = project.file("run"), val = report_data_file(run, "val");
        REQUIRE(microdualnet(project.train(run, {"--epochs", "1"})).code == 0);
        const Json trained = Json::parse(bytes_of(val));
        for (int times = 0; times < 2; ++times)
            REQUIRE(microdualnet({"eval", "--weights", best_checkpoint(run), "--data", project.data,
                                  "--split", "val", "--json-file", run + "/val.json"})
                        .code == 0);
        CHECK(Json::parse(bytes_of(val))["origin"]["command"] == "eval");
        REQUIRE(microdualnet({"report", run}).code == 0);
        const Json shown = data_of(bytes_of(run + "/report.html"))["runs"][0];
        CHECK(shown["training"]["origin"] == trained["origin"]);
        CHECK(shown["training"]["config"] == trained["config"]);
    }

    TEST_CASE("a page says where the weights that were evaluated have changed since") {
        SmallProject project;
        const std::string run = project.file("run");
        REQUIRE(
            microdualnet(project.train(run, {"--epochs", "1", "--schedule", "constant"})).code ==
            0);
        REQUIRE(microdualnet({"eval", "--weights", last_checkpoint(run), "--data", project.data,
                              "--json-file", run + "/test.json"})
                    .code == 0);
        const auto missing = [&] {
            REQUIRE(microdualnet({"report", run}).code == 0);
            return data_of(bytes_of(run + "/report.html"))["runs"][0]["missing"];
        };
        CHECK(missing().empty());
        REQUIRE(microdualnet({"train", "--resume", "--out", run, "--epochs", "2"}).code == 0);
        const Json said = missing();
        REQUIRE(said.size() == 1);
        CHECK(contains(said[0].get<std::string>(),
                       {"last.safetensors after 5 steps", "after 10", "eval --json-file"}));
        // Weights of another run, of the same file name, are not this run's.
        const std::string other = project.file("other");
        REQUIRE(microdualnet(project.train(other, {"--epochs", "1"})).code == 0);
        REQUIRE(microdualnet({"eval", "--weights", last_checkpoint(other), "--data", project.data,
                              "--json-file", run + "/test.json"})
                    .code == 0);
        CHECK(missing().empty());
    }

    TEST_CASE("a model without a router is not said to choose") {
        SmallProject project;
        std::string text = small_config_json;
        text.replace(text.find("\"classes\""), 0, "\"fusion\": \"mean\", ");
        write(project.config, text);
        const std::string run = project.file("run");
        REQUIRE(microdualnet(project.train(run, {"--epochs", "1"})).code == 0);
        const Json shown = data_of(bytes_of(run + "/report.html"))["runs"][0];
        CHECK(shown["evaluation"]["routing"].is_null());
        CHECK(!shown["evaluation"]["paths"].is_null());
        CHECK_FALSE(contains(shown.dump(), {"router's weights"}));
    }

    TEST_CASE("what cannot be shown does not stop a training") {
        SmallProject project;
        const std::string run = project.file("run");
        auto train = project.train(run, {"--epochs", "2"});
        REQUIRE(microdualnet(train).code == 0);
        // Another file in report_data/ is passed over, and named.
        write(report_data_file(run, "test"), "{}");
        REQUIRE(microdualnet({"report", run, "--evaluation", "val"}).code == 0);
        CHECK(contains(data_of(bytes_of(run + "/report.html"))["runs"][0]["missing"].dump(),
                       {"passed over", "test.json", "format"}));
        // A folder lies where the page should go.
        std::filesystem::remove(run + "/report.html");
        std::filesystem::create_directories(run + "/report.html/kept");
        train.emplace_back("--overwrite");
        const Ran ran = microdualnet(train);
        INFO(ran.err);
        CHECK(ran.code == 0);
        CHECK(contains(ran.out, {"warning: no " + run + "/report.html: ", "epoch 2/2"}));
        CHECK(std::filesystem::exists(last_checkpoint(run)));
    }

    TEST_CASE("where report_data cannot be made, eval says so before it reads a clip") {
        SmallProject project;
        const std::string run = project.file("run"), place = project.file("place");
        REQUIRE(microdualnet(project.train(run, {"--epochs", "1"})).code == 0);
        write(place + "/report_data", "mine");
        const Ran ran = microdualnet({"eval", "--weights", best_checkpoint(run), "--data",
                                      project.data, "--json-file", place + "/test.json"});
        CHECK_MISTAKE(ran, {place + "/report_data", "no folder", "--json-file"});
        CHECK(names_in(place) == std::set<std::string>{"report_data"});
    }
}
