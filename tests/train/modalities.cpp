// Models that look at keypoints alone, or at frames alone, with nothing else on disk.
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/files/safetensors.h"
#include "engine/random.h"
#include "tests/engine/gradient_check.h"
#include "tests/train/program.h"
#include "train/checkpoints/checkpoint.h"
#include "train/trainer.h"

using namespace mdn;
using namespace mdn::test;

namespace {

const char* pose_config = R"({
 "modality": "pose", "classes": 3, "frames": 4,
 "entities": ["head", "left_hand", "right_hand"], "dim": 16, "heads": 2, "layers": 1,
 "router_hidden": 4, "head_hidden": 16, "dropout": 0, "head_dropout": 0})";

/// A figure anywhere and of any size that nods, waves or keeps still, and trembles a little.
void write_keypoints(const std::filesystem::path& folder, int64_t label, Random& random) {
    const double height = random.uniform(80, 800), x = random.uniform(0, 1000),
                 y = random.uniform(0, 500), phase = random.uniform(0, 6.28);
    for (int t = 0; t < 8; ++t) {
        Pose pose = standing_figure(x, y, height);
        const double swing = 0.2 * height * std::sin(1.5 * t + phase);
        for (const Body25 joint : {nose, right_eye, left_eye, right_ear, left_ear})
            pose[joint].y += label == 0 ? swing : 0;
        for (const Body25 joint : {right_wrist, left_wrist})
            pose[joint].x += label == 1 ? swing : 0;
        for (Joint& joint : pose) {
            joint.x += 0.005 * height * random.normal();
            joint.y += 0.005 * height * random.normal();
        }
        char name[64];
        std::snprintf(name, sizeof name, "%s_%012d_keypoints.json",
                      folder.filename().string().c_str(), t);
        write(folder / name, openpose_json({pose}));
    }
}

/// A dataset without a frames folder.
struct KeypointProject : TemporaryFolder {
    std::string config = (*this / "config.json").string();
    std::string data = (*this / "data").string();

    KeypointProject() {
        write(config, pose_config);
        write(data + "/labels.txt", "0\tnodding\n1\twaving\n2\tkeeping still\n");
        Random random(1);
        for (const auto& [split, clips] : {std::pair("train", 36), {"val", 12}, {"test", 12}}) {
            std::string list;
            for (int i = 0; i < clips; ++i) {
                const std::string name = std::string(split) + std::to_string(i);
                write_keypoints(*this / ("data/keypoints/" + name), i % 3, random);
                list += name + " 8 " + std::to_string(i % 3) + "\n";
            }
            write(data + "/" + split + ".txt", list);
        }
    }

    std::string file(const std::string& name) const { return (*this / name).string(); }

    std::vector<std::string> train(const std::string& out,
                                   const std::vector<std::string>& more) const {
        std::vector<std::string> arguments = {"train", "--data",  data,        "--config", config,
                                              "--out", file(out), "--threads", "2",        "--seed",
                                              "3",     "--batch", "6"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
};

}  // namespace

TEST_SUITE("train/modalities") {
    TEST_CASE("keypoint files alone train, evaluate, predict and trace") {
        KeypointProject project;
        const Ran trained = microdualnet(
            project.train("run", {"--epochs", "60", "--lr", "3e-3", "--val-every", "60"}));
        INFO(trained.out << trained.err);
        REQUIRE(trained.code == 0);
        const std::string weights = project.file("run/last.safetensors");
        const Ran evaluated = microdualnet(
            {"eval", "--weights", weights, "--data", project.data, "--split", "test", "--json"});
        REQUIRE(evaluated.code == 0);
        // A third by chance.
        CHECK(nlohmann::json::parse(evaluated.out)["action"]["top1"].get<double>() > 85);

        const std::string folder = project.data + "/keypoints/test1";
        const Ran listed = microdualnet({"predict", "--weights", weights, "--dataset", project.data,
                                         "--clip", "test1", "--json"});
        const Ran alone =
            microdualnet({"predict", "--weights", weights, "--keypoints", folder, "--json"});
        INFO(alone.err);
        REQUIRE(alone.code == 0);
        CHECK(alone.out == listed.out);
        CHECK(contains(alone.out, {"\"clip\": \"test1\"", "waving", "left_hand"}));

        const std::string output = project.file("out.safetensors");
        REQUIRE(microdualnet({"trace", "--weights", weights, "--dataset", project.data, "--clip",
                              "test1", "--output", output, "--grads"})
                    .code == 0);
        const SafetensorsFile traced = read_safetensors(output);
        CHECK(traced.at("joints").shape() == Shape{1, 4, 3, 12, 3});
        CHECK(traced.find("grad.pose.fc1_weight").shape() == Shape{3, 16, 36});
        for (const char* absent : {"frames", "boxes", "features", "f_cnn"})
            CHECK_FALSE(traced.find(absent).defined());
        const std::string input = project.file("in.safetensors");
        write_safetensors(input, {{"joints", traced.at("joints")}});
        REQUIRE(microdualnet({"trace", "--weights", weights, "--input", input, "--output",
                              project.file("again.safetensors")})
                    .code == 0);
        CHECK(test::relative_error(read_safetensors(project.file("again.safetensors")).at("logits"),
                                   traced.at("logits")) < 1e-6);
    }

    TEST_CASE("what is wrong with keypoints or options is said") {
        KeypointProject project;
        REQUIRE(microdualnet(project.train("run", {"--epochs", "1"})).code == 0);
        const std::string weights = project.file("run/last.safetensors");
        CHECK_MISTAKE(microdualnet({"predict", "--weights", weights}), {"--keypoints"});
        CHECK_MISTAKE(microdualnet({"predict", "--weights", weights, "--keypoints", project.data}),
                      {"data holds no keypoints", "img_00001_keypoints.json",
                       "data_000000000000_keypoints.json"});
        CHECK_MISTAKE(microdualnet({"eval", "--weights", weights, "--data", project.data, "--split",
                                    "test", "--crops", "3"}),
                      {"no", "crops"});
        CHECK_MISTAKE(microdualnet({"bench", "--config", project.config, "--mode", "head"}),
                      {"--mode head", "no"});
        Random random(2);
        const std::string input = project.file("in.safetensors");
        write_safetensors(input, {{"joints", random.normal_tensor({2, 4, 3, 11, 3})}});
        CHECK_MISTAKE(microdualnet({"trace", "--weights", weights, "--input", input, "--output",
                                    project.file("out.safetensors")}),
                      {"joints has shape [2, 4, 3, 11, 3], expected [2, 4, 3, 12, 3]"});
        write_safetensors(input, {{"frames", random.normal_tensor({2, 4, 3, 11, 3})}});
        CHECK_MISTAKE(microdualnet({"trace", "--weights", weights, "--input", input, "--output",
                                    project.file("out.safetensors")}),
                      {input, "'joints'"});
        std::filesystem::remove_all(project.data + "/keypoints/val3");
        CHECK_MISTAKE(microdualnet(project.train("other", {"--epochs", "1"})),
                      {"val.txt:4", "missing keypoint folder"});
    }

    TEST_CASE("a keypoint file that is missing is said, not taken for the end") {
        KeypointProject project;
        const std::string weights = project.file("w.safetensors"),
                          keypoints = project.data + "/keypoints/test1";
        const MicroDualNet model(load_config(project.config), 1);
        write_safetensors(weights, weights_to_disk(model.parameters()));
        const auto predict = [&](const std::vector<std::string>& more) {
            std::vector<std::string> arguments = {"predict",   "--config", project.config,
                                                  "--weights", weights,    "--keypoints",
                                                  keypoints};
            arguments.insert(arguments.end(), more.begin(), more.end());
            return microdualnet(arguments);
        };
        CHECK(predict({"--window", "4"}).code == 0);
        const Ran crops = predict({"--window", "4", "--crops", "3"});
        CHECK_MISTAKE(crops, {"crops"});
        CHECK(crops.out.empty());
        for (int t = 0; t < 8; ++t)
            write(keypoints + "/test1_00000000000" + std::to_string(t) + "_keypoints.json",
                  openpose_json({}));
        CHECK(contains(predict({"--window", "8"}).err,
                       {"windows without a visible person: 1 (all their joints are missing)"}));
        std::filesystem::remove(keypoints + "/test1_000000000005_keypoints.json");
        for (const auto& more : {std::vector<std::string>{}, {"--window", "4"}}) {
            const Ran ran = predict(more);
            CHECK_MISTAKE(
                ran, {"img_00006_keypoints.json (or test1_000000000005_keypoints.json) is missing",
                      "goes on to img_00008_keypoints.json"});
            CHECK(ran.out.empty());
        }
    }

    TEST_CASE("on CUDA joints train and evaluate as on the CPU") {
        KeypointProject project;
        const auto train = [&](const std::string& device) {
            const Ran ran =
                microdualnet(project.train(device, {"--epochs", "1", "--optimizer", "sgd", "--lr",
                                                    "1e-3", "--val", "none", "--device", device}));
            INFO(ran.err);
            REQUIRE(ran.code == 0);
            return read_safetensors(last_checkpoint(project.file(device)));
        };
        const SafetensorsFile cpu = train("cpu"), gpu = train("cuda");
        for (const auto& parameter : cpu.tensors) {
            const auto& [name, tensor] = parameter;
            INFO(parameter.first);
            CHECK(test::relative_error(gpu.at(name), tensor) <= 1e-3);
        }
        const auto eval = [&](const std::vector<std::string>& more) {
            std::vector<std::string> arguments = {
                "eval",   "--weights",  project.file("cpu/last.safetensors"),
                "--data", project.data, "--split",
                "test"};
            arguments.insert(arguments.end(), more.begin(), more.end());
            return microdualnet(arguments);
        };
        CHECK(eval({}).out == eval({"--device", "cuda"}).out);
        CHECK(eval({"--device", "cuda", "--precision", "bf16", "--clips", "2"}).code == 0);
    }

    TEST_CASE("summary and bench know a model of joints") {
        KeypointProject project;
        CHECK(
            contains(microdualnet({"summary", "--config", project.config}).out, {"pose", "total"}));
        const Ran ran = microdualnet(
            {"bench", "--config", project.config, "--mode", "train", "--repeats", "1"});
        CHECK(contains(ran.out, {"training step", "(median of 1)"}));
    }

    TEST_CASE("a model without keypoints trains, evaluates and predicts on frames alone") {
        SmallProject project;
        std::string json = small_config_json;
        json.pop_back();
        write(project.config, json + R"(, "modality": "rgb"})");
        std::filesystem::remove_all(project.data + "/keypoints");
        const Ran trained = microdualnet(project.train(project.file("run"), {"--epochs", "1"}));
        INFO(trained.err);
        REQUIRE(trained.code == 0);
        const std::string weights = project.file("run/last.safetensors");
        CHECK(
            microdualnet({"eval", "--weights", weights, "--data", project.data, "--split", "test"})
                .code == 0);
        CHECK(microdualnet(
                  {"predict", "--weights", weights, "--frames", project.data + "/frames/test_1"})
                  .code == 0);
    }
}
