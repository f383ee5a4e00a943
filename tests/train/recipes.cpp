#include <nlohmann/json.hpp>

#include "engine/files/safetensors.h"
#include "tests/train/program.h"
#include "train/settings/train_settings.h"
#include "train/trainer.h"

using namespace mdn;
using namespace mdn::test;
using Json = nlohmann::json;

namespace {

Config shipped(const std::string& name) { return load_config("configs/" + name + ".json"); }

/// The keys of the model in which two configs differ.
std::map<std::string, Json> differences(const Config& from, const Config& to) {
    const Json a = Json::parse(to_json(from)), b = Json::parse(to_json(to));
    std::map<std::string, Json> changed;
    for (const auto& [key, value] : b.items())
        if (a.at(key) != value) changed[key] = value;
    return changed;
}

TrainSettings settings_in(const std::string& object) {
    TrainSettings settings;
    settings.read_json(object, "my.json");
    return settings;
}

}  // namespace

TEST_SUITE("train/recipes") {
    TEST_CASE("the training section of every config that ships is one") {
        int recipes = 0;
        for (const auto& entry : std::filesystem::directory_iterator("configs")) {
            INFO(entry.path().string());
            const std::string training = load_config(entry.path().string()).training;
            const bool paper = entry.path().filename().string().starts_with("paper-");
            CHECK((!paper || !training.empty()));
            if (training.empty()) continue;
            CHECK_NOTHROW(settings_in(training));
            ++recipes;
        }
        CHECK(recipes >= 20);
    }

    TEST_CASE("rows of the ablation differ from the whole model in what they leave out alone") {
        const std::pair<const char*, std::map<std::string, Json>> rows[] = {
            {"tsm", {{"regions", "none"}}},
            {"fixed", {{"regions", "fixed"}}},
            {"ts-fixed", {{"paths", "ts"}, {"regions", "fixed"}}},
            {"ts", {{"paths", "ts"}}},
            {"st", {{"paths", "st"}}},
            {"mean-no-mac", {{"fusion", "mean"}, {"mac_weight", 0.0}}},
            {"mean", {{"fusion", "mean"}}},
            {"no-mac", {{"mac_weight", 0.0}}},
        };
        for (const std::string full : {"paper-ma52", "paper-imigue", "tiny"})
            for (const auto& entry : rows) {
                const auto& [row, expected] = entry;
                const Config config = shipped(full + "-" + row);
                INFO(full << "-" << entry.first);
                CHECK(differences(shipped(full), config) == expected);
                CHECK(config.training == shipped(full).training);
            }
        for (const std::string full : {"paper-ma52", "paper-imigue", "tiny"}) {
            const Config rgb = shipped(full + "-rgb"), pose = shipped(full + "-pose");
            CHECK(differences(shipped(full), rgb) ==
                  std::map<std::string, Json>{{"modality", "rgb"}, {"regions", "fixed"}});
            CHECK(differences(shipped(full), pose) ==
                  std::map<std::string, Json>{{"modality", "pose"}});
            CHECK(rgb.training == shipped(full).training);
            CHECK(pose.training == shipped(full).training);
        }
        CHECK(shipped("paper-imigue").entity_count() == 5);
        CHECK(shipped("demo-no-mac").training == shipped("demo").training);
        // Alone, the backbone learns better at its own rate.
        Json demo = Json::parse(shipped("demo").training);
        Json baseline = Json::parse(shipped("demo-tsm").training);
        CHECK(demo.erase("backbone-lr") == 1);
        CHECK(demo.erase("lr") == 1);
        CHECK(baseline.erase("lr") == 1);
        CHECK(demo == baseline);
    }

    TEST_CASE("the recipe of the paper's data sets is the published one of the TSM family") {
        const TrainSettings s = settings_in(shipped("paper-ma52-tsm").training);
        CHECK(s.optimizer == OptimizerKind::sgd);
        CHECK(s.lr == 0.00125);
        CHECK(s.batch == 10);
        CHECK(s.epochs == 80);
        CHECK(s.schedule == ScheduleKind::step);
        CHECK(s.milestones == std::vector<int64_t>{30, 60});
        CHECK(s.gamma == 0.1);
        CHECK(s.momentum == 0.9);
        CHECK(s.weight_decay == 1e-4);
        CHECK(s.clip == 20);
        CHECK(s.classifier_lr == 5);
        CHECK(s.bias_lr == 2);
    }

    TEST_CASE("a training section sets what it names, each kind of value") {
        const TrainSettings s = settings_in(
            R"({"epochs": 7, "lr": 3, "weight-decay": 1e-3, "optimizer": "sgd", "milestones": [2, 5],
                "sampler": "balanced", "val": "none"})");
        CHECK(s.epochs == 7);
        CHECK(s.lr == 3);
        CHECK(s.weight_decay == 1e-3);
        CHECK(s.optimizer == OptimizerKind::sgd);
        CHECK(s.milestones == std::vector<int64_t>{2, 5});
        CHECK(s.sampler == Order::balanced);
        CHECK_FALSE(s.validates());
        CHECK(s.batch == TrainSettings().batch);
    }

    TEST_CASE("mistakes in a training section are named with file and key") {
        const auto refused = [](const std::string& object, const std::string& part) {
            const std::string message = error_of([&] { settings_in(object); });
            CHECK_MESSAGE(contains(message, {"my.json: ", part}), message);
        };
        refused(R"({"lrr": 1})", "unknown key 'training.lrr'");
        refused(R"({"lrr": 1})", "weight-decay");  // the hint
        refused(R"({"weight_decay": 1})", "unknown key 'training.weight_decay'");
        refused(R"({"epochs": "7"})", "training.epochs must be an integer, not string");
        refused(R"({"epochs": 7.5})", "training.epochs must be an integer, not 7.5");
        refused(R"({"epochs": 0})", "training.epochs must be from 1 to 1000000, not 0");
        refused(R"({"seed": 18446744073709551615})", "training.seed must be from 0 to");
        refused(R"({"lr": [1]})", "training.lr must be a number, not array");
        refused(R"({"lr": -1})", "training.lr must be from 0 to");
        refused(R"({"label-smoothing": 1})", "training.label-smoothing must be from 0 to 0.99");
        refused(R"({"milestones": 3})", "training.milestones must be a list of integers");
        refused(R"({"milestones": [3, 0]})", "training.milestones[1] must be from 1");
        refused(R"({"milestones": [3.5]})", "training.milestones[0] must be an integer, not 3.5");
        refused(R"({"optimizer": "adam"})",
                R"(training.optimizer must be one of sgd, adamw, not "adam")");
        refused(R"({"val": 1})", "training.val must be a name, not number");
        CHECK(contains(error_of([] { parse_config(R"({"training": 3})", "my.json"); }),
                       {"my.json: training must be an object, not number"}));
        CHECK(contains(
            error_of([] { parse_config(R"({"training": {"lr": 1, "lr": 2}})", "my.json"); }),
            {"my.json: duplicate key 'lr'"}));
    }

    TEST_CASE("train takes its settings from the config, what is given on the command line first") {
        SmallProject project;
        std::string text = small_config_json;
        text.insert(text.rfind('}'), R"(, "training": {"epochs": 2, "lr": 0.25, "batch": 5,
            "momentum": 0.5, "optimizer": "sgd", "schedule": "constant", "bias-lr": 2})");
        const std::string config = project.file("recipe.json"), run = project.file("run");
        write(config, text);
        const Ran ran = microdualnet({"train", "--config", config, "--data", project.data, "--out",
                                      run, "--lr", "0.001", "--momentum", "0.9"});
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        CHECK(contains(ran.out, {"epoch 2/2", "learning rates: biases x2\n"}));
        const auto stored = [&] {
            const SafetensorsFile file = read_safetensors(last_checkpoint(run));
            return TrainSettings::from_text(file.metadata, "the run");
        };
        CHECK(stored().lr == 0.001);
        CHECK(stored().momentum == 0.9);  // given, though it is also the default
        CHECK(stored().batch == 5);
        CHECK(stored().optimizer == OptimizerKind::sgd);
        CHECK(stored().bias_lr == 2);
        CHECK(stored().weight_decay == TrainSettings().weight_decay);

        // A run that goes on keeps its settings, whatever the file says by now.
        text.replace(text.find("\"lr\": 0.25"), 10, "\"lr\": 0.75");
        write(config, text);
        const Ran more =
            microdualnet({"train", "--config", config, "--resume", "--out", run, "--epochs", "3"});
        INFO(more.err);
        REQUIRE(more.code == 0);
        CHECK(contains(more.out, {"epoch 3/3"}));
        CHECK(stored().lr == 0.001);

        // Other commands have no use for it; a mistake in it is train's to report.
        text.replace(text.find("\"lr\""), 4, "\"lrr\"");
        write(config, text);
        CHECK(microdualnet({"summary", "--config", config}).code == 0);
        CHECK_MISTAKE(microdualnet({"train", "--config", config, "--data", project.data, "--out",
                                    project.file("other")}),
                      {"recipe.json: unknown key 'training.lrr'"});
    }
}
