#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "engine/files/safetensors.h"
#include "tests/train/program.h"
#include "train/checkpoints/checkpoint.h"
#include "train/load_model.h"
#include "train/trainer.h"
#include "train/version.h"

using namespace mdn;
using namespace mdn::test;

TEST_SUITE("train/commands/run_command") {
    TEST_CASE("help explains every command and exits with 0") {
        const Ran help = microdualnet({"--help"});
        CHECK(help.code == 0);
        for (const char* command : {"synth", "keypoints", "lists", "check", "import", "train",
                                    "ablate", "eval", "predict", "explain", "trace", "overfit",
                                    "report", "compare", "export", "graph", "summary", "bench"}) {
            CHECK(contains(help.out, {command}));
            const Ran own = microdualnet({command, "--help"});
            CHECK(own.code == 0);
            CHECK(own.err.empty());
            CHECK(contains(own.out, {"Usage: microdualnet ", "Example: microdualnet "}));
            CHECK(microdualnet({"help", command}).out == own.out);
        }
        CHECK(microdualnet({"help"}).out == help.out);
        CHECK_MISTAKE(microdualnet({"help", "trian"}), {"unknown command 'trian'", "'train'"});
        CHECK(
            contains(microdualnet({"train", "--help"}).out, {"--lr", "0.001", "--resume", "MiB"}));
    }

    TEST_CASE("help marks what each command cannot do without") {
        using Rows = std::vector<std::string>;
        const std::pair<const char*, Rows> required[] = {
            {"synth", {"--out"}},
            {"keypoints", {"SOURCE", "--out"}},
            {"lists", {"DATASET"}},
            {"check", {"DATASET"}},
            {"import", {"CHECKPOINT", "--out", "--config", "--preset"}},
            {"export", {"--weights", "--onnx"}},
            {"train", {"--data", "--out", "--config", "--preset"}},
            {"ablate", {"--data", "--out", "--config", "--preset"}},
            {"eval", {"--weights", "--data"}},
            {"predict",
             {"--weights", "--dataset", "--frames", "--keypoints", "--clip", "--submission",
              "--predictions"}},
            {"explain", {"CLIP_DIR", "--weights"}},
            {"trace", {"--input", "--dataset", "--clip"}},
            {"graph", {"--clip"}},
            {"overfit", {"--weights", "--input", "--dataset", "--clip"}},
            {"summary", {}},
            {"compare", {"--runs"}},
            {"bench", {}}};
        for (const auto& of_command : required) {
            const auto& [command, expected] = of_command;
            const std::string help = microdualnet({command, "--help"}).out;
            Rows marked;
            std::string name;  // of the option whose help the line belongs to
            std::istringstream lines(help);
            for (std::string line; std::getline(lines, line);) {
                const bool begins = line.starts_with("  ") && line.size() > 2 && line[2] != ' ';
                if (begins) name = line.substr(2, line.find_first_of(", ", 2) - 2);
                if (line.find("REQUIRED") != std::string::npos) marked.push_back(name);
            }
            INFO(of_command.first);
            INFO(help);
            CHECK(std::set<std::string>(marked.begin(), marked.end()) ==
                  std::set<std::string>(expected.begin(), expected.end()));
        }
        CHECK(contains(microdualnet({"train", "--help"}).out,
                       {"Usage: microdualnet train --out DIR [OPTIONS]\n", "unless"}));
    }

    TEST_CASE("the version says how the program was built, and CITATION.cff agrees with it") {
        const Ran ran = microdualnet({"--version"});
        CHECK(ran.code == 0);
        CHECK(ran.out.starts_with(std::string("microdualnet ") + program_version + "\n"));
        CHECK(contains(ran.out, {"compiler: ", "CPU kernels: ", "CUDA: "}));
        CHECK(contains(bytes_of("CITATION.cff"),
                       {std::string("\nversion: ") + program_version + "\n"}));
    }

    TEST_CASE("names that are nearly right are suggested") {
        CHECK_MISTAKE(microdualnet({"trian"}),
                      {"unknown command 'trian'", "did you mean 'train'?"});
        CHECK_MISTAKE(microdualnet({"train", "--out", "x", "--epoch", "3"}),
                      {"unknown option '--epoch'", "did you mean '--epochs'?"});
        CHECK_MISTAKE(microdualnet({"summary", "--preset", "tinny"}),
                      {"--preset has no choice 'tinny'", "did you mean 'tiny'?"});
        SmallProject project;
        CHECK_MISTAKE(microdualnet({"eval", "--weights", project.config, "--data", project.data,
                                    "--split", "tset"}),
                      {"--split tset: ", "no such list", "did you mean 'test'?"});
        CHECK_MISTAKE(microdualnet(project.train(project.file("run"), {"--val", "non"})),
                      {"--val non: ", "did you mean 'none'?"});
        write(project.file("c.json"), R"({"preset": "tinny"})");
        CHECK_MISTAKE(microdualnet({"summary", "--config", project.file("c.json")}),
                      {"c.json", "did you mean 'tiny'?"});
        CHECK_MISTAKE(microdualnet({"--verison"}), {"did you mean '--version'?"});
        CHECK_MISTAKE(microdualnet({"--data", "d", "train"}), {"'--data'", "command comes first"});
        write(project.file("c.json"), R"({"preset": "tiny", "training": {"epohs": 3}})");
        CHECK_MISTAKE(microdualnet({"train", "--config", project.file("c.json"), "--data",
                                    project.data, "--out", project.file("run")}),
                      {"'training.epohs'", "did you mean 'epochs'?"});
        write(project.file("c.json"), R"({"clases": 3})");
        CHECK_MISTAKE(microdualnet({"summary", "--config", project.file("c.json")}),
                      {"c.json", "did you mean 'classes'?"});
    }

    TEST_CASE("mistakes on the command line end in a message, a hint and exit code 2") {
        // Who types the name alone sees what there is.
        CHECK_MISTAKE(microdualnet({}), {"no command", "hint: ", "Commands:", "render a dataset"});
        CHECK_MISTAKE(microdualnet({"dance"}), {"unknown command 'dance'", "hint: "});
        CHECK_MISTAKE(microdualnet({"train", "--out", "x", "--lrr", "1"}),
                      {"--lrr", "train --help"});
        CHECK_MISTAKE(microdualnet({"train", "--out", "x", "--lr", "fast"}), {"--lr", "fast"});
        CHECK_MISTAKE(microdualnet({"train", "--out", "x", "--lr", "nan"}), {"--lr", "nan"});
        CHECK_MISTAKE(microdualnet({"train", "--out", "x", "--batch", "0"}),
                      {"--batch must be from 1 to 4096, not 0"});
        CHECK_MISTAKE(microdualnet({"train", "--out", "x", "--milestones", "3,0"}),
                      {"--milestones", "not 0"});
        CHECK_MISTAKE(microdualnet({"train", "--out", "x", "--optimizer", "adam"}),
                      {"--optimizer has no choice 'adam'", "sgd|adamw"});
        CHECK_MISTAKE(microdualnet({"train", "--preset", "tiny"}), {"--out"});
        CHECK_MISTAKE(microdualnet({"train", "--preset", "tiny", "--out", "x"}), {"--data"});
        CHECK_MISTAKE(microdualnet({"summary", "--preset", "huge"}), {"huge", "tiny"});
        CHECK_MISTAKE(microdualnet({"summary", "--preset", "tiny", "--config", "tests"}), {"both"});
        CHECK_MISTAKE(microdualnet({"summary", "--config", "no/such.json"}), {"no/such.json"});
        const TemporaryFolder folder;
        CHECK_MISTAKE(microdualnet({"summary", "--config", folder.path().string()}), {"folder"});
        CHECK_MISTAKE(microdualnet({"eval", "--data", "no/such", "--weights", "no.safetensors"}),
                      {"no.safetensors"});
        CHECK_MISTAKE(microdualnet({"synth", "--out", "x", "--subjects", "2"}), {"--subjects"});
    }

    TEST_CASE("a device that this build does not have is refused") {
        SmallProject project;
        const std::string weights = project.file("w.safetensors");
        const MicroDualNet model(load_config(project.config), 1);
        write_safetensors(weights, weights_to_disk(model.parameters()));
        try {
            kernels(Device::cuda);
        } catch (const Error&) {
            CHECK_MISTAKE(
                microdualnet({"predict", "--config", project.config, "--weights", weights,
                              "--dataset", project.data, "--clip", "val_0", "--device", "cuda"}),
                {"CUDA"});
        }
    }

    TEST_CASE("summary prints the published size of the backbone, and memory, without a model") {
        const Ran ran = microdualnet({"summary", "--batch", "2"});
        REQUIRE(ran.code == 0);
        CHECK(contains(ran.out, {"backbone.layer3.22", "[8, 7, 7, 2048]", "TSM-R101", "42.6 M",
                                 "step of 2 clips", "peak", "GiB"}));
        CHECK(contains(microdualnet({"summary", "--preset", "tiny"}).out, {"router", "total"}));
        CHECK(contains(ran.out, {"2 clips in float32"}));
        CHECK(contains(microdualnet({"summary", "--batch", "2", "--precision", "bf16"}).out,
                       {"2 clips in bfloat16"}));
    }

    TEST_CASE("eval and predict read a run's checkpoint: tables, JSON, CSV") {
        SmallProject project;
        const std::string run = project.file("run"), csv = project.file("confusion.csv"),
                          json = project.file("metrics.json");
        REQUIRE(microdualnet(project.train(run, {"--epochs", "1"})).code == 0);
        const std::string weights = best_checkpoint(run);

        const Ran table = microdualnet({"eval", "--weights", weights, "--data", project.data,
                                        "--confusion", csv, "--json-file", json, "--batch", "2"});
        INFO(table.err);
        REQUIRE(table.code == 0);
        CHECK(contains(table.out, {"3 clips", "Top-1", "F1mean", "nodding", "left_hand"}));
        CHECK(contains(bytes_of(run + "/report.html"), {"run (val)", "left_hand"}));
        CHECK(bytes_of(csv).starts_with("truth,nodding,waving,shaking head\n"));
        const Ran object = microdualnet(
            {"eval", "--weights", weights, "--data", project.data, "--json", "--batch", "1"});
        // The batch does not change what is said, and stdout holds the object only.
        CHECK(object.out.starts_with("{"));
        CHECK(contains(object.out, {"\"f1_macro\"", "\"alpha_st\"", "\"confusion\""}));
        CHECK(contains(bytes_of(json), {"\"f1_macro\"", "\"alpha_st\""}));
        const Ran views = microdualnet({"eval", "--weights", weights, "--data", project.data,
                                        "--split", "val", "--clips", "2", "--crops", "3"});
        CHECK(views.code == 0);
        CHECK_MISTAKE(
            microdualnet({"eval", "--weights", weights, "--data", project.data, "--crops", "2"}),
            {"--crops must be 1 or 3, not 2"});

        const Ran text = microdualnet(
            {"predict", "--weights", weights, "--dataset", project.data, "--clip", "test_1"});
        REQUIRE(text.code == 0);
        CHECK(contains(text.out, {"test_1", "%", "waving", "face", "left_hand"}));
        const Ran listed = microdualnet({"predict", "--weights", weights, "--dataset", project.data,
                                         "--clip", "test_1", "--json"});
        const Ran folders = microdualnet({"predict", "--weights", weights, "--frames",
                                          project.data + "/frames/test_1/", "--keypoints",
                                          project.data + "/keypoints/test_1", "--json"});
        CHECK(contains(listed.out,
                       {"\"probability\"", "\"waving\"", "\"st\"", "\"clip\": \"test_1\""}));
        CHECK(listed.out == folders.out);

        CHECK_MISTAKE(microdualnet({"predict", "--weights", weights, "--frames",
                                    project.data + "/frames/test_1"}),
                      {"needs keypoints"});
        // A folder's name may be any bytes: JSON can still be printed, and parsed.
        const std::string odd = project.data + "/frames/b\xE9";
        std::filesystem::copy(project.data + "/frames/test_1", odd);
        const Ran renamed =
            microdualnet({"predict", "--weights", weights, "--frames", odd, "--keypoints",
                          project.data + "/keypoints/test_1", "--json"});
        CHECK(renamed.code == 0);
        CHECK(contains(renamed.out, {"\"clip\": \"b\xEF\xBF\xBD\""}));
        // Where nothing can be written is said before the work.
        const Ran nowhere = microdualnet({"eval", "--weights", weights, "--data", project.data,
                                          "--json-file", project.file("no/such.json")});
        CHECK_MISTAKE(nowhere, {"no/such.json"});
        CHECK(nowhere.out.empty());
        CHECK_MISTAKE(microdualnet({"predict", "--weights", weights}), {"--frames"});
        CHECK_MISTAKE(microdualnet({"predict", "--weights", weights, "--dataset", project.data,
                                    "--clip", "test_9"}),
                      {"test_9"});
        CHECK_FALSE(contains(table.out + table.err, {"another config"}));
        const std::string other = project.file("other.json");
        write(other, std::string(small_config_json).insert(1, "\"fusion\": \"mean\", "));
        const Ran differs =
            microdualnet({"eval", "--weights", weights, "--data", project.data, "--config", other});
        CHECK(differs.code == 0);
        CHECK(contains(differs.out + differs.err,
                       {"warning", "another config", "\"router\"", "\"mean\""}));
        CHECK_MISTAKE(microdualnet({"eval", "--weights", weights, "--data", project.data,
                                    "--preset", "tiny"}),
                      {"'backbone.conv1.weight'", "[8, 3, 7, 7]", "[16, 3, 7, 7]"});
        write(project.data + "/labels.txt", "0\ta\n1\tb\n");
        CHECK_MISTAKE(microdualnet({"eval", "--weights", weights, "--data", project.data}),
                      {"3 classes", "names 2"});
    }

    TEST_CASE("synth renders a dataset that trains") {
        TemporaryFolder folder;
        const std::string out = (folder / "data").string();
        const Ran ran =
            microdualnet({"synth", "--out", out, "--subjects", "3", "--clips-per-class", "1",
                          "--size", "32", "--min-frames", "2", "--max-frames", "2"});
        REQUIRE(ran.code == 0);
        CHECK(contains(ran.out, {"16 clips", "train: 1 person,", "test: 1 person,"}));
        CHECK(read_class_names(out).count() == 16);
        CHECK_MISTAKE(microdualnet({"synth", "--out", out}), {out});
    }

    TEST_CASE("bench prints one line of JSON and the logits of the given input") {
        TemporaryFolder folder;
        const std::string output = (folder / "logits.safetensors").string();
        const Ran ran = microdualnet({"bench", "--config", "tests/golden/basic/config.json",
                                      "--weights", "tests/golden/basic/weights.safetensors",
                                      "--input", "tests/golden/basic/input.safetensors", "--output",
                                      output, "--mode", "train", "--repeats", "1", "--json"});
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        CHECK(
            contains(ran.out, {"\"median_s\":", "\"gflops\":", "\"peak_rss_mib\":", "\"train\""}));
        const auto expected =
            read_safetensors("tests/golden/basic/expected_eval.safetensors").at("logits");
        const auto logits = read_safetensors(output).at("logits");
        for (int64_t i = 0; i < expected.numel(); ++i)
            CHECK(logits.data<float>()[i] ==
                  doctest::Approx(expected.data<float>()[i]).epsilon(1e-3));
    }
}
