// The exported graph of every variant, read back from its bytes and evaluated in plain loops,
// against the model itself.
#include "model/onnx/micro_dualnet.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "engine/files/onnx/functions.h"
#include "engine/files/onnx/write.h"
#include "engine/files/safetensors.h"
#include "tests/engine/files/onnx/faults.h"
#include "tests/engine/files/onnx/read.h"
#include "tests/engine/files/onnx/run.h"
#include "tests/model/inputs.h"
#include "tests/shell.h"
#include "tests/torch_checkpoints/fresh.h"

using namespace mdn;

namespace {

const onnx::Preprocessing preprocessing = {.mean = {120, 110, 100}, .deviation = {60, 55, 50}};

/// Other values than the initial ones for all parameters and statistics: an exporter that takes
/// gamma for a variance, or leaves a bias out, shows.
void randomise(MicroDualNet& model, uint64_t seed) {
    test::give_branches_weight(model);
    Random random(seed);
    for (const Parameter& parameter : model.parameters().all()) {
        float* values = parameter.value.data<float>();
        const bool positive = parameter.role == Role::buffer && parameter.name.ends_with("var");
        const bool around_one = parameter.role == Role::norm && parameter.name.ends_with("weight");
        for (int64_t i = 0; i < parameter.value.numel(); ++i) {
            if (positive)
                values[i] = static_cast<float>(random.uniform(0.5, 2));
            else if (parameter.role != Role::weight)
                values[i] = static_cast<float>((around_one ? 1 : 0) + 0.3 * random.normal());
        }
    }
}

Tensor random_boxes(const Config& config, uint64_t seed) {
    Random random(seed);
    const auto side = static_cast<double>(config.size);
    const Tensor boxes = Tensor::empty({config.entity_count(), 4});
    for (int64_t k = 0; k < config.entity_count(); ++k)
        for (int64_t axis = 0; axis < 2; ++axis) {
            boxes.data<float>()[k * 4 + axis] = static_cast<float>(random.uniform(0, 0.4) * side);
            boxes.data<float>()[k * 4 + 2 + axis] =
                static_cast<float>(random.uniform(0.6, 1) * side);
        }
    return boxes;
}

/// The same boxes in every frame of every clip.
Tensor repeated(const Tensor& boxes, int64_t clips, int64_t frames) {
    const Tensor all = Tensor::empty({clips, frames, boxes.dim(0), 4});
    for (int64_t i = 0; i < clips * frames; ++i)
        std::copy_n(boxes.data<float>(), boxes.numel(), all.data<float>() + i * boxes.numel());
    return all;
}

/// Normalised frames as pixels.
Tensor pixels_of(const Tensor& frames) {
    const Tensor pixels = frames.clone();
    for (int64_t i = 0; i < pixels.numel(); ++i) {
        const auto c = static_cast<size_t>(i % 3);
        pixels.data<float>()[i] =
            pixels.data<float>()[i] * preprocessing.deviation[c] + preprocessing.mean[c];
    }
    return pixels;
}

void check_close(const Tensor& found, const Tensor& expected) {
    REQUIRE(found.shape() == expected.shape());
    double largest = 0, difference = 0;
    for (int64_t i = 0; i < expected.numel(); ++i) {
        const double wanted = expected.data<float>()[i];
        largest = std::max(largest, std::abs(wanted));
        difference = std::max(difference, std::abs(found.data<double>()[i] - wanted));
    }
    CHECK(largest > 0.01);
    CHECK(difference <= 1e-5 * std::max(1.0, largest));
}

std::set<std::string> names_of(const std::vector<onnx::Value>& values) {
    std::set<std::string> names;
    for (const onnx::Value& value : values) names.insert(value.name);
    return names;
}

/// A model with random weights, its graph, inputs of the graph, and what the model makes of them.
struct Variant {
    MicroDualNet model;
    onnx::Model graph;
    std::map<std::string, Tensor> inputs;
    Outputs expected;

    Variant(const Config& config, int64_t clips) : model(config, 3) {
        randomise(model, 4);
        onnx::Preprocessing before = preprocessing;
        test::Batch batch = test::random_batch(config, clips, 5);
        if (config.regions == Regions::fixed) {
            before.fixed_boxes = random_boxes(config, 6);
            batch.inputs.boxes = repeated(before.fixed_boxes, clips, config.frames);
        }
        expected = model.forward(batch.inputs, {});
        graph = onnx::graph_of(config, model.parameters(), before);
        if (config.has_frames()) {
            inputs["frames"] = pixels_of(batch.inputs.frames);
            if (config.regions == Regions::keypoints) inputs["boxes"] = batch.inputs.boxes;
        } else {
            inputs["joints"] = batch.inputs.joints;
        }
    }
};

void check_variant(const Config& config, int64_t clips) {
    INFO(to_json(config));
    const Variant variant(config, clips);
    std::set<std::string> input_names, output_names = {"logits"};
    for (const auto& [name, tensor] : variant.inputs) input_names.insert(name);
    if (config.has_router()) output_names.insert("alpha");
    for (const bool functions : {false, true}) {
        const onnx::Model graph = functions ? onnx::with_functions(variant.graph) : variant.graph;
        const onnx::Model read = test::read_onnx(onnx::to_protobuf(graph).to_string());
        CHECK(test::graph_faults(read) == "");
        CHECK(read.functions.empty() != functions);
        CHECK(names_of(read.inputs) == input_names);
        CHECK(names_of(read.outputs) == output_names);
        CHECK(read.outputs.front().name == "logits");
        const auto found = test::run_onnx(read, variant.inputs);
        check_close(found.at("logits"), variant.expected.logits);
        if (config.has_router()) check_close(found.at("alpha"), variant.expected.alpha);
    }
}

/// As tests/peers/onnx_export.py --files reads it.
void write_variant(const std::filesystem::path& folder, const std::string& name,
                   const Variant& variant, bool functions) {
    const auto file = [&](const char* ending) { return (folder / (name + ending)).string(); };
    onnx::write(file(".onnx"), functions ? onnx::with_functions(variant.graph) : variant.graph);
    write_safetensors(file(".inputs.safetensors"), {variant.inputs.begin(), variant.inputs.end()});
    std::vector<std::pair<std::string, Tensor>> outputs = {{"logits", variant.expected.logits}};
    if (variant.model.config().has_router()) outputs.emplace_back("alpha", variant.expected.alpha);
    write_safetensors(file(".outputs.safetensors"), outputs);
}

Config changed(const std::function<void(Config&)>& change) {
    Config config = test::small_config();
    change(config);
    return config;
}

}  // namespace

TEST_SUITE("model/onnx") {
    TEST_CASE("the graph computes what the model computes: paths, fusion, regions, modalities") {
        for (const Modality modality : {Modality::rgb_pose, Modality::rgb, Modality::pose})
            for (const Regions regions : {Regions::keypoints, Regions::fixed, Regions::none})
                for (const Paths paths : {Paths::dual, Paths::st, Paths::ts})
                    for (const Fusion fusion : {Fusion::router, Fusion::mean}) {
                        const bool keypoints = regions == Regions::keypoints;
                        if (modality == Modality::rgb ? keypoints
                                                      : modality == Modality::pose && !keypoints)
                            continue;  // check_config refuses it
                        // What has no two paths has nothing to fuse; what has no regions, no path.
                        if (fusion == Fusion::mean && paths != Paths::dual) continue;
                        if (regions == Regions::none && paths != Paths::dual) continue;
                        check_variant(changed([&](Config& c) {
                                          c.modality = modality;
                                          c.regions = regions;
                                          c.paths = paths;
                                          c.fusion = fusion;
                                      }),
                                      2);
                    }
    }

    TEST_CASE("the graph computes what the model computes: sizes") {
        const std::function<void(Config&)> changes[] = {
            [](Config& c) {
                c.backbone = {Block::bottleneck, {2, 1, 1, 1}, 4, {1, 2, 1, 1}};
            },
            // Every second block is shifted.
            [](Config& c) {
                c.backbone = {Block::basic, {1, 1, 23, 1}, 4, {1, 2, 2, 1}};
            },
            [](Config& c) {
                c.backbone.strides = {2, 1, 3, 1};
            },
            [](Config& c) { c.backbone.width = 4; },  // the first block has no fold to shift
            [](Config& c) { c.frames = 1; }, [](Config& c) { c.size = 21; },
            [](Config& c) { c.size = 1; }, [](Config& c) { c.roi = 1; },
            [](Config& c) {
                c.entities = {"right_hand", "face", "lower_body"};
            },
            [](Config& c) { c.heads = 1; }, [](Config& c) { c.heads = 8; },
            [](Config& c) { c.layers = 2; }, [](Config& c) { c.router_temperature = 0.3; },
            [](Config& c) { c.classes = 1; }};
        for (const auto& change : changes) check_variant(changed(change), 1);
    }

    TEST_CASE("ONNX Runtime computes the same, and OpenVINO, where they are installed") {
        if (!test::python_has("numpy, onnx, onnxruntime")) return;
        const test::TemporaryFolder folder;
        const std::pair<const char*, std::function<void(Config&)>> variants[] = {
            {"dual", [](Config&) {}},
            {"mean", [](Config& c) { c.fusion = Fusion::mean; }},
            {"st", [](Config& c) { c.paths = Paths::st; }},
            {"ts", [](Config& c) { c.paths = Paths::ts; }},
            {"fixed", [](Config& c) { c.regions = Regions::fixed; }},
            {"none", [](Config& c) { c.regions = Regions::none; }},
            {"pose", [](Config& c) { c.modality = Modality::pose; }},
            {"bottleneck", [](Config& c) { c.backbone.block = Block::bottleneck; }}};
        for (const auto& each : variants) {
            const Variant variant(changed(each.second), 3);
            write_variant(folder.path(), each.first, variant, false);
            write_variant(folder.path(), std::string(each.first) + "_functions", variant, true);
        }
        const std::string command = test::python() + " tests/peers/onnx_export.py --files '" +
                                    folder.path().string() + "' >'" + (folder / "said").string() +
                                    "' 2>&1";
        const int status = std::system(command.c_str());
        CHECK_MESSAGE(status == 0, test::text_of(folder / "said"));
    }

    TEST_CASE("initializers are the parameters in their layout on disk, none left out") {
        for (const std::string& preset : preset_names()) {
            Config config = preset_config(preset);
            // As deep as the preset, but narrow.
            config.backbone.width = 8;
            config.dim = config.heads;
            const MicroDualNet model(config, 1);
            const onnx::Model graph = onnx::graph_of(config, model.parameters(), preprocessing);
            std::map<std::string, Tensor> tensors;
            for (const onnx::Initializer& each : graph.initializers) {
                const Tensor value = each.read();
                CHECK(value.shape() == each.shape);
                tensors[each.name] = value;
            }
            CHECK(tensors.at("rgb_mean").to_vector<float>() == std::vector<float>{120, 110, 100});
            for (const Parameter& parameter : model.parameters().all()) {
                INFO(parameter.name);
                REQUIRE(tensors.contains(parameter.name));
                CHECK(tensors.at(parameter.name).to_vector<float>() ==
                      parameter.to_disk(parameter.value).to_vector<float>());
            }
            CHECK(tensors.size() == model.parameters().all().size() + 2);
        }
    }
}
