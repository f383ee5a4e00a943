// `ablate` on a very small dataset: what it trains, keeps, continues and refuses.
#include <signal.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/files/safetensors.h"
#include "model/ablation.h"
#include "model/micro_dualnet.h"
#include "tests/train/checkpoint_state.h"
#include "tests/train/process.h"
#include "tests/train/program.h"
#include "train/checkpoints/checkpoint.h"
#include "train/run_folder.h"

using namespace mdn;
using namespace mdn::test;

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::json;

struct Project : SmallProject {
    /// Two rows, two seeds, two epochs of five steps.
    std::vector<std::string> ablate(const std::string& out,
                                    const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments = {
            "ablate", "--data", data,       "--config", config, "--out",     file(out), "--batch",
            "2",      "--rows", "tsm,full", "--seeds",  "2",    "--threads", "2"};
        if (std::find(more.begin(), more.end(), "--epochs") == more.end())
            arguments.insert(arguments.end(), {"--epochs", "2"});
        // What is given again replaces what stands above.
        for (size_t i = 0; i + 1 < more.size(); i += 2) {
            const auto found = std::find(arguments.begin(), arguments.end(), more[i]);
            if (found == arguments.end())
                arguments.insert(arguments.end(), {more[i], more[i + 1]});
            else
                *(found + 1) = more[i + 1];
        }
        return arguments;
    }
    std::string run(const std::string& out, const std::string& run) const {
        return file(out) + "/" + run;
    }
};

const std::vector<std::string> all_runs = {"tsm/seed-0", "full/seed-0", "tsm/seed-1",
                                           "full/seed-1"};

void check_same_runs(const Project& project, const std::string& a, const std::string& b) {
    for (const std::string& run : all_runs) {
        INFO(run);
        for (const char* name : {"/last.safetensors", "/best.safetensors"})
            CHECK(state_of(project.run(a, run) + name) == state_of(project.run(b, run) + name));
        CHECK(bytes_of(project.run(a, run) + "/test.json") ==
              bytes_of(project.run(b, run) + "/test.json"));
    }
    for (const char* name : {"ablation.md", "ablation.json"})
        CHECK(bytes_of(project.run(a, name)) == bytes_of(project.run(b, name)));
}

/// When each file below a folder was written last.
std::map<std::string, fs::file_time_type> times_of(const fs::path& folder) {
    std::map<std::string, fs::file_time_type> times;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) times[entry.path().string()] = entry.last_write_time();
    return times;
}

int64_t lines_in(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

TEST_SUITE("train/commands/ablate") {
    TEST_CASE("each run is the one that train and eval make") {
        Project project;
        const Ran ran = microdualnet(project.ablate("all"));
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        CHECK(contains(ran.out, {"0 of 4 runs are complete", "run 1/4: TSM, seed 0 (",
                                 "run 4/4: full (router), seed 1 (", "4 of 4 runs are complete",
                                 "full (router) minus TSM", "nodding", "ablation.md"}));
        CHECK(contains(ran.out, {bytes_of(project.run("all", "ablation.md"))}));
        CHECK(contains(bytes_of(project.run("all", "report.html")),
                       {"TSM, seed 0", "full (router), seed 0"}));

        Config tsm = load_config(project.config);
        tsm.regions = Regions::none;
        write(project.file("tsm.json"), to_json(tsm));
        const std::string config = project.config;
        for (const auto& entry : {std::pair("tsm/seed-1", project.file("tsm.json")),
                                  std::pair("full/seed-1", config)}) {
            INFO(entry.first);
            project.config = entry.second;
            const std::string alone = project.file(std::string("alone-") + entry.second.back());
            auto arguments = project.train(alone, {"--epochs", "2", "--overwrite"});
            *(std::find(arguments.begin(), arguments.end(), "--seed") + 1) = "1";
            REQUIRE(microdualnet(arguments).code == 0);
            const std::string run = project.run("all", entry.first);
            CHECK(state_of(last_checkpoint(run)) == state_of(last_checkpoint(alone)));
            CHECK(state_of(best_checkpoint(run)) == state_of(best_checkpoint(alone)));
            REQUIRE(microdualnet({"eval", "--weights", best_checkpoint(alone), "--data",
                                  project.data, "--json-file", alone + "/test.json"})
                        .code == 0);
            CHECK(bytes_of(run + "/test.json") == bytes_of(alone + "/test.json"));
            CHECK(fs::exists(run + "/report_data/test.json"));
        }

        // The table's figures are those of the runs.
        const Json table = Json::parse(bytes_of(project.run("all", "ablation.json")));
        for (size_t row = 0; row < 2; ++row)
            for (size_t seed = 0; seed < 2; ++seed) {
                const std::string run = all_runs[2 * seed + row];
                const Json metrics = Json::parse(bytes_of(project.run("all", run) + "/test.json"));
                CHECK(table["rows"][row]["top1"]["of_seeds"][seed].get<double>() ==
                      doctest::Approx(metrics["action"]["top1"].get<double>()));
                CHECK(table["rows"][row]["f1_mean"]["of_seeds"][seed].get<double>() ==
                      doctest::Approx(metrics["f1_mean"].get<double>()));
            }
        CHECK(table["rows"][0]["title"] == "TSM");
        CHECK(table["settings"]["epochs"] == "2");
        CHECK_FALSE(table["settings"].contains("seed"));
    }

    TEST_CASE("killed or stopped anywhere, the same command ends with the same bits and tables") {
        Project project;
        REQUIRE(microdualnet(project.ablate("straight", {"--epochs", "6"})).code == 0);
        const std::string text = project.file("text");
        const auto stopped_at = [&](const std::string& run, const std::string& mark, int signal) {
            Process process(microdualnet_command(project.ablate("killed", {"--epochs", "6"})),
                            text);
            const std::string log = log_file(project.run("killed", run));
            REQUIRE(
                process.wait_for([&] { return bytes_of(log).find(mark) != std::string::npos; }));
            process.signal(signal);
            return process.wait();
        };
        CHECK(stopped_at("full/seed-0", "\"epoch\":3,", SIGKILL).signal == SIGKILL);
        const Ended ended = stopped_at("tsm/seed-1", "\"epoch\":3,", SIGINT);
        INFO(ended.text);
        CHECK(ended.code == 130);
        CHECK(contains(ended.text, {"resumed at epoch", "stopped by SIGINT: ",
                                    " steps are saved in " + project.run("killed", "tsm/seed-1"),
                                    "the same command goes on"}));
        CHECK_FALSE(fs::exists(project.run("killed", "ablate.lock")));
        CHECK_FALSE(fs::exists(project.run("killed", "ablation.md")));
        const Ran rest = microdualnet(project.ablate("killed", {"--epochs", "6"}));
        INFO(rest.err);
        REQUIRE(rest.code == 0);
        CHECK(contains(rest.out, {"2 of 4 runs are complete", "run 3/4: TSM, seed 1"}));
        CHECK_FALSE(contains(rest.out, {"run 2/4"}));
        check_same_runs(project, "straight", "killed");
    }

    TEST_CASE("what is complete is kept, and fewer or more rows and seeds compare those") {
        Project project;
        const Ran first = microdualnet(project.ablate("all"));
        REQUIRE(first.code == 0);
        const std::string tables = bytes_of(project.run("all", "ablation.md"));
        const auto runs = [&] {
            auto times = times_of(project.file("all"));
            for (const char* name : {"ablation.md", "ablation.json", "report.html"})
                times.erase(project.run("all", name));
            return times;
        };
        const auto before = runs();
        CHECK(before.size() == 4 * 7);  // two checkpoints, log, report, test.json, two report_data
        const Ran again = microdualnet(project.ablate("all"));
        REQUIRE(again.code == 0);
        CHECK(again.out.starts_with("4 of 4 runs are complete\n\n# Ablation"));
        CHECK(bytes_of(project.run("all", "ablation.md")) == tables);
        CHECK(runs() == before);

        const Ran fewer = microdualnet(project.ablate("all", {"--rows", "full", "--seeds", "1,"}));
        REQUIRE(fewer.code == 0);
        CHECK(contains(fewer.out, {"1 of 1 runs are complete", "1 row, each with seed 1",
                                   "no spread is known"}));
        CHECK_FALSE(contains(fewer.out, {"TSM"}));
        CHECK(runs() == before);

        const Ran more = microdualnet(
            project.ablate("all", {"--rows", "full,ts,tsm", "--seeds", "0,1", "--split", "test"}));
        INFO(more.err);
        REQUIRE(more.code == 0);
        CHECK(contains(more.out, {"4 of 6 runs are complete", "run 2/6: + SEM, seed 0",
                                  "+ SEM minus TSM", "full (router) minus + SEM"}));
        for (const auto& entry : before) CHECK(runs().at(entry.first) == entry.second);
    }

    TEST_CASE("an evaluation of other weights, views or clips is made again, the training is not") {
        Project project;
        REQUIRE(microdualnet(project.ablate("all")).code == 0);
        const std::string run = project.run("all", "full/seed-1"),
                          tables = bytes_of(project.run("all", "ablation.md"));
        const auto trained = fs::last_write_time(last_checkpoint(run));
        const auto again = [&](const std::string& what) {
            INFO(what);
            const Ran ran = microdualnet(project.ablate("all"));
            CHECK(ran.code == 0);
            CHECK(contains(ran.out, {"3 of 4 runs are complete", "run 4/4: "}));
            CHECK(bytes_of(project.run("all", "ablation.md")) == tables);
            CHECK(fs::last_write_time(last_checkpoint(run)) == trained);
        };
        fs::remove(run + "/test.json");
        again("removed");
        write(run + "/report_data/test.json", "{}");
        again("damaged");
        const auto evaluate = [&](const std::vector<std::string>& how) {
            std::vector<std::string> arguments = {"eval", "--data", project.data, "--json-file",
                                                  run + "/test.json"};
            arguments.insert(arguments.end(), how.begin(), how.end());
            REQUIRE(microdualnet(arguments).code == 0);
        };
        evaluate({"--weights", best_checkpoint(run), "--clips", "2"});
        again("of two views");
        evaluate({"--weights", best_checkpoint(run), "--split", "val"});
        again("of another list");
        evaluate({"--weights", best_checkpoint(run), "--keypoint-threshold", "0.7"});
        again("of keypoints that are read otherwise");
        // By hand, as it should be: kept.
        evaluate({"--weights", best_checkpoint(run)});
        CHECK(microdualnet(project.ablate("all")).out.starts_with("4 of 4"));
        // A list that has changed concerns all runs.
        write(project.data + "/test.txt", "test_0 3 0\ntest_1 3 1\n");
        const Ran changed = microdualnet(project.ablate("all"));
        CHECK(contains(changed.out, {"0 of 4 runs are complete", "test: 2 clips"}));
        CHECK(fs::last_write_time(last_checkpoint(run)) == trained);
    }

    TEST_CASE("a run of another setting, config, dataset or beginning is refused by name") {
        Project project;
        REQUIRE(microdualnet(project.ablate("all", {"--rows", "tsm,ts", "--seeds", "1"})).code ==
                0);
        const auto before = times_of(project.file("all"));
        const std::string tsm = project.run("all", "tsm/seed-0");
        CHECK_MISTAKE(microdualnet(project.ablate("all", {"--lr", "0.5"})),
                      {tsm + " was trained with --lr 0.001, not 0.5", "another --out"});
        CHECK_MISTAKE(microdualnet(project.ablate("all", {"--epochs", "3"})),
                      {tsm + " was trained with --epochs 2, not 3"});
        std::string config = small_config_json;
        config.replace(config.find("\"head_hidden\": 8"), 16, "\"head_hidden\": 6");
        write(project.file("other.json"), config);
        CHECK_MISTAKE(microdualnet(project.ablate("all", {"--config", project.file("other.json")})),
                      {tsm + " was trained with another config: it had", "\"head_hidden\": 8"});
        // Also where the row that differs comes last, and nothing of the others is there.
        fs::remove_all(tsm);
        CHECK_MISTAKE(microdualnet(project.ablate("all", {"--lr", "0.5", "--rows", "tsm,ts"})),
                      {project.run("all", "ts/seed-0")});
        CHECK_FALSE(fs::exists(tsm));

        fs::copy(project.data, project.file("copy"), fs::copy_options::recursive);
        CHECK_MISTAKE(
            microdualnet(project.ablate("all", {"--data", project.file("copy"), "--rows", "ts"})),
            {"ts/seed-0 was trained on " + project.data, project.file("copy")});
        // Moved away, the dataset is the same.
        fs::rename(project.data, project.file("moved"));
        const Ran moved = microdualnet(project.ablate(
            "all", {"--data", project.file("moved"), "--rows", "ts", "--seeds", "1"}));
        INFO(moved.err);
        CHECK(moved.code == 0);
        CHECK(contains(moved.out, {"1 of 1 runs are complete\n\n"}));
        const std::string labels = bytes_of(project.file("moved") + "/labels.txt");
        write(project.file("moved") + "/labels.txt", "0\tnodding\n1\twaving\n2\tother\n");
        CHECK_MISTAKE(
            microdualnet(project.ablate("all", {"--data", project.file("moved"), "--rows", "ts"})),
            {"ts/seed-0 was trained on other classes"});
        for (const auto& entry : times_of(project.run("all", "ts")))
            CHECK(entry.second == before.at(entry.first));

        // As one that was trained on a GPU in another precision.
        const std::string ts = project.run("all", "ts/seed-0");
        write(project.file("moved") + "/labels.txt", labels);
        SafetensorsFile last = read_safetensors(last_checkpoint(ts));
        last.metadata["precision"] = "bf16";
        write_safetensors(last_checkpoint(ts), last.tensors, last.metadata);
        CHECK_MISTAKE(
            microdualnet(project.ablate("all", {"--data", project.file("moved"), "--rows", "ts"})),
            {ts + " was trained with --precision bf16, not f32"});
        // A run that lost a checkpoint.
        fs::remove(last_checkpoint(ts));
        CHECK_MISTAKE(
            microdualnet(project.ablate("all", {"--data", project.file("moved"), "--rows", "ts"})),
            {ts + " holds best.safetensors, but no last.safetensors"});
    }

    TEST_CASE("a list of training clips that has changed between two runs is noticed") {
        Project project;
        REQUIRE(microdualnet(project.ablate("all", {"--rows", "tsm", "--seeds", "1"})).code == 0);
        const std::string list = bytes_of(project.data + "/train.txt");
        write(project.data + "/train.txt", list.substr(0, list.rfind("train_8")));
        REQUIRE(microdualnet(project.ablate("other", {"--rows", "tsm", "--seeds", "1,"})).code ==
                0);
        fs::rename(project.run("other", "tsm/seed-1"), project.run("all", "tsm/seed-1"));
        CHECK_MISTAKE(microdualnet(project.ablate("all", {"--rows", "tsm"})),
                      {"tsm/seed-1 was trained in 8 steps", "tsm/seed-0 in 10"});
    }

    TEST_CASE("every run begins with the backbone of --init, and the rest of its own seed") {
        Project project;
        const MicroDualNet model(load_config(project.config), 33);
        const std::string weights = project.file("w.safetensors");
        write_safetensors(weights, weights_to_disk(model.parameters()));
        // A rate of 0 leaves the weights where they began.
        const std::vector<std::string> still = {"--init", weights, "--lr", "0", "--epochs", "1"};
        const Ran ran = microdualnet(project.ablate("all", still));
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        const auto trained = [&](const char* run, const char* name) {
            return read_safetensors(last_checkpoint(project.run("all", run)))
                .at(name)
                .to_vector<float>();
        };
        const SafetensorsFile given = read_safetensors(weights);
        for (const std::string& run : all_runs)
            CHECK(trained(run.c_str(), "backbone.layer3.0.conv1.weight") ==
                  given.at("backbone.layer3.0.conv1.weight").to_vector<float>());
        const char* sem = "sem.pointwise.weight";
        CHECK(trained("full/seed-0", sem) != given.at(sem).to_vector<float>());
        CHECK(trained("full/seed-0", sem) != trained("full/seed-1", sem));

        CHECK(microdualnet(project.ablate("all", still)).out.starts_with("4 of 4 runs"));
        CHECK_MISTAKE(microdualnet(project.ablate("all", {"--lr", "0", "--epochs", "1"})),
                      {"tsm/seed-0 began with the weights of an --init"});
        const MicroDualNet other(load_config(project.config), 34);
        write_safetensors(weights, weights_to_disk(other.parameters()));
        CHECK_MISTAKE(microdualnet(project.ablate("all", still)),
                      {"tsm/seed-0 began with other weights than the backbone of " + weights});
    }

    TEST_CASE("a second ablate in the folder is told, and the first goes on") {
        Project project;
        Process first(microdualnet_command(project.ablate("all", {"--epochs", "100000"})),
                      project.file("text"));
        const std::string log = log_file(project.run("all", "tsm/seed-0"));
        REQUIRE(first.wait_for([&] { return lines_in(bytes_of(log)) > 20; }));
        CHECK_MISTAKE(microdualnet(project.ablate("all", {"--epochs", "100000"})),
                      {"another ablate writes into --out " + project.file("all"),
                       "process " + std::to_string(first.id())});
        CHECK(first.runs());
        {
            // One of the last runs is trained by somebody else: told before any other is trained.
            const RunFolder held(project.run("other", "full/seed-1"), RunStart::fresh,
                                 [](const std::string& note) { FAIL_CHECK(note); });
            const Ran ran = microdualnet(project.ablate("other"));
            CHECK_MISTAKE(ran, {"another train writes into", "full/seed-1"});
            CHECK(ran.out.empty());
        }
        CHECK_FALSE(fs::exists(project.file("other")));
        first.signal(SIGTERM);
        const Ended ended = first.wait();
        CHECK(ended.code == 143);
    }

    TEST_CASE("without a validation the last checkpoint is compared") {
        Project project;
        const Ran ran = microdualnet(
            project.ablate("all", {"--val", "none", "--seeds", "1", "--rows", "full"}));
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        const std::string run = project.run("all", "full/seed-0");
        CHECK_FALSE(fs::exists(best_checkpoint(run)));
        const Json kept = Json::parse(bytes_of(run + "/report_data/test.json"));
        CHECK(kept["origin"]["weights"] == last_checkpoint(run));
        CHECK(
            microdualnet(project.ablate("all", {"--val", "none", "--seeds", "1", "--rows", "full"}))
                .out.starts_with("1 of 1"));
    }

    TEST_CASE("mistakes are named before anything is trained") {
        Project project;
        const auto told = [&](const std::vector<std::string>& more) {
            return microdualnet(project.ablate("all", more));
        };
        CHECK_MISTAKE(told({"--rows", "tsm,ful"}), {"no row 'ful'", "did you mean 'full'?"});
        CHECK_MISTAKE(told({"--rows", "ts,ts"}), {"--rows names ts twice"});
        CHECK_MISTAKE(told({"--seeds", "0"}), {"--seeds 0", "out of range"});
        CHECK_MISTAKE(told({"--seeds", "4,4"}), {"--seeds 4,4 names 4 twice"});
        CHECK_MISTAKE(told({"--seeds", "-1,2"}), {"--seeds -1,2", "out of range"});
        CHECK_MISTAKE(told({"--seeds", "few"}), {"--seeds few"});
        CHECK_MISTAKE(told({"--seed", "3"}), {"unknown option '--seed'", "'--seeds'"});
        CHECK_MISTAKE(told({"--split", "tset"}), {"--split tset", "did you mean 'test'?"});
        CHECK_MISTAKE(told({"--crops", "2"}), {"--crops must be 1 or 3"});
        std::string config = small_config_json;
        config.insert(1, R"("fusion": "mean", )");
        write(project.file("mean.json"), config);
        CHECK_MISTAKE(told({"--config", project.file("mean.json")}),
                      {"mean.json is not the whole model: its fusion", "without that key"});
        CHECK_FALSE(fs::exists(project.file("all")));
        // A folder of the last run with something else in it.
        write(project.run("all", "full/seed-1/notes.txt"), "mine");
        const Ran ran = told({});
        CHECK_MISTAKE(ran, {"full/seed-1", "not an empty folder", "notes.txt"});
        CHECK(ran.out.empty());
        CHECK(times_of(project.file("all")).size() == 1);
    }

    TEST_CASE("a row is trained with what it has for itself, and the tables say so") {
        Project project;
        const std::vector<std::string> own = {
            "--seeds",    "1",  "--row-settings", "tsm:backbone-lr=0.50,tsm:optimizer=sgd",
            "--momentum", "0.8"};
        const Ran ran = microdualnet(project.ablate("all", own));
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        const auto tsm = read_safetensors(last_checkpoint(project.run("all", "tsm/seed-0")));
        CHECK(tsm.metadata.at("backbone-lr") == "0.5");
        CHECK(tsm.metadata.at("optimizer") == "sgd");
        const auto full = read_safetensors(last_checkpoint(project.run("all", "full/seed-0")));
        CHECK(full.metadata.at("backbone-lr") == "1");
        CHECK(full.metadata.at("optimizer") == "adamw");
        CHECK(contains(ran.out, {"- TSM was trained with --backbone-lr 0.5 (not 1), --optimizer "
                                 "sgd (not adamw).\n"}));
        const Json json = Json::parse(bytes_of(project.run("all", "ablation.json")));
        CHECK(json["rows"][0]["settings"] == Json{{"backbone-lr", "0.5"}, {"optimizer", "sgd"}});
        CHECK_FALSE(json["rows"][1].contains("settings"));
        CHECK(json["settings"]["optimizer"] == "adamw");
        // The same command goes on; another is refused as one with other settings.
        CHECK(contains(microdualnet(project.ablate("all", own)).out, {"2 of 2 runs are complete"}));
        CHECK_MISTAKE(microdualnet(project.ablate("all", {"--seeds", "1"})),
                      {"tsm/seed-0 was trained with --backbone-lr 0.5, not 1"});

        const auto told = [&](const std::string& text) {
            return microdualnet(project.ablate("other", {"--row-settings", text}));
        };
        CHECK_MISTAKE(told("tsm=1"), {"'tsm=1' is not ROW:SETTING=VALUE", "tsm:backbone-lr=1"});
        CHECK_MISTAKE(told("tsn:lr=1"), {"tsn:lr=1: there is no row 'tsn'", "'tsm'"});
        CHECK_MISTAKE(told("tsm:backbonelr=1"), {"no setting", "'backbonelr'", "'backbone-lr'"});
        CHECK_MISTAKE(told("tsm:epochs=3"), {"no setting that a row may have", "'epochs'"});
        CHECK_MISTAKE(told("tsm:lr=fast"), {"--row-settings, row tsm", "'lr'", "fast"});
        CHECK_MISTAKE(told("tsm:lr=-1"), {"--row-settings, row tsm", "'lr'", "-1"});
        CHECK_MISTAKE(told("tsm:lr=1,tsm:lr=2"), {"gives tsm:lr twice"});
        // An option has to have an effect on one of the rows, and no row a rate that rises.
        const auto beside_sgd = [&](const char* option, const char* value) {
            return microdualnet(
                project.ablate("other", {"--row-settings", "tsm:optimizer=sgd", option, value}));
        };
        CHECK_MISTAKE(beside_sgd("--gamma", "0.5"), {"--gamma has no effect"});
        CHECK_MISTAKE(beside_sgd("--floor", "0.3"), {"rise from 0.001 to the --floor"});
        CHECK_MISTAKE(told("tsm:floor=0.3"), {"rise from 0.001 to the --floor"});
        CHECK_FALSE(fs::exists(project.file("other")));
    }

    TEST_CASE("a recipe in the config holds for all rows, its seed for none") {
        Project project;
        std::string config = small_config_json;
        config.insert(config.rfind('}'), R"(, "training": {"epochs": 1, "batch": 5, "seed": 9,
            "optimizer": "sgd", "lr": 0.125})");
        write(project.file("recipe.json"), config);
        const Ran ran = microdualnet({"ablate", "--data", project.data, "--config",
                                      project.file("recipe.json"), "--out", project.file("all"),
                                      "--rows", "tsm,mean", "--seeds", "1", "--lr", "0.25"});
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        for (const char* run : {"tsm/seed-0", "mean/seed-0"}) {
            const auto metadata =
                read_safetensors(last_checkpoint(project.run("all", run))).metadata;
            CHECK(metadata.at("optimizer") == "sgd");
            CHECK(metadata.at("lr") == "0.25");
            CHECK(metadata.at("batch") == "5");
            CHECK(metadata.at("seed") == "0");
            CHECK(metadata.at("position.step") == "2");
        }
    }
}
