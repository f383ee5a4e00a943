#include "train/settings/reading_settings.h"

#include "data/keypoints/openpose.h"
#include "engine/files/safetensors.h"
#include "model/micro_dualnet.h"
#include "tests/train/program.h"
#include "train/checkpoints/checkpoint.h"
#include "train/settings/train_settings.h"

namespace mdn::test {

namespace {

/// The settings that `arguments` leave of a run with `metadata`.
ReadingSettings settings_of(const std::vector<std::string>& arguments,
                            const std::map<std::string, std::string>& metadata) {
    CommandLine options("test", "", "");
    ReadingSettings settings;
    settings.declare(options);
    options.parse(arguments);
    return settings.as_trained(options, metadata, "w.safetensors");
}

}  // namespace

TEST_SUITE("train/settings/reading_settings") {
    TEST_CASE("what is given comes first, then the run's, then the defaults") {
        TrainSettings run;
        run.reading = {.layout = KeypointLayout::body25b,
                       .scale = KeypointScale::unit,
                       .size = "1080x1296",
                       .fill = 3,
                       .smooth = 2};
        const auto metadata = run.to_text();
        const ReadingSettings trained = settings_of({}, metadata);
        CHECK(trained.layout == KeypointLayout::body25b);
        CHECK(trained.scale == KeypointScale::unit);
        CHECK(trained.size == "1080x1296");
        CHECK(trained.fill == 3);
        CHECK(trained.smooth == 2);
        const ReadingSettings mixed =
            settings_of({"--keypoint-scale", "pixels", "--keypoint-smooth", "0"}, metadata);
        CHECK(mixed.scale == KeypointScale::pixels);
        CHECK(mixed.smooth == 0);
        CHECK(mixed.fill == 3);
        // Weights of another origin say nothing.
        CHECK(settings_of({}, {}).scale == KeypointScale::automatic);
        CHECK(settings_of({"--keypoint-fill", "4"}, {{"epochs", "3"}}).fill == 4);
        CHECK(contains(error_of([] {
                           settings_of({}, {{"keypoint-scale", "inches"}});
                       }),
                       {"w.safetensors", "keypoint-scale", "inches"}));
        // A run that is resumed has them too.
        CHECK(TrainSettings::from_text(metadata, "w").reading.size == "1080x1296");
    }

    TEST_CASE("every command that reads clips reads keypoints as the run did, or as it is told") {
        SmallProject project;
        // As a run over the original videos would have left them: 4 times as far as the frames.
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(project.data + "/keypoints")) {
            if (!entry.is_regular_file()) continue;
            std::vector<Pose> people = read_openpose(entry.path());
            for (Joint& joint : people[0]) joint = {4 * joint.x, 4 * joint.y, joint.confidence};
            write(entry.path(), openpose_json(people));
        }
        CHECK_MISTAKE(microdualnet(project.train(project.file("none"), {"--epochs", "1"})),
                      {"outside its frames of 40x36", "--keypoint-size"});
        for (const bool quick : {false, true}) {
            std::vector<std::string> check = {"check", project.data, "--config", project.config};
            if (quick) check.push_back("--quick");
            Ran checked = microdualnet(check);
            CHECK(checked.code == 2);
            CHECK(contains(checked.out, {"outside its frames of 40x36", "--keypoint-size"}));
            check.insert(check.end(), {"--keypoint-size", "160x144"});
            checked = microdualnet(check);
            INFO(checked.out);
            CHECK(checked.code == 0);
        }
        const std::string run = project.file("run"), weights = run + "/last.safetensors";
        const Ran trained =
            microdualnet(project.train(run, {"--epochs", "1", "--keypoint-size", "160x144"}));
        INFO(trained.err);
        REQUIRE(trained.code == 0);
        const std::string traced = project.file("trace.safetensors");
        const std::vector<std::vector<std::string>> commands = {
            {"eval", "--weights", weights, "--data", project.data, "--split", "val"},
            {"predict", "--weights", weights, "--dataset", project.data, "--clip", "val_0"},
            {"trace", "--weights", weights, "--dataset", project.data, "--clip", "val_0",
             "--output", traced},
            {"overfit", "--weights", weights, "--dataset", project.data, "--clip", "val_0",
             "--steps", "1"}};
        for (std::vector<std::string> command : commands) {
            CAPTURE(command[0]);
            CHECK(microdualnet(command).code == 0);
            command.insert(command.end(), {"--keypoint-size", "frames"});
            CHECK_MISTAKE(microdualnet(command), {"outside its frames", "val_0"});
        }
    }

    TEST_CASE("options that would have no effect are refused") {
        SmallProject project;
        const std::string weights = project.file("w.safetensors"),
                          output = project.file("out.safetensors");
        const MicroDualNet model(load_config(project.config), 1);
        write_safetensors(weights, weights_to_disk(model.parameters()));
        const auto refused = [&](std::vector<std::string> arguments,
                                 const std::vector<std::string>& words) {
            CHECK_MISTAKE(microdualnet(arguments), words);
        };
        refused({"trace", "--config", project.config, "--weights", weights, "--input", weights,
                 "--output", output, "--keypoint-fill", "2"},
                {"--keypoint-fill has no effect", "--dataset"});
        refused({"overfit", "--config", project.config, "--weights", weights, "--input", weights,
                 "--keypoint-size", "8x8"},
                {"--keypoint-size has no effect", "--dataset"});

        std::string fixed = small_config_json;
        fixed.replace(fixed.rfind('}'), 1, ", \"regions\": \"fixed\"}");
        const std::string keypoints_used = project.config;
        project.config = project.file("fixed.json");
        write(project.config, fixed);
        refused(project.train(project.file("run"), {"--keypoint-smooth", "2"}),
                {"--keypoint-smooth has no effect", "reads no keypoints"});
        CHECK_FALSE(std::filesystem::exists(project.file("run")));
        // A recipe may be shared by models with keypoints and without.
        fixed.replace(fixed.rfind('}'), 1, ", \"training\": {\"keypoint-smooth\": 2}}");
        write(project.config, fixed);
        CHECK(microdualnet(project.train(project.file("run"), {"--epochs", "1"})).code == 0);

        // The same of a model that is there already, whatever is done with it.
        const std::string rgb_weights = project.file("run/last.safetensors"),
                          frames = project.data + "/frames/val_0",
                          keypoints = project.data + "/keypoints/val_0";
        const std::vector<std::vector<std::string>> commands = {
            {"eval", "--data", project.data, "--split", "val"},
            {"predict", "--dataset", project.data, "--clip", "val_0"},
            {"predict", "--dataset", project.data, "--predictions", project.file("p.csv")},
            {"predict", "--frames", frames},
            {"trace", "--dataset", project.data, "--clip", "val_0", "--output", output},
            {"overfit", "--dataset", project.data, "--clip", "val_0", "--steps", "1"}};
        for (std::vector<std::string> command : commands) {
            CAPTURE(command[0]);
            command.insert(command.end(), {"--weights", rgb_weights});
            CHECK(microdualnet(command).code == 0);
            command.insert(command.end(), {"--keypoint-scale", "unit"});
            refused(command, {"--keypoint-scale has no effect: this model reads no keypoints"});
        }
        refused({"check", project.data, "--config", project.config, "--keypoint-fill", "1"},
                {"--keypoint-fill has no effect: this model reads no keypoints"});
        for (const auto& more : {std::vector<std::string>{}, {"--window", "2"}}) {
            std::vector<std::string> command = {"predict", "--weights",   rgb_weights, "--frames",
                                                frames,    "--keypoints", keypoints};
            command.insert(command.end(), more.begin(), more.end());
            refused(command, {"--keypoints has no effect: this model reads no keypoints"});
        }
        std::filesystem::remove(project.file("p.csv"));

        const std::vector<std::string> predict = {
            "predict", "--config", keypoints_used, "--weights", weights, "--dataset", project.data};
        const std::string csv = project.file("p.csv"), zip = project.file("p.zip");
        const auto predicts = [&](const std::vector<std::string>& more,
                                  const std::vector<std::string>& words) {
            std::vector<std::string> arguments = predict;
            arguments.insert(arguments.end(), more.begin(), more.end());
            refused(arguments, words);
        };
        predicts({"--clip", "val_0", "--keypoints", project.data + "/keypoints/val_1"},
                 {"--keypoints is for"});
        predicts({"--split", "val", "--predictions", csv, "--json"}, {"--json is for"});
        predicts({"--submission", zip, "--top", "3"}, {"--top is for", "--predictions"});
        predicts({"--clip", "val_0", "--window", "2", "--top", "3"}, {"--top is for", "timeline"});
        CHECK_FALSE(std::filesystem::exists(csv));
    }

    TEST_CASE("the picture's size") {
        ReadingSettings settings;
        CHECK_FALSE(settings.keypoint_options().picture);
        settings.size = "1080x1296";
        CHECK(settings.keypoint_options().picture->width == 1080);
        CHECK(settings.keypoint_options().picture->height == 1296);
        for (const char* bad : {"", "1080", "1080x", "x1296", "1080X1296", "0x5", "5x-1",
                                "1080x1296 ", "99999999999999999999x3", "5x10000000"}) {
            CAPTURE(bad);
            settings.size = bad;
            CHECK(contains(error_of([&] { settings.keypoint_options(); }),
                           {"--keypoint-size", "1080x1296"}));
        }
    }
}

}  // namespace mdn::test
