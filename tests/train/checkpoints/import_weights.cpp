// Checkpoints of other projects, from the file to the model.
#include "train/checkpoints/import_weights.h"

#include <cstring>

#include "engine/files/safetensors.h"
#include "engine/random.h"
#include "tests/torch_checkpoints/fresh.h"
#include "tests/train/program.h"
#include "train/checkpoints/checkpoint.h"

using namespace mdn;
using test::contains;
using test::microdualnet;
using test::Ran;
using test::SmallProject;
using test::TemporaryFolder;

namespace {

using Named = std::vector<std::pair<std::string, Tensor>>;

bool same_bits(const Tensor& a, const Tensor& b) {
    return a.shape() == b.shape() && a.dtype() == b.dtype() &&
           std::memcmp(a.raw(), b.raw(), static_cast<size_t>(a.bytes())) == 0;
}

/// Imports every checkpoint of `names` and compares the result with the tensors beside it, and what
/// the checkpoint does not have with a model of the same seed.
void check_imports(const std::filesystem::path& folder) {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "names")) {
        std::filesystem::path path = entry.path();
        if (path.extension() == ".safetensors") continue;
        ++files;
        INFO(path.string());
        const bool basic = path.stem().extension() == ".basic";
        const std::string config_path =
            test::torch_checkpoints + (basic ? "basic.json" : "bottleneck.json");
        TemporaryFolder out;
        const std::string written = (out / "W.safetensors").string();
        const Ran ran = microdualnet(
            {"import", path.string(), "--config", config_path, "--out", written, "--seed", "5"});
        INFO(ran.err);
        REQUIRE(ran.code == 0);

        const SafetensorsFile expected = read_safetensors(path.replace_extension("safetensors"));
        const SafetensorsFile imported = read_safetensors(written);
        const Config config = load_config(config_path);
        CHECK(imported.metadata.at(metadata_config) == to_json(config));
        const MicroDualNet fresh(config, 5);
        CHECK(imported.tensors.size() == fresh.parameters().all().size());
        for (const Parameter& parameter : fresh.parameters().all()) {
            INFO(parameter.name);
            const Tensor wanted = parameter.name.starts_with("backbone.")
                                      ? expected.at(parameter.name)
                                      : parameter.to_disk(parameter.value);
            CHECK(same_bits(imported.at(parameter.name), wanted));
        }
    }
    CHECK(files == 5);
}

/// A checkpoint with torchvision's names, for tests that spoil one thing.
Named torchvision_checkpoint(const Config& config) {
    const MicroDualNet model(config, 11);
    Random random(3);
    Named tensors;
    for (const Parameter& parameter : model.parameters().all()) {
        if (!parameter.name.starts_with("backbone.")) continue;
        const bool variance = parameter.name.ends_with("running_var");
        tensors.emplace_back(parameter.name.substr(9),
                             variance ? random.uniform_tensor(parameter.disk_shape(), 0.5, 2)
                                      : random.normal_tensor(parameter.disk_shape(), 0.2));
    }
    tensors.emplace_back("fc.weight", random.normal_tensor({10, 4}));
    return tensors;
}

struct Spoiled : SmallProject {
    Named tensors = torchvision_checkpoint(load_config(config));

    Tensor& at(const std::string& name) {
        for (auto& [stored, tensor] : tensors)
            if (stored == name) return tensor;
        FAIL(name);
        return tensors.front().second;
    }
    Ran import(const std::vector<std::string>& more = {}) const {
        write_safetensors(file("C.safetensors"), tensors);
        std::vector<std::string> arguments = {"import", file("C.safetensors"), "--config", config,
                                              "--out",  file("W.safetensors")};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return microdualnet(arguments);
    }
};

}  // namespace

TEST_SUITE("train/checkpoints/import_weights") {
    TEST_CASE("every project's names and containers, as PyTorch wrote them, bit for bit") {
        check_imports(test::torch_checkpoints);
    }

    TEST_CASE("what the PyTorch that is installed writes now") {
        test::FreshTorchCheckpoints fresh;
        if (fresh.written()) check_imports(fresh.path());
    }

    TEST_CASE("the report says what was taken, ignored and left, and what was never run") {
        const Ran ran =
            microdualnet({"import", test::torch_checkpoints + "names/mmaction2_tsm.bottleneck.pth",
                          "--config", test::torch_checkpoints + "bottleneck.json", "--dry-run"});
        CHECK(ran.code == 0);
        CHECK_MESSAGE(
            contains(ran.out,
                     {"PyTorch, zip, 105 tensors; names of MMAction2 under 'state_dict.'",
                      "its temporal shifts are those of this config", "taken: 85 tensors",
                      "backbone.*  85", "num_batches_tracked                17",
                      "state_dict.cls_head.fc_cls.*       2", "at initial values: 84 tensors",
                      "argparse.Namespace                   1", "nothing written (--dry-run)"}),
            ran.out);
    }

    TEST_CASE("train starts from imported weights, eval and trace read them") {
        const Spoiled project;
        REQUIRE(project.import().code == 0);
        const Ran trained = microdualnet(project.train(
            project.file("run"), {"--init", project.file("W.safetensors"), "--epochs", "1"}));
        INFO(trained.err);
        CHECK(trained.code == 0);
        const size_t all = MicroDualNet(load_config(project.config)).parameters().all().size();
        const std::string loaded = "loaded " + std::to_string(all) + " tensors from ";
        CHECK_MESSAGE(contains(trained.out, {loaded + project.file("W.safetensors")}), trained.out);
        const Ran evaluated = microdualnet({"eval", "--weights", project.file("W.safetensors"),
                                            "--data", project.data, "--split", "test"});
        CHECK(evaluated.code == 0);
    }

    TEST_CASE("the model's own names may be a part, and a head of other classes is left out") {
        SmallProject project;
        const MicroDualNet model(load_config(project.config), 9);
        Named part = weights_to_disk(model.parameters());
        std::erase_if(part, [](const auto& entry) { return entry.first.starts_with("st."); });
        write_safetensors(project.file("part.safetensors"), part);
        const Ran ran =
            microdualnet({"import", project.file("part.safetensors"), "--config", project.config,
                          "--classes", "7", "--out", project.file("W.safetensors")});
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        CHECK(contains(ran.out,
                       {"names of Micro-DualNet\n", "st.* ", "classifier.fc2.*  2",
                        "'classifier.fc2.weight' has shape [3, 8], the config needs [7, 8]"}));
        const SafetensorsFile imported = read_safetensors(project.file("W.safetensors"));
        for (const auto& parameter : part) {
            const auto& [name, tensor] = parameter;
            if (!name.starts_with("classifier.fc2."))
                CHECK_MESSAGE(same_bits(imported.at(name), tensor), parameter.first);
        }
        CHECK(imported.at("classifier.fc2.weight").shape() == Shape{7, 8});
        const Config config = parse_config(imported.metadata.at(metadata_config), "");
        CHECK(config.classes == 7);
    }

    TEST_CASE("a checkpoint that is not whole or does not fit is refused, and nothing is written") {
        Spoiled project;
        SUBCASE("a tensor is missing") {
            std::erase_if(project.tensors,
                          [](const auto& entry) { return entry.first == "layer2.0.bn2.bias"; });
            CHECK_MISTAKE(project.import(), {"C.safetensors lacks 1 of the backbone's tensors",
                                             "'backbone.layer2.0.bn2.bias' [16]"});
        }
        SUBCASE("a shape differs") {
            project.at("layer1.0.conv2.weight") = Tensor::full({8, 4, 3, 3}, 0.5);
            CHECK_MISTAKE(project.import(),
                          {"'layer1.0.conv2.weight' has shape [8, 4, 3, 3]", "needs [8, 8, 3, 3]"});
        }
        SUBCASE("a tensor that the config has no place for") {
            project.tensors.emplace_back("layer1.0.downsample.0.weight",
                                         Tensor::full({8, 8, 1, 1}, 0.5));
            CHECK_MISTAKE(project.import(),
                          {"no place", "'layer1.0.downsample.0.weight'", "strides"});
        }
        SUBCASE("a part of another architecture") {
            project.tensors.emplace_back("layer1.0.se.fc1.weight", Tensor::full({4, 8}, 0.5));
            CHECK_MISTAKE(project.import(), {"squeeze-and-excitation", "layer1.0.se.fc1.weight"});
        }
        SUBCASE("a number that is not finite") {
            project.at("layer4.0.bn1.running_var").data<float>()[3] = INFINITY;
            CHECK_MISTAKE(project.import(), {"'layer4.0.bn1.running_var' holds inf"});
        }
        SUBCASE("integers where numbers belong") {
            project.at("bn1.weight") = Tensor::from<int64_t>({1, 2, 3, 4, 5, 6, 7, 8}, {8});
            CHECK_MISTAKE(project.import(), {"'bn1.weight' holds i64"});
        }
        SUBCASE("names of no known project") {
            for (auto& [name, tensor] : project.tensors) name = "features." + name;
            CHECK_MISTAKE(project.import(), {"no tensor with a known name", "docs/weights.md"});
        }
        SUBCASE("two tensors for one parameter") {
            project.tensors.emplace_back("layer1.0.conv1.net.weight",
                                         Tensor::full({8, 8, 3, 3}, 0.5));
            // Both of MIT's and torchvision's names, and then the shifts of the others are missing.
            CHECK_MISTAKE(project.import(), {"spaced differently"});
        }
        CHECK(!std::filesystem::exists(project.file("W.safetensors")));
    }

    TEST_CASE("what is not a checkpoint is named for what it is") {
        const SmallProject project;
        const auto refused = [&](const std::string& bytes) {
            test::write(project.file("x.pth"), bytes);
            return microdualnet(
                {"import", project.file("x.pth"), "--config", project.config, "--dry-run"});
        };
        // Where weights are read, too.
        const auto evaluated = [&](const std::string& bytes) {
            test::write(project.file("x.pth"), bytes);
            return microdualnet(
                {"eval", "--weights", project.file("x.pth"), "--data", project.data});
        };
        CHECK_MISTAKE(evaluated("version https://git-lfs.github.com/spec/v1\noid"), {"Git LFS"});
        CHECK_MISTAKE(evaluated("PK\3\4" + std::string(40, 'x')), {"x.pth", "PyTorch", "import"});
        CHECK_MISTAKE(refused(""), {"x.pth is empty"});
        CHECK_MISTAKE(refused("<!DOCTYPE html><html>sign in</html>"), {"a web page"});
        CHECK_MISTAKE(refused("version https://git-lfs.github.com/spec/v1\noid"), {"Git LFS"});
        CHECK_MISTAKE(refused(std::string("\x1f\x8b\x08\x00 and so on", 14)), {"gzip"});
        CHECK_MISTAKE(refused("neither one nor the other"), {"not a valid safetensors file"});
        CHECK_MISTAKE(microdualnet({"import", project.file("absent.pth"), "--config",
                                    project.config, "--dry-run"}),
                      {"absent.pth", "No such file"});
        CHECK_MISTAKE(
            microdualnet({"import", project.data, "--config", project.config, "--dry-run"}),
            {"not a regular file"});
        CHECK_MISTAKE(microdualnet({"import", project.config, "--config", project.config}),
                      {"--out is missing"});
    }
}
