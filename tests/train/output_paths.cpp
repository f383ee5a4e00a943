#include "train/output_paths.h"

#include "engine/files/safetensors.h"
#include "model/micro_dualnet.h"
#include "tests/train/program.h"
#include "train/checkpoints/checkpoint.h"

using namespace mdn;
using namespace mdn::test;

TEST_SUITE("train/output_paths") {
    TEST_CASE("an output is no input and no other output, however it is spelled") {
        TemporaryFolder folder;
        const auto in = [&](const std::string& name) { return (folder / name).string(); };
        write(folder / "weights", "precious");
        std::filesystem::create_symlink(in("weights"), in("link"));
        std::filesystem::create_symlink(folder.path(), in("here"));
        const auto refused = [](const std::vector<NamedPath>& outputs,
                                const std::vector<NamedPath>& inputs) {
            return error_of([&] { check_outputs(outputs, inputs); });
        };
        const NamedPath weights{"--weights", in("weights")};
        for (const char* same : {"weights", "./weights", "here/weights", "link", "no/../weights"}) {
            CAPTURE(same);
            CHECK(contains(refused({{"--report", in(same)}}, {weights}),
                           {"--report", in(same), "overwrite", "--weights"}));
        }
        // Neither of these exists yet.
        CHECK(contains(refused({{"--report", in("a")}, {"--confusion", in("here/a")}}, {}),
                       {"--report and --confusion cannot both write"}));
        CHECK(contains(refused({{"--report", in("a.partial-2")}, {"--confusion", in("a")}}, {}),
                       {"cannot both"}));
        write(folder / "b.partial-1", "precious");
        CHECK(contains(refused({{"--report", in("b")}}, {{"--weights", in("b.partial-1")}}),
                       {"overwrite"}));
        CHECK(contains(refused({{"--report", in("no/such")}}, {weights}), {"no/such"}));
        CHECK(bytes_of(folder / "b.partial-1") == "precious");

        check_outputs({{"--report", in("a")}, {"--confusion", in("c")}, {"--json-file", ""}},
                      {weights, {"--config", ""}});
        CHECK_FALSE(std::filesystem::exists(in("a")));
    }

    TEST_CASE("an output is nothing that is read of a dataset") {
        TemporaryFolder folder;
        const auto refused = [&](const std::string& output) {
            CAPTURE(output);
            const std::string file = (folder / output).string();
            const std::string error = error_of([&] {
                check_outputs({{"--report", file}}, {}, {"--data", folder.path().string()});
            });
            CHECK_MESSAGE(contains(error, {"--report " + file + " would overwrite", "--data"}),
                          error);
        };
        const auto allowed = [&](const std::string& output) {
            CAPTURE(output);
            check_outputs({{"--report", (folder / output).string()}}, {},
                          {"--data", folder.path().string()});
        };
        write(folder / "test.txt", "precious");
        write(folder / "predictions.csv", "of an earlier run");
        allowed("predictions.csv");  // though there is neither frames/ nor keypoints/
        write(folder / "frames/a/img_00001.jpg", "precious");
        write(folder / "keypoints/a/img_00001_keypoints.json", "precious");
        std::filesystem::create_symlink("test.txt", folder / "link");
        std::filesystem::create_directory_symlink("frames", folder / "pictures");
        for (const char* output :
             {"test.txt", "link", "frames/a/img_00001.jpg", "pictures/a/img_00001.jpg",
              "keypoints/a/img_00001_keypoints.json"})
            refused(output);
        for (const char* output : {"predictions.csv", "frames.csv", "frames/new.csv"})
            allowed(output);
        CHECK(bytes_of(folder / "test.txt") == "precious");
        CHECK(bytes_of(folder / "frames/a/img_00001.jpg") == "precious");
        CHECK(bytes_of(folder / "keypoints/a/img_00001_keypoints.json") == "precious");
        // A dataset is looked at only where something is to be written.
        check_outputs({{"--report", ""}}, {}, {"--data", (folder / "none").string()});
        CHECK(contains(error_of([&] {
                           check_outputs({{"--report", (folder / "x").string()}}, {},
                                         {"--data", (folder / "none").string()});
                       }),
                       {"missing dataset folder"}));
    }

    TEST_CASE("every command that writes files keeps those it reads") {
        SmallProject project;
        const std::string weights = project.file("w.safetensors"), data = project.data;
        const MicroDualNet model(load_config(project.config), 1);
        write_safetensors(weights, weights_to_disk(model.parameters()));
        const std::string before = bytes_of(weights), csv = project.file("x.csv");
        const auto run = [&](const std::string& command, const std::vector<std::string>& more) {
            std::vector<std::string> arguments = {command, "--config", project.config, "--weights",
                                                  weights};
            arguments.insert(arguments.end(), more.begin(), more.end());
            return microdualnet(arguments);
        };
        for (const char* option : {"--json-file", "--confusion", "--report"})
            CHECK_MISTAKE(run("eval", {"--data", data, option, weights}), {option, "--weights"});
        CHECK_MISTAKE(run("eval", {"--data", data, "--report", csv, "--confusion", csv}),
                      {"cannot both"});
        for (const char* option : {"--submission", "--predictions"})
            CHECK_MISTAKE(run("predict", {"--dataset", data, option, weights}),
                          {option, "--weights"});
        CHECK_MISTAKE(run("predict", {"--dataset", data, "--predictions", project.config}),
                      {"--predictions", "--config"});
        const std::string timeline = project.file("t.csv");
        std::filesystem::create_symlink(weights, timeline);
        CHECK_MISTAKE(run("predict", {"--dataset", data, "--clip", "val_0", "--window", "2",
                                      "--timeline", timeline}),
                      {"--timeline", "--weights"});
        for (const char* command : {"trace", "overfit"})
            CHECK_MISTAKE(run(command, {"--dataset", data, "--clip", "val_0", "--output", weights}),
                          {"--output", "--weights"});
        // What is read of a dataset.
        const std::string list = data + "/test.txt", labels = data + "/labels.txt",
                          frame = data + "/frames/val_0/img_00001.jpg";
        const std::string list_before = bytes_of(list), labels_before = bytes_of(labels),
                          frame_before = bytes_of(frame);
        for (const char* option : {"--json-file", "--confusion", "--report"})
            CHECK_MISTAKE(run("eval", {"--data", data, option, list}),
                          {option + (" " + list), "overwrite", "--data"});
        for (const char* option : {"--submission", "--predictions"})
            CHECK_MISTAKE(run("predict", {"--data", data, option, labels}),
                          {option + (" " + labels), "overwrite", "--dataset"});
        for (const char* command : {"trace", "overfit"})
            for (const std::string& file : {list, frame})
                CHECK_MISTAKE(
                    run(command, {"--dataset", data, "--clip", "val_0", "--output", file}),
                    {"--output " + file, "overwrite", "--dataset"});
        CHECK(bytes_of(list) == list_before);
        CHECK(bytes_of(labels) == labels_before);
        CHECK(bytes_of(frame) == frame_before);
        const std::string table = project.file("0001_light_hand.csv");
        write(table, "precious");
        CHECK_MISTAKE(run("predict", {"--frames", data + "/frames/val_0", "--keypoints", table,
                                      "--window", "2", "--timeline", table}),
                      {"--timeline " + table, "overwrite", "--keypoints"});
        CHECK(bytes_of(table) == "precious");
        const std::string folder = project.file("pose"),
                          json = folder + "/img_00001_keypoints.json";
        write(json, "precious");
        CHECK_MISTAKE(run("predict", {"--frames", data + "/frames/val_0", "--keypoints", folder,
                                      "--window", "2", "--timeline", json}),
                      {"--timeline " + json, "overwrite", "--keypoints"});
        CHECK(bytes_of(json) == "precious");

        CHECK_MISTAKE(run("bench", {"--repeats", "1", "--output", weights}),
                      {"--output", "--weights"});
        CHECK_MISTAKE(
            microdualnet({"import", weights, "--config", project.config, "--out", weights}),
            {"--out " + weights, "CHECKPOINT"});
        CHECK_MISTAKE(
            microdualnet({"import", weights, "--config", project.config, "--out", project.config}),
            {"--out " + project.config, "--config"});
        CHECK(bytes_of(weights) == before);
        CHECK(bytes_of(project.config) == small_config_json);
    }

    TEST_CASE("a run does not replace the weights that it starts from") {
        SmallProject project;
        const std::string run = project.file("run"), last = run + "/last.safetensors";
        REQUIRE(microdualnet(project.train(run, {"--epochs", "1", "--val", "none"})).code == 0);
        const std::string before = bytes_of(last);
        CHECK_MISTAKE(microdualnet(project.train(run, {"--overwrite", "--init", last})),
                      {"--out " + last, "overwrite", "--init"});
        CHECK(bytes_of(last) == before);
        CHECK(microdualnet(project.train(project.file("other"),
                                         {"--init", last, "--epochs", "1", "--val", "none"}))
                  .code == 0);
        // Nor a dataset, in whose folder no run begins.
        CHECK_MISTAKE(microdualnet(project.train(project.data, {"--overwrite"})),
                      {project.data, "not an empty folder"});
    }
}
