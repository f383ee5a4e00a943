#include "engine/files/onnx/write.h"

#include <algorithm>
#include <filesystem>

#include "engine/files/onnx/functions.h"
#include "engine/random.h"
#include "tests/data/temporary_dataset.h"
#include "tests/engine/files/onnx/faults.h"
#include "tests/engine/files/onnx/read.h"
#include "tests/engine/files/onnx/run.h"

using namespace mdn;
using test::contains;
using test::error_of;

namespace {

onnx::Type rows(int64_t count, int64_t size) { return {DType::f32, {count, size}, "clips"}; }

onnx::Initializer initializer(const std::string& name, const Tensor& value) {
    return {name, value.shape(), [value] { return value; }};
}

/// Two modules of one type and one of that type with another content, the first two in a third:
/// y = relu(relu(x W₁ᵀ + b₁) W₂ᵀ + b₂) + x, z = the same ones' half.
onnx::Model small_model() {
    Random random(1);
    onnx::Model model;
    model.producer = "tests";
    model.producer_version = "1";
    model.description = "ärmel";  // UTF-8
    model.metadata = {{"a", "1"}, {"b", "two\nlines"}};
    model.name = "small";
    model.inputs = {{"x", {DType::f32, {1, 4}, "clips"}, "what goes in"}};
    model.outputs = {{"z", rows(1, 4), "what comes out"}};
    for (const char* name : {"m.a.weight", "m.b.weight"})
        model.initializers.push_back(initializer(name, random.normal_tensor({4, 4})));
    for (const char* name : {"m.a.bias", "m.b.bias", "c.bias"})
        model.initializers.push_back(initializer(name, random.normal_tensor({4})));
    model.modules = {{"m", "Pair", "two of them", -1},
                     {"m/a", "Layer", "relu(x Wᵀ + b)", 0},
                     {"m/b", "Layer", "relu(x Wᵀ + b)", 0},
                     {"c", "Layer", "half", -1}};
    const auto layer = [&](const std::string& path, const std::string& x, int64_t module) {
        std::string tensors = path;
        std::replace(tensors.begin(), tensors.end(), '/', '.');
        model.nodes.push_back({"Gemm",
                               path + "/Gemm",
                               {x, tensors + ".weight", tensors + ".bias"},
                               {path + "/Gemm_output"},
                               {{"transB", int64_t{1}}},
                               "",
                               module});
        model.nodes.push_back({"Relu",
                               path + "/Relu",
                               {path + "/Gemm_output"},
                               {path + "/Relu_output"},
                               {},
                               "",
                               module});
        model.values.push_back({path + "/Relu_output", rows(1, 4)});
    };
    layer("m/a", "x", 1);
    layer("m/b", "m/a/Relu_output", 2);
    model.nodes.push_back({"Add", "Add", {"m/b/Relu_output", "x"}, {"y"}, {}, "", -1});
    model.nodes.push_back(
        {"Constant", "c/Constant", {}, {"c/half"}, {{"value", Tensor::full({}, 0.5)}}, "", 3});
    model.nodes.push_back({"Mul", "c/Mul", {"y", "c/half"}, {"c/product"}, {}, "", 3});
    model.nodes.push_back({"Add", "c/Add", {"c/product", "c.bias"}, {"z"}, {}, "", 3});
    return model;
}

onnx::Model written(const onnx::Model& model) {
    return test::read_onnx(onnx::to_protobuf(model).to_string());
}

}  // namespace

TEST_SUITE("engine/files/onnx") {
    TEST_CASE("what is written is read back") {
        const onnx::Model model = small_model(), read = written(model);
        CHECK(test::graph_faults(read) == "");
        CHECK(read.producer == model.producer);
        CHECK(read.description == model.description);
        CHECK(read.metadata == model.metadata);
        CHECK(read.name == "small");
        REQUIRE(read.inputs.size() == 1);
        CHECK(read.inputs[0].description == "what goes in");
        CHECK(read.inputs[0].type.shape == Shape{1, 4});
        CHECK(read.inputs[0].type.per == "clips");
        REQUIRE(read.initializers.size() == model.initializers.size());
        for (size_t i = 0; i < model.initializers.size(); ++i) {
            CHECK(read.initializers[i].name == model.initializers[i].name);
            CHECK(read.initializers[i].read().to_vector<float>() ==
                  model.initializers[i].read().to_vector<float>());
        }
        REQUIRE(read.nodes.size() == model.nodes.size());
        for (size_t i = 0; i < model.nodes.size(); ++i) {
            CHECK(read.nodes[i].op == model.nodes[i].op);
            CHECK(read.nodes[i].inputs == model.nodes[i].inputs);
            CHECK(read.nodes[i].outputs == model.nodes[i].outputs);
        }
        CHECK(std::get<int64_t>(read.nodes[0].attributes[0].second) == 1);
    }

    TEST_CASE("modules become functions, and equal ones share one") {
        const onnx::Model model = small_model(), grouped = written(onnx::with_functions(model));
        CHECK(test::graph_faults(grouped) == "");
        std::vector<std::string> names, calls;
        for (const onnx::Function& function : grouped.functions) names.push_back(function.name);
        for (const onnx::Node& node : grouped.nodes) calls.push_back(node.op);
        CHECK(names == std::vector<std::string>{"Layer", "Pair", "Layer_2"});
        CHECK(calls == std::vector<std::string>{"Pair", "Add", "Layer_2"});
        const onnx::Function& layer = grouped.functions[0];
        CHECK(layer.inputs == std::vector<std::string>{"x", "weight", "bias"});
        CHECK(layer.outputs == std::vector<std::string>{"y"});
        CHECK(layer.description == "relu(x Wᵀ + b)");
        CHECK(grouped.functions[1].inputs ==
              std::vector<std::string>{"x", "a.weight", "a.bias", "b.weight", "b.bias"});
        // Of values inside a function the graph says nothing.
        REQUIRE(grouped.values.size() == 1);
        CHECK(grouped.values[0].name == "m/b/Relu_output");

        Random random(2);
        const std::map<std::string, Tensor> inputs = {{"x", random.normal_tensor({5, 4})}};
        CHECK(test::run_onnx(grouped, inputs).at("z").to_vector<double>() ==
              test::run_onnx(model, inputs).at("z").to_vector<double>());
    }

    TEST_CASE("a file is written whole, with progress, or not at all") {
        const test::TemporaryFolder folder;
        const std::string path = (folder / "m.onnx").string();
        std::vector<int64_t> steps;
        int64_t total = 0;
        const int64_t size = onnx::write(path, small_model(), [&](int64_t done, int64_t of) {
            steps.push_back(done);
            total = of;
        });
        CHECK(std::filesystem::file_size(path) == static_cast<uintmax_t>(size));
        CHECK(std::is_sorted(steps.begin(), steps.end()));
        CHECK(steps.size() > 5);
        CHECK(steps.back() == size);
        CHECK(total == size);

        // 2 GiB in one tensor, which nobody asks for.
        onnx::Model large = small_model();
        large.initializers.push_back({"large", {1 << 29}, []() -> Tensor { throw 1; }});
        const std::string refusal = error_of([&] { onnx::write(path, large); });
        CHECK_MESSAGE(contains(refusal, {path, "2147483647", "bytes"}), refusal);
        CHECK(std::filesystem::file_size(path) == static_cast<uintmax_t>(size));
        CHECK_THROWS_AS(onnx::write((folder / "no/m.onnx").string(), small_model()), Error);
    }
}
