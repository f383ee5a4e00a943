#include "train/journey.h"

#include <cmath>
#include <limits>

#include "engine/autograd.h"
#include "engine/files/safetensors.h"
#include "engine/random.h"
#include "tests/train/program.h"
#include "train/bench.h"
#include "train/output/journey_report.h"

using namespace mdn;
using namespace mdn::test;

namespace {

std::string config_with(const std::string& keys) {
    std::string json = small_config_json;
    json.pop_back();
    return json + (keys.empty() ? "}" : "," + keys + "}");
}

/// Stages and their symbols, as one text.
std::string stages_of(const std::string& keys) {
    const Config config = parse_config(config_with(keys), "test");
    MicroDualNet model(config, 3);
    const TraceInput input = random_input(config, 2, 5);
    Journey journey(input.inputs, config);
    const ObserveModules observe(journey);
    trace(model, input, {});
    std::string text;
    for (const JourneyStage& stage : journey.stages()) {
        text += stage.stage;
        if (!stage.symbol.empty()) text += "=" + stage.symbol;
        text += " ";
    }
    return text;
}

int64_t widest_line(const std::string& text) {
    int64_t widest = 0, width = 0;
    for (const char byte : text) {
        width = byte == '\n' ? 0 : width + ((byte & 0xC0) != 0x80);
        widest = std::max(widest, width);
    }
    return widest;
}

}  // namespace

TEST_SUITE("train/journey") {
    TEST_CASE("each variant tells the stages that it has, in the order of the pass") {
        const std::string boxes = "frames boxes ";
        const std::string seen =
            "backbone.stem backbone.layer1 backbone.layer2 backbone.layer3 "
            "backbone.layer4=features pooling=f_cnn ";
        const std::string regions = "sem.regions sem=X ";
        const std::string st = "st.mlp=MLP_s(X) st.spatial=Spatial-T(X) st=X_st ";
        const std::string ts = "ts.mlp=MLP_t(X) ts.temporal=Temporal-T(X) ts=X_ts ";
        const std::string head = "fusion.f_entity=f_entity classifier.hidden classifier=logits ";
        const std::string mac = "loss.mac.similarity=s loss.mac=MAC ";
        const std::string loss = "loss=CE + λ·MAC ";
        const std::string both = "router=α fusion=X_fused ";
        CHECK(stages_of("") ==
              boxes + seen + regions + st + ts + both + head + "loss.ce=CE " + mac + loss);
        CHECK(stages_of(R"("paths":"st")") ==
              boxes + seen + regions + st + head + "loss.ce=CE " + loss);
        CHECK(stages_of(R"("paths":"ts")") ==
              boxes + seen + regions + ts + head + "loss.ce=CE " + loss);
        CHECK(stages_of(R"("fusion":"mean")") == boxes + seen + regions + st + ts +
                                                     "fusion=X_fused " + head + "loss.ce=CE " +
                                                     mac + loss);
        CHECK(stages_of(R"("regions":"fixed")") == stages_of(""));
        CHECK(stages_of(R"("regions":"none")") ==
              "frames " + seen + "classifier.hidden classifier=logits loss.ce=CE " + loss);
        CHECK(stages_of(R"("modality":"pose")") ==
              "joints pose=X " + st + ts + both + head + "loss.ce=CE " + mac + loss);
    }

    TEST_CASE("the figures are those of the tensors that --output writes") {
        const Config config = parse_config(config_with(""), "test");
        MicroDualNet model(config, 3);
        const TraceInput input = random_input(config, 3, 5);
        Journey journey(input.inputs, config);
        std::vector<std::pair<std::string, Tensor>> tensors;
        {
            const ObserveModules observe(journey);
            tensors = trace(model, input, {.training = true});
        }
        const std::pair<const char*, const char*> names[] = {{"backbone.layer4", "features"},
                                                             {"pooling", "f_cnn"},
                                                             {"sem", "entities"},
                                                             {"st", "st"},
                                                             {"ts", "ts"},
                                                             {"router", "alpha"},
                                                             {"fusion", "fused"},
                                                             {"fusion.f_entity", "f_entity"},
                                                             {"classifier", "logits"},
                                                             {"loss", "loss"},
                                                             {"loss.ce", "loss_ce"},
                                                             {"loss.mac", "loss_mac"}};
        for (const auto& pair : names) {
            const std::string wanted = pair.first, written = pair.second;
            INFO(wanted);
            const JourneyStage* stage = nullptr;
            for (const JourneyStage& each : journey.stages())
                if (each.stage == wanted) stage = &each;
            REQUIRE(stage);
            Tensor x;
            for (const auto& [name, tensor] : tensors)
                if (name == written) x = tensor;
            double sum = 0, squares = 0, least = INFINITY, most = -INFINITY;
            for (const float value : x.to_vector<float>()) {
                sum += value;
                squares += static_cast<double>(value) * value;
                least = std::min<double>(least, value);
                most = std::max<double>(most, value);
            }
            const auto count = static_cast<double>(x.numel());
            const double mean = sum / count;
            CHECK(element_count(stage->shape) == x.numel());
            CHECK(stage->mean == doctest::Approx(mean));
            CHECK(stage->spread ==
                  doctest::Approx(std::sqrt(std::max(squares / count - mean * mean, 0.0)))
                      .epsilon(1e-4));
            CHECK(stage->least == least);
            CHECK(stage->most == most);
            CHECK(stage->not_finite == 0);
        }
    }

    TEST_CASE("elements that are not finite are counted, and left out of the other figures") {
        const Config config = parse_config(config_with(R"("modality":"pose")"), "test");
        Journey journey({.joints = Tensor::from<float>({1, NAN, 3, INFINITY, -INFINITY}, {5})},
                        config);
        const JourneyStage& stage = journey.stages().front();
        CHECK(stage.not_finite == 3);
        CHECK(stage.mean == 2);
        CHECK(stage.spread == 1);
        CHECK(stage.least == 1);
        CHECK(stage.most == 3);
        const std::string text = journey_table(journey.stages());
        CHECK(contains(text, {"3 of these elements are not finite"}));
        Journey lost({.joints = Tensor::from<float>({NAN, NAN}, {2})}, config);
        CHECK(!contains(journey_table(lost.stages()), {"inf"}));
    }

    TEST_CASE("the largest model's journey fits into 100 columns") {
        std::vector<JourneyStage> stages;
        for (const double value : {-1.2345e-10, 123456789.0})
            stages.push_back({.stage = "loss.mac.similarity",
                              .symbol = "Temporal-T(X)",
                              .section = "5",
                              .shape = {2, 8, 28, 28, 2048},
                              .mean = value,
                              .spread = 1.2345e-10,
                              .least = -1.2345e+10,
                              .most = 1.2345e+10});
        const std::string text = journey_table(stages);
        CHECK(widest_line(text) <= 100);
        CHECK(contains(text, {"]"}));
        for (const JourneyStage& stage : stages) {
            // A figure never touches what stands to its left.
            CHECK(stage.stage.size() < 20);
            CHECK(contains(text, {"[2, 8, 28, 28, 2048] "}));
        }
    }

    TEST_CASE("without weights they are the initial ones of the seed, without output only a text") {
        SmallProject project;
        const std::string output = project.file("out.safetensors");
        const std::vector<std::string> clip = {"--dataset", project.data, "--clip", "val_1"};
        const auto traced = [&](std::vector<std::string> more) {
            std::vector<std::string> arguments = {"trace"};
            arguments.insert(arguments.end(), clip.begin(), clip.end());
            arguments.insert(arguments.end(), more.begin(), more.end());
            return microdualnet(arguments);
        };
        const Ran ran = traced({"--config", project.config, "--seed", "5", "--output", output});
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        CHECK(contains(ran.err, {"no --weights", "--seed 5"}));
        const SafetensorsFile file = read_safetensors(output);
        MicroDualNet model(load_config(project.config), 5);
        const NoGrad no_grad;
        const Outputs expected =
            model.forward({.frames = file.at("frames"), .boxes = file.at("boxes")}, Tensor());
        CHECK(file.at("logits").to_vector<float>() == expected.logits.to_vector<float>());
        for (const char* told : {"X_st", "α_st", "left_hand", "labelled 1 waving", "nodding"})
            CHECK(contains(ran.out, {told}));
        CHECK(widest_line(ran.out) <= 100);

        const Ran printed = traced({"--config", project.config, "--seed", "5"});
        CHECK(printed.code == 0);
        CHECK(printed.out == ran.out);

        // Nothing given is the preset tiny, with the classes of the dataset.
        const Ran tiny = traced({});
        INFO(tiny.err);
        CHECK(tiny.code == 0);
        CHECK(contains(tiny.err, {"preset tiny", "--seed 0"}));
        CHECK(contains(tiny.out, {"[1, 3] "}));

        CHECK_MISTAKE(traced({"--grads"}), {"--grads", "--output"});
        CHECK_MISTAKE(traced({"--weights", "w.safetensors", "--seed", "5"}), {"--seed"});
    }
}
