// Every command on the GPU, or the emulated one.
#include <doctest/doctest.h>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/files/safetensors.h"
#include "tests/engine/gradient_check.h"
#include "tests/engine/same_bits.h"
#include "tests/train/program.h"
#include "train/trainer.h"

#ifdef MDN_CUDA_EMULATION
#include "tests/cuda_emulation/runtime.h"
#endif

using namespace mdn;
using namespace mdn::test;

namespace {

std::vector<std::string> with(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

/// A run of two epochs on the CPU, for the commands that need weights.
struct TrainedProject : SmallProject {
    std::string weights = file("run/last.safetensors");
    TrainedProject() { REQUIRE(microdualnet(train(file("run"), {"--epochs", "2"})).code == 0); }
};

}  // namespace

TEST_SUITE("train/cuda") {
    TEST_CASE("training on CUDA follows training on the CPU, with and without recorded steps") {
        SmallProject project;
        const auto train = [&](const std::string& name, const std::vector<std::string>& more) {
            const Ran ran =
                microdualnet(with(project.train(project.file(name), {"--epochs", "1", "--optimizer",
                                                                     "sgd", "--lr", "1e-3"}),
                                  more));
            INFO(ran.err);
            REQUIRE(ran.code == 0);
            return read_safetensors(last_checkpoint(project.file(name)));
        };
        const SafetensorsFile cpu = train("cpu", {}), gpu = train("gpu", {"--device", "cuda"});
        const SafetensorsFile eager = train("eager", {"--device", "cuda", "--no-cuda-graph"});
        for (const auto& parameter : cpu.tensors) {
            const auto& [name, tensor] = parameter;
            INFO(parameter.first);
            CHECK(test::relative_error(gpu.at(name), tensor) <= 1e-3);
            CHECK(eager.at(name).to_vector<float>() == gpu.at(name).to_vector<float>());
        }
    }

    TEST_CASE("a run on CUDA that is cut short goes on bit for bit") {
        SmallProject project;
        const std::vector<std::string> on_cuda = {"--device", "cuda", "--schedule", "constant"};
        REQUIRE(
            microdualnet(project.train(project.file("straight"), with({"--epochs", "2"}, on_cuda)))
                .code == 0);
        REQUIRE(microdualnet(project.train(project.file("cut"), with({"--epochs", "1"}, on_cuda)))
                    .code == 0);
        REQUIRE(microdualnet({"train", "--out", project.file("cut"), "--resume", "--epochs", "2",
                              "--device", "cuda", "--threads", "2"})
                    .code == 0);
        const SafetensorsFile straight =
            read_safetensors(last_checkpoint(project.file("straight")));
        const SafetensorsFile cut = read_safetensors(last_checkpoint(project.file("cut")));
        for (const auto& [name, tensor] : straight.tensors) CHECK(same_bits(cut.at(name), tensor));
    }

    TEST_CASE("trace, eval, predict, overfit and bench answer on CUDA as on the CPU") {
        TrainedProject project;
        const std::vector<std::string> clip = {"--weights",  project.weights, "--dataset",
                                               project.data, "--clip",        "val_0"};
        const auto on = [&](const std::string& device, std::vector<std::string> arguments) {
            const Ran ran = microdualnet(with(std::move(arguments), {"--device", device}));
            INFO(ran.err);
            REQUIRE(ran.code == 0);
            return ran.out;
        };
        for (const std::string device : {"cpu", "cuda"})
            on(device, with({"trace"}, with(clip, {"--output", project.file(device + ".st")})));
        const SafetensorsFile cpu = read_safetensors(project.file("cpu.st"));
        const SafetensorsFile gpu = read_safetensors(project.file("cuda.st"));
        for (const auto& [name, tensor] : cpu.tensors)
            CHECK(test::relative_error(gpu.at(name), tensor) <= 1e-4);

        const auto predict = with({"predict", "--json"}, clip);
        const auto a = nlohmann::json::parse(on("cpu", predict));
        const auto b = nlohmann::json::parse(on("cuda", predict));
        CHECK(a["top"][0]["name"] == b["top"][0]["name"]);
        CHECK(std::abs(a["top"][0]["probability"].get<double>() -
                       b["top"][0]["probability"].get<double>()) < 1e-4);

        const std::vector<std::string> eval = {"eval",       "--weights", project.weights, "--data",
                                               project.data, "--split",   "test"};
        CHECK(on("cpu", eval) == on("cuda", eval));

        const auto overfit = with({"overfit", "--steps", "3", "--lr", "1e-4"}, clip);
        std::istringstream cpu_lines(on("cpu", overfit)), gpu_lines(on("cuda", overfit));
        for (std::string x, y; std::getline(cpu_lines, x) && std::getline(gpu_lines, y);)
            CHECK(nlohmann::json::parse(y)["loss"].get<double>() ==
                  doctest::Approx(nlohmann::json::parse(x)["loss"].get<double>()).epsilon(1e-3));

        for (const char* mode : {"forward", "train", "head"})
            CHECK(on("cuda", {"bench", "--config", project.config, "--mode", mode, "--clips", "2",
                              "--repeats", "1", "--precision", "bf16"})
                      .find("(median of 1)") != std::string::npos);
    }

    TEST_CASE("bench --profile: the families' lines add up, and the same numbers are in its JSON") {
        SmallProject project;
        for (const std::string mode : {"forward", "train", "head"}) {
            std::vector<std::string> bench = {
                "bench",     "--config", project.config, "--mode", mode,       "--clips", "2",
                "--repeats", "2",        "--device",     "cuda",   "--profile"};
            const Ran ran = microdualnet(bench);
            REQUIRE(ran.code == 0);
            std::istringstream lines(ran.out);
            std::map<std::string, std::array<double, 3>> rows;  // calls, launches, milliseconds
            for (std::string line; std::getline(lines, line);) {
                if (line.size() < 57) continue;
                std::istringstream numbers(line.substr(30));
                std::array<double, 3> row;
                if (numbers >> row[0] >> row[1] >> row[2])
                    rows[line.substr(0, line.find("  "))] = row;
            }
            REQUIRE(rows.count("all") == 1);
            const auto all = rows.at("all");
            rows.erase("all");
            CHECK(rows.count("attention forward") == 1);
            CHECK(rows.count("attention backward") == (mode == "forward" ? 0 : 1));
            CHECK(rows.count("convolution forward") == 1);
            CHECK(rows.count("optimizer") == (mode == "train" ? 1 : 0));
            for (size_t column = 0; column < 3; ++column) {
                double sum = 0;
                for (const auto& [name, row] : rows) sum += row[column];
                CHECK(sum == doctest::Approx(all[column]).epsilon(1e-2));
            }
            if (mode != "train") continue;
            bench.push_back("--json");
            const Ran json = microdualnet(bench);
            const auto object = nlohmann::json::parse(json.out);
            CHECK(object["copy_gbps"] > 0);
            CHECK(object["profile.convolution forward.launches"] == rows["convolution forward"][1]);
            CHECK(object["profile.convolution forward.operations"] > 0);
            CHECK(object["profile.linear forward.product_seconds"] > 0);
            CHECK(object["profile.linear forward.seconds"] >=
                  object["profile.linear forward.product_seconds"]);
        }
    }

    TEST_CASE("a precision that the CPU does not have is refused") {
        TrainedProject project;
        CHECK_MISTAKE(microdualnet({"eval", "--weights", project.weights, "--data", project.data,
                                    "--split", "test", "--precision", "bf16"}),
                      {"f32 only", "--device cuda"});
    }

#ifdef MDN_CUDA_EMULATION
    TEST_CASE("a batch that does not fit is refused with one that does") {
        SmallProject project;
        emulation::set_memory_limit(int64_t{34} << 20);  // one segment, and cuBLAS's workspace
        const Ran ran =
            microdualnet({"train", "--preset", "paper-ma52", "--data", project.data, "--out",
                          project.file("run"), "--batch", "2", "--device", "cuda"});
        emulation::set_memory_limit(int64_t{4} << 30);
        CHECK_MISTAKE(ran, {"out of memory: asked the system for", "MiB are free"});
    }
#endif
}
