#include "train/trace.h"

#include <cmath>
#include <map>
#include <sstream>

#include "data/entity_boxes.h"
#include "engine/files/safetensors.h"
#include "engine/random.h"
#include "tests/train/program.h"
#include "train/checkpoints/checkpoint.h"
#include "train/output/number_text.h"

using namespace mdn;
using namespace mdn::test;

namespace {

const char* const cases[] = {"basic", "bottleneck", "pose", "rgb"};

double relative_error(const Tensor& a, const Tensor& b) {
    REQUIRE(a.shape() == b.shape());
    double difference = 0, norm = 0;
    for (int64_t i = 0; i < a.numel(); ++i) {
        const double x = a.data<float>()[i], y = b.data<float>()[i];
        difference += (x - y) * (x - y);
        norm += y * y;
    }
    return std::sqrt(difference / norm);
}

std::vector<std::string> on_golden(const char* command, const std::string& name) {
    const std::string folder = "tests/golden/" + name;
    return {command,
            "--config",
            folder + "/config.json",
            "--weights",
            folder + "/weights.safetensors",
            "--input",
            folder + "/input.safetensors"};
}

std::vector<std::string> with(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

double field(const std::string& line, const std::string& name) {
    const size_t at = line.find("\"" + name + "\": ");
    REQUIRE(at != std::string::npos);
    return std::stod(line.substr(at + name.size() + 4));
}

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

}  // namespace

TEST_SUITE("train/trace") {
    TEST_CASE("trace on the golden cases, through the command") {
        TemporaryFolder folder;
        for (const char* name : cases)
            for (const bool training : {false, true}) {
                const std::string output = (folder / "out.safetensors").string();
                auto arguments = with(on_golden("trace", name), {"--output", output});
                if (training) arguments.push_back("--grads");
                const Ran ran = microdualnet(arguments);
                INFO(ran.err);
                REQUIRE(ran.code == 0);
                CHECK(ran.out.empty());
                const SafetensorsFile actual = read_safetensors(output),
                                      expected = read_safetensors(
                                          std::string("tests/golden/") + name +
                                          (training ? "/expected_train.safetensors"
                                                    : "/expected_eval.safetensors"));
                int64_t gradients = 0;
                for (const auto& entry : expected.tensors) {
                    const auto& [key, tensor] = entry;
                    const bool gradient = key.starts_with("grad.");
                    gradients += gradient;
                    INFO(name << " " << entry.first);
                    CHECK(relative_error(actual.at(key), tensor) <= (gradient ? 1e-3 : 1e-4));
                }
                CHECK((gradients > 70) == training);
            }
    }

    TEST_CASE("overfit on the golden cases: N lines of JSON and nothing else, within 1 %") {
        for (const char* name : cases)
            for (const char* optimizer : {"sgd", "adamw"}) {
                const auto expected = lines_of(bytes_of(std::string("tests/golden/") + name +
                                                        "/overfit_" + optimizer + ".jsonl"));
                const auto setting = [&](const char* key) {
                    return exact_text(field(expected[0], key));
                };
                const Ran ran = microdualnet(
                    with(on_golden("overfit", name),
                         {"--optimizer", optimizer, "--lr", setting("lr"), "--weight-decay",
                          setting("weight_decay"), "--momentum", setting("momentum"), "--steps",
                          std::to_string(expected.size())}));
                REQUIRE(ran.code == 0);
                const auto actual = lines_of(ran.out);
                REQUIRE(actual.size() == expected.size());
                for (size_t i = 0; i < actual.size(); ++i)
                    for (const char* key : {"step", "loss", "loss_ce", "loss_mac"}) {
                        INFO(name << " " << optimizer << " " << actual[i]);
                        const double loss = field(expected[i], key);
                        CHECK(std::abs(field(actual[i], key) - loss) <= 0.01 * loss);
                    }
            }
    }

    TEST_CASE("overfit saves the trained weights, which trace then starts from") {
        TemporaryFolder folder;
        const std::string weights = (folder / "w.safetensors").string(),
                          output = (folder / "o.safetensors").string();
        const Ran trained = microdualnet(
            with(on_golden("overfit", "basic"), {"--steps", "4", "--output", weights}));
        REQUIRE(trained.code == 0);
        const auto lines = lines_of(trained.out);
        auto arguments = on_golden("trace", "basic");
        arguments[4] = weights;
        REQUIRE(microdualnet(with(arguments, {"--output", output, "--mode", "train"})).code == 0);
        const double next = read_safetensors(output).at("loss").item();
        CHECK(next < field(lines.back(), "loss"));
        // A fifth step from the start reports the same loss.
        const Ran five = microdualnet(with(on_golden("overfit", "basic"), {"--steps", "5"}));
        CHECK(field(lines_of(five.out).back(), "loss") == doctest::Approx(next).epsilon(1e-5));
    }

    TEST_CASE("a clip of a dataset is traced as evaluation reads it") {
        SmallProject project;
        const std::string output = project.file("out.safetensors"), weights = project.file("w.st");
        const Config config = load_config(project.config);
        const MicroDualNet model(config, 3);
        write_safetensors(weights, weights_to_disk(model.parameters()));
        const Ran ran =
            microdualnet({"trace", "--config", project.config, "--weights", weights, "--dataset",
                          project.data, "--clip", "val_1", "--output", output, "--grads"});
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        const SafetensorsFile file = read_safetensors(output);
        CHECK(file.at("frames").shape() == Shape{1, 2, 32, 32, 3});
        CHECK(file.at("boxes").shape() == Shape{1, 2, 2, 4});
        CHECK(file.at("logits").shape() == Shape{1, 3});
        CHECK(file.at("loss").shape() == Shape{1});
        CHECK(file.find("grad.backbone.conv1.weight").shape() == Shape{8, 3, 7, 7});

        // The same tensors as an input file give the same outputs.
        const std::string input = project.file("in.safetensors"),
                          again = project.file("again.safetensors");
        write_safetensors(input, {{"frames", file.at("frames")},
                                  {"boxes", file.at("boxes")},
                                  {"labels", Tensor::from<int64_t>({1}, {1})}});
        REQUIRE(microdualnet({"trace", "--config", project.config, "--weights", weights, "--input",
                              input, "--output", again, "--grads"})
                    .code == 0);
        CHECK(read_safetensors(again).at("logits").to_vector<float>() ==
              file.at("logits").to_vector<float>());
        CHECK(read_safetensors(again).at("loss").item() == file.at("loss").item());
        CHECK(!read_safetensors(again).find("frames").defined());
    }

    TEST_CASE("variants write the tensors they have, and no others") {
        SmallProject project;
        Random random(5);
        const std::string input = project.file("in.safetensors"), weights = project.file("w.st"),
                          output = project.file("out.safetensors");
        write_safetensors(input, {{"frames", random.normal_tensor({2, 2, 32, 32, 3})},
                                  {"boxes", random.uniform_tensor({2, 2, 2, 4}, 1, 30)}});
        struct Variant {
            const char* keys;
            std::vector<std::string> present, absent;
        };
        for (const Variant& variant :
             {Variant{R"("regions":"none")",
                      {"features", "f_cnn", "logits"},
                      {"entities", "st", "ts", "fused", "alpha", "f_entity", "loss"}},
              Variant{R"("paths":"st")", {"st", "fused", "f_entity"}, {"ts", "alpha"}},
              Variant{R"("paths":"ts")", {"ts", "fused"}, {"st", "alpha"}},
              Variant{R"("fusion":"mean")", {"st", "ts", "fused", "alpha"}, {}},
              Variant{R"("regions":"fixed")", {"entities", "alpha"}, {"loss"}}}) {
            std::string json = small_config_json;
            json.pop_back();
            json.append(",").append(variant.keys).append("}");
            write(project.config, json);
            const Config config = load_config(project.config);
            const MicroDualNet model(config, 3);
            write_safetensors(weights, weights_to_disk(model.parameters()));
            const Ran ran = microdualnet({"trace", "--config", project.config, "--weights", weights,
                                          "--input", input, "--output", output});
            INFO(variant.keys << ran.err);
            REQUIRE(ran.code == 0);
            const SafetensorsFile file = read_safetensors(output);
            for (const auto& name : variant.present) CHECK(file.find(name).defined());
            for (const auto& name : variant.absent) CHECK(!file.find(name).defined());
        }
    }

    TEST_CASE("fixed regions are the constant layout whatever boxes the input holds") {
        SmallProject project;
        Random random(6);
        const std::string input = project.file("in.safetensors");
        Config config = load_config(project.config);
        config.regions = Regions::fixed;
        write_safetensors(input, {{"frames", random.normal_tensor({3, 2, 32, 32, 3})},
                                  {"boxes", random.uniform_tensor({3, 2, 2, 4}, 1, 30)}});
        std::vector<float> layout(3 * 2 * 2 * 4);
        fixed_boxes({Entity::face, Entity::left_hand}, 6, 32, layout.data());
        CHECK(read_trace_input(input, config).inputs.boxes.to_vector<float>() == layout);
    }

    TEST_CASE("inputs that do not fit the config are refused, naming the tensor") {
        TemporaryFolder folder;
        Random random(4);
        const std::string input = (folder / "in.safetensors").string(),
                          output = (folder / "out.safetensors").string();
        const Tensor frames = random.normal_tensor({2, 4, 64, 64, 3}),
                     boxes = random.uniform_tensor({2, 4, 6, 4}, 0, 64),
                     labels = Tensor::from<int64_t>({0, 4}, {2});
        using Tensors = std::vector<std::pair<std::string, Tensor>>;
        const auto refusal = [&](const Tensors& tensors, std::vector<std::string> more = {}) {
            write_safetensors(input, tensors);
            auto arguments = with(on_golden("trace", "basic"), {"--output", output});
            arguments[6] = input;
            return microdualnet(with(arguments, more));
        };
        CHECK(refusal({{"frames", frames}, {"boxes", boxes}, {"labels", labels}}).code == 0);
        std::filesystem::remove(output);
        CHECK_MISTAKE(refusal({{"boxes", boxes}}), {input, "'frames'"});
        CHECK_MISTAKE(refusal({{"frames", frames}}), {input, "'boxes'"});
        CHECK_MISTAKE(
            refusal({{"frames", random.normal_tensor({2, 3, 64, 64, 3})}, {"boxes", boxes}}),
            {"frames has shape [2, 3, 64, 64, 3], expected [2, 4, 64, 64, 3]"});
        CHECK_MISTAKE(
            refusal({{"frames", random.normal_tensor({2, 4, 32, 32, 3})}, {"boxes", boxes}}),
            {"frames has shape [2, 4, 32, 32, 3], expected [2, 4, 64, 64, 3]"});
        CHECK_MISTAKE(refusal({{"frames", Tensor::empty({0, 4, 64, 64, 3})}, {"boxes", boxes}}),
                      {"holds no clips"});
        CHECK_MISTAKE(refusal({{"frames", frames.to(DType::f64)}, {"boxes", boxes}}),
                      {"frames holds f64, not f32"});
        CHECK_MISTAKE(refusal({{"frames", frames}, {"boxes", random.normal_tensor({2, 4, 5, 4})}}),
                      {"boxes has shape [2, 4, 5, 4], expected [2, 4, 6, 4]"});
        CHECK_MISTAKE(refusal({{"frames", frames},
                               {"boxes", boxes},
                               {"labels", Tensor::from<int64_t>({0, 5}, {2})}}),
                      {"labels[1] is 5, outside 0..4"});
        CHECK_MISTAKE(refusal({{"frames", frames},
                               {"boxes", boxes},
                               {"labels", Tensor::from<int64_t>({-1, 0}, {2})}}),
                      {"labels[0] is -1, outside 0..4"});
        CHECK_MISTAKE(refusal({{"frames", frames},
                               {"boxes", boxes},
                               {"labels", Tensor::from<int64_t>({1}, {1})}}),
                      {"labels has shape [1], expected [2]"});
        CHECK_MISTAKE(refusal({{"frames", frames}, {"boxes", boxes}}, {"--grads"}),
                      {"need labels"});
        CHECK(!std::filesystem::exists(output));

        auto arguments = on_golden("overfit", "basic");
        arguments[6] = input;
        const Ran unlabelled = microdualnet(arguments);
        CHECK_MISTAKE(unlabelled, {"no"});
        CHECK(unlabelled.out.empty());
        CHECK_MISTAKE(microdualnet(with(on_golden("overfit", "basic"),
                                        {"--optimizer", "sgd", "--lr", "1e30"})),
                      {"not finite", "step 1"});
    }

    TEST_CASE("where the batch comes from must be said once") {
        const auto base = with(on_golden("trace", "basic"), {"--output", "unused.safetensors"});
        CHECK_MISTAKE(microdualnet(with(base, {"--dataset", "tests", "--clip", "c"})),
                      {"--input and --dataset both"});
        CHECK_MISTAKE(microdualnet(with(base, {"--clip", "c"})), {"no --dataset"});
        CHECK_MISTAKE(microdualnet({"trace", "--preset", "tiny", "--dataset", "tests"}),
                      {"--clip beside --dataset is missing", "give --clip NAME"});
        CHECK_MISTAKE(microdualnet({"trace", "--preset", "tiny", "--weights", "w", "--output", "o",
                                    "--input", "i", "--mode", "x"}),
                      {"--mode has no choice 'x'"});
    }
}
