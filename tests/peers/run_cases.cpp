// Computes what tests/peers/suites asks of the engine, so that Python can put it beside what others
// compute.
// usage: run_cases CASES.safetensors RESULTS.safetensors
//
// CASES has one entry of metadata per case, under the case's name, in JSON:
//     {"steps": [{"op": "softmax", "inputs": ["x"], "output": "y", "temperature": 1}],
//      "returns": ["y"], "gradients": ["x"]}
// and its tensors under "<case>/<name>". "bf16" may name tensors that are rounded to bf16 on a GPU,
// where the case then runs; "device" may be "cuda". Where there is a tensor "<case>/dy", it is the
// gradient of the last step's output. RESULTS has the tensors "<case>/<name>" of `returns` and the
// gradients "<case>/d<name>"; a case without results has an entry of metadata instead: "refused: "
// and the engine's message, or "fault: " and what else went wrong.
//
// The name of each case is printed before it runs: whoever reads it knows which one ended the
// program.
#include <cstdio>
#include <exception>

#include "engine/autograd.h"
#include "engine/files/safetensors.h"
#include "engine/ops.h"
#include "tests/peers/run_case.h"

namespace mdn::peers {

namespace {

using nlohmann::json;

/// All tensors of a file by case and name.
std::map<std::string, Tensors> tensors_by_case(const SafetensorsFile& file) {
    std::map<std::string, Tensors> cases;
    for (const auto& [path, tensor] : file.tensors) {
        const size_t slash = path.find('/');
        cases[path.substr(0, slash)][path.substr(slash + 1)] = tensor;
    }
    return cases;
}

/// What a file can hold, on the host.
Tensor for_file(const Tensor& x) {
    const Tensor plain = x.dtype() == DType::bf16 ? x.to(DType::f32) : x;
    return plain.to(Device::cpu);
}

Tensors run_case(const json& description, Tensors tensors) {
    Tensors leaves;
    for (const std::string name : description.value("gradients", json::array()))
        leaves[name] = Tensor();
    const bool on_gpu = description.value("device", "cpu") == "cuda";
    for (auto& [name, tensor] : tensors) {
        if (on_gpu) tensor = tensor.to(Device::cuda);
        if (leaves.contains(name)) leaves[name] = tensor.set_requires_grad();
    }
    for (const std::string name : description.value("bf16", json::array()))
        tensors[name] = cast(tensors.at(name), DType::bf16);

    Tensor last;
    for (const json& step_description : description.at("steps")) {
        const Step step(step_description, tensors);
        if (step.op() == "optimizer") {
            run_optimizer(step);
        } else if (step.op() == "metrics") {
            run_metrics(step);
        } else if (const Op op = find_op(step.op())) {
            tensors[step.output()] = last = op(step);
        } else {
            throw std::runtime_error("run_cases has no op named " + step.op());
        }
    }

    Tensors results;
    for (const std::string name : description.at("returns"))
        results[name] = for_file(tensors.at(name));
    if (tensors.contains("dy")) {
        const Tensor dy = tensors.at("dy");
        backward(last, last.dtype() == DType::bf16 ? dy.to(DType::bf16) : dy);
        for (const auto& [name, leaf] : leaves) {
            if (!leaf.grad().defined())
                throw std::runtime_error(std::string("no gradient arrived at ") + name);
            results["d" + name] = for_file(leaf.grad());
        }
    }
    return results;
}

}  // namespace

}  // namespace mdn::peers

int main(int argc, char** argv) {
    using namespace mdn;
    using namespace mdn::peers;
    if (argc != 3) {
        std::fprintf(stderr, "usage: run_cases CASES.safetensors RESULTS.safetensors\n");
        return 2;
    }
    try {
        const SafetensorsFile file = read_safetensors(argv[1]);
        auto tensors = tensors_by_case(file);
        std::vector<std::pair<std::string, Tensor>> results;
        std::map<std::string, std::string> without;
        for (const auto& [name, description] : file.metadata) {
            std::printf("%s\n", name.c_str());
            std::fflush(stdout);
            try {
                for (auto& [result, tensor] : run_case(json::parse(description), tensors[name]))
                    results.emplace_back(name + "/" + result, tensor);
            } catch (const Error& error) {
                without[name] = std::string("refused: ") + error.what();
            } catch (const std::exception& error) {
                without[name] = std::string("fault: ") + error.what();
            }
            tensors.erase(name);
        }
        write_safetensors(argv[2], results, without);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "run_cases: %s\n", error.what());
        return 1;
    }
}
