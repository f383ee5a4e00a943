#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <sstream>

#include "data/entity_boxes.h"
#include "engine/files/safetensors.h"
#include "tests/engine/files/onnx/faults.h"
#include "tests/engine/files/onnx/read.h"
#include "tests/engine/files/onnx/run.h"
#include "tests/model/inputs.h"
#include "tests/train/program.h"
#include "train/checkpoints/checkpoint.h"
#include "train/version.h"

using namespace mdn;
using namespace mdn::test;

namespace {

/// Random weights of a config, as a run leaves them.
struct Weights : TemporaryFolder {
    std::string path = (*this / "W.safetensors").string();
    std::string onnx = (*this / "m.onnx").string();
    MicroDualNet model;

    explicit Weights(const Config& config, const std::string& names = "nodding\nwaving\nküssen\n")
        : model(config, 1) {
        give_branches_weight(model);
        std::map<std::string, std::string> metadata = {{metadata_config, to_json(config)}};
        if (!names.empty()) metadata[metadata_classes] = names;
        write_safetensors(path, weights_to_disk(model.parameters()), metadata);
    }

    Ran run(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments = {"export", "--weights", path, "--onnx", onnx};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return microdualnet(arguments);
    }
    onnx::Model read() const { return read_onnx(bytes_of(onnx)); }
};

std::map<std::string, std::string> metadata_of(const onnx::Model& model) {
    return {model.metadata.begin(), model.metadata.end()};
}

/// "grown by 0.15 u" → 0.15
double number_behind(const std::string& text, const std::string& words) {
    const size_t at = text.find(words);
    REQUIRE(at != std::string::npos);
    return std::stod(text.substr(at + words.size()));
}

/// The line of metadata that begins with these words.
std::string line_of(const std::string& text, const std::string& beginning) {
    const size_t at = text.find("\n" + beginning);
    REQUIRE(at != std::string::npos);
    return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
}

}  // namespace

TEST_SUITE("train/commands/export") {
    TEST_CASE("the file says what it is, and its graph is the model") {
        Weights weights(small_config());
        const Ran ran = weights.run();
        CHECK(ran.code == 0);
        CHECK(contains(ran.out, {"frames f32 [clips, 3, 16, 16, 3]", "boxes f32 [clips, 3, 2, 4]",
                                 "logits f32 [clips, 3]", "alpha f32 [clips, 2, 2]", "opset 17",
                                 "wrote " + weights.onnx}));
        const onnx::Model graph = weights.read();
        CHECK(graph_faults(graph) == "");
        CHECK(graph.producer == "microdualnet");
        CHECK(graph.producer_version == program_version);
        const auto metadata = metadata_of(graph);
        CHECK(metadata.at("class_names") == "nodding\nwaving\nküssen\n");
        CHECK(metadata.at("entities") == "face,torso");
        CHECK(metadata.at("rgb_mean") == "123.675,116.28,103.53");
        CHECK(metadata.at("rgb_deviation") == "58.395,57.12,57.375");
        CHECK(contains(metadata.at("frames"), {"3 frames", "short side has 18 pixels", "16x16"}));
        CHECK(to_json(parse_config(metadata.at("config"), "config")) == to_json(small_config()));

        Batch batch = random_batch(small_config(), 2, 3);
        const Tensor pixels = batch.inputs.frames.clone();
        const double mean[] = {123.675, 116.28, 103.53}, deviation[] = {58.395, 57.12, 57.375};
        for (int64_t i = 0; i < pixels.numel(); ++i)
            pixels.data<float>()[i] =
                static_cast<float>(pixels.data<float>()[i] * deviation[i % 3] + mean[i % 3]);
        const auto found = run_onnx(graph, {{"frames", pixels}, {"boxes", batch.inputs.boxes}});
        const Tensor logits = weights.model.forward(batch.inputs, {}).logits;
        for (int64_t i = 0; i < logits.numel(); ++i)
            CHECK(found.at("logits").data<double>()[i] ==
                  doctest::Approx(logits.data<float>()[i]).epsilon(1e-4));
    }

    TEST_CASE("functions on demand") {
        const Weights weights(small_config());
        const Ran ran = weights.run({"--functions"});
        CHECK(ran.code == 0);
        CHECK(contains(ran.out, {" functions of opset 17"}));
        CHECK(graph_faults(weights.read()) == "");
        CHECK(weights.read().functions.size() > 5);
    }

    TEST_CASE("regions that do not depend on keypoints are in the graph") {
        Config config = small_config();
        config.regions = Regions::fixed;
        const Weights weights(config, "");
        CHECK(weights.run().code == 0);
        const onnx::Model graph = weights.read();
        CHECK(graph.inputs.size() == 1);
        std::vector<float> boxes(2 * 4);
        fixed_boxes({Entity::face, Entity::torso}, 1, config.size, boxes.data());
        for (const onnx::Initializer& each : graph.initializers)
            if (each.name == "fixed_boxes") CHECK(each.read().to_vector<float>() == boxes);
        CHECK_FALSE(metadata_of(graph).contains("boxes"));
        CHECK_FALSE(metadata_of(graph).contains("class_names"));
    }

    TEST_CASE("a model of joints says which joints") {
        Config config = small_pose_config();
        config.entities = {"left_hand", "face"};
        const Weights weights(config);
        CHECK(weights.run().code == 0);
        const auto metadata = metadata_of(weights.read());
        CHECK(contains(metadata.at("joints"),
                       {"\nleft_hand: joints 5,6,7\n", "\nface: joints 0,15,16,17,18\n", "-8..8"}));
        CHECK_FALSE(metadata.contains("frames"));
    }

    TEST_CASE("the rules for boxes in the metadata are those that the program follows") {
        Config config = small_config();
        config.size = 1000;  // nothing is clipped
        config.entities = {"face", "head", "torso", "left_hand", "right_hand", "lower_body"};
        const Weights weights(config);
        CHECK(weights.run().code == 0);
        const std::string rules = metadata_of(weights.read()).at("boxes");
        Random random(9);
        Pose pose;
        for (Joint& joint : pose) joint = {random.uniform(400, 600), random.uniform(400, 600), 1};
        pose[neck].y = 300;
        pose[mid_hip].y = 700;  // so that no box is too small
        const double u = std::hypot(pose[1].x - pose[8].x, pose[1].y - pose[8].y);
        for (const std::string& name : config.entities) {
            INFO(name);
            const Box box = *entity_box(entity_from_name(name), pose, 1000);
            const std::string rule = line_of(rules, name + ": ");
            INFO(rule);
            if (name.ends_with("hand")) {
                const auto joint = [&](const std::string& letter) {
                    return pose[static_cast<size_t>(number_behind(rule, letter + " is joint "))];
                };
                const double half = number_behind(rule, "half side ");
                const double reach = number_behind(rule, "W + ");
                const Joint w = joint("W"), e = joint("E");
                CHECK(box.x1 == doctest::Approx(w.x + reach * (w.x - e.x) - half * u));
                CHECK(box.y2 == doctest::Approx(w.y + reach * (w.y - e.y) + half * u));
                continue;
            }
            const size_t list = rule.find("joints ") + 7;
            std::istringstream numbers(rule.substr(list, rule.find(", grown") - list));
            double left = 1e9, top = 1e9, bottom = -1e9;
            for (std::string number; std::getline(numbers, number, ',');) {
                const Joint& joint = pose.at(std::stoul(number));
                left = std::min(left, joint.x);
                top = std::min(top, joint.y);
                bottom = std::max(bottom, joint.y);
            }
            const double grown = number_behind(rule, "grown by ") * u;
            const double up = name == "head" ? number_behind(rule, "side and by ") * u : 0;
            CHECK(box.x1 == doctest::Approx(left - grown));
            CHECK(box.y1 == doctest::Approx(top - grown - up));
            CHECK(box.y2 == doctest::Approx(bottom + grown));
        }
    }

    TEST_CASE("mistakes are named, and leave no file") {
        const Weights weights(small_config());
        CHECK_MISTAKE(microdualnet({"export", "--onnx", weights.onnx}), {"--weights"});
        CHECK_MISTAKE(microdualnet({"export", "--weights", weights.path}), {"--onnx"});
        CHECK_MISTAKE(microdualnet({"export", "--weights", "no/W", "--onnx", weights.onnx}),
                      {"no/W"});
        CHECK_MISTAKE(microdualnet({"export", "--weights", weights.path, "--onnx", weights.path}),
                      {"--onnx", "--weights"});
        CHECK_MISTAKE(weights.run({"--preset", "tiny"}), {"W.safetensors", "shape"});
        CHECK_FALSE(std::filesystem::exists(weights.onnx));
        const Weights others(small_config(), "nodding\nwaving\n");
        CHECK_MISTAKE(others.run(), {others.path, "2 classes", "has 3"});
        CHECK_FALSE(std::filesystem::exists(others.onnx));
    }

    TEST_CASE("an exported file is no checkpoint, and import says what it is") {
        const Weights weights(small_config());
        CHECK(weights.run().code == 0);
        CHECK_MISTAKE(microdualnet({"import", weights.onnx, "--preset", "tiny", "--out",
                                    (weights / "x.safetensors").string()}),
                      {weights.onnx, "ONNX"});
    }
}
