// Checkpoints of other projects, from the file to the model.
#include "train/checkpoints/import_weights.h"

#include <cmath>
#include <cstring>

#include "engine/files/safetensors.h"
#include "engine/ops.h"
#include "tests/engine/same_bits.h"
#include "tests/torch_checkpoints/fresh.h"
#include "tests/train/checkpoints/torchvision_project.h"
#include "train/checkpoints/checkpoint.h"

using namespace mdn;
using test::contains;
using test::microdualnet;
using test::Named;
using test::Ran;
using test::same_bits;
using test::SmallProject;
using test::TemporaryFolder;
using test::TorchvisionProject;

namespace {

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
    CHECK(files == 6);
}

}  // namespace

TEST_SUITE("train/checkpoints/import_weights") {
    TEST_CASE("every project's names and containers, as PyTorch wrote them, bit for bit") {
        check_imports(test::torch_checkpoints);
    }

    TEST_CASE("what the PyTorch that is installed writes now") {
        test::FreshTorchCheckpoints fresh;
        if (fresh.written()) check_imports(fresh.path());
    }

    TEST_CASE("reading is counted: each tensor that is taken is checked, then copied") {
        const Config config = load_config(test::torch_checkpoints + "basic.json");
        const MicroDualNet model(config, 5);
        std::vector<int64_t> counted;
        int64_t total = 0;
        const ImportReport report = import_weights(
            model.parameters(), config, test::torch_checkpoints + "names/torchvision.basic.pth", "",
            Checksums::compared, [&](int64_t done, int64_t of) {
                counted.push_back(done);
                total = of;
            });
        int64_t taken = 0;
        for (const auto& [name, tensors] : report.taken) taken += tensors;
        CHECK(taken > 10);
        CHECK(total == 2 * taken);
        CHECK(std::ssize(counted) == total);
        for (int64_t i = 0; i < std::ssize(counted); ++i) CHECK(counted[i] == i + 1);
    }

    TEST_CASE("the report says what was taken, ignored and left, and what was never run") {
        const Ran ran =
            microdualnet({"import", test::torch_checkpoints + "names/mmaction2_tsm.bottleneck.pth",
                          "--config", test::torch_checkpoints + "bottleneck.json", "--dry-run"});
        CHECK(ran.code == 0);
        CHECK_MESSAGE(
            contains(ran.out,
                     {"PyTorch, zip, 105 tensors; names of MMAction2 under 'state_dict.backbone.'",
                      "its temporal shifts are those of this config", "taken: 85 tensors",
                      "backbone.*  85", "num_batches_tracked                17",
                      "state_dict.cls_head.fc_cls.*       2", "at initial values: 84 tensors",
                      "argparse.Namespace                   1", "nothing written (--dry-run)"}),
            ran.out);
    }

    TEST_CASE("weights behind any prefix give the same model, and the report names the prefix") {
        TorchvisionProject project;
        REQUIRE(project.import().code == 0);
        const std::string wanted = test::bytes_of(project.file("W.safetensors"));
        const Named plain = project.tensors;
        for (const std::string prefix :
             {"_orig_mod.", "model.resnet.", "learner.net.", "teacher.backbone.", "backbone.body.",
              "visual_encoder.", "state_dict.module.base_model.", "model_ema.module."}) {
            INFO(prefix);
            project.tensors = plain;
            for (auto& [name, tensor] : project.tensors) name = prefix + name;
            const Ran ran = project.import();
            INFO(ran.err);
            REQUIRE(ran.code == 0);
            CHECK(contains(ran.out, {"under '" + prefix + "'"}));
            CHECK(contains(ran.out, {"averaged weights"}) == (prefix == "model_ema.module."));
            CHECK(test::bytes_of(project.file("W.safetensors")) == wanted);
        }
    }

    TEST_CASE("of several networks the one that fits is taken, and several are refused by name") {
        TorchvisionProject project;
        REQUIRE(project.import().code == 0);
        const std::string student = test::bytes_of(project.file("W.safetensors"));
        const Named plain = project.tensors;
        // Beside a copy whose numbers are others.
        const auto with_copy = [&](const std::string& first, const std::string& second) {
            project.tensors.clear();
            for (const auto& [name, tensor] : plain) {
                project.tensors.emplace_back(first + name, tensor);
                project.tensors.emplace_back(second + name, scale(tensor, 0.5));
            }
        };
        const auto taken = [&](const std::vector<std::string>& more,
                               const std::vector<std::string>& said) {
            const Ran ran = project.import(more);
            INFO(ran.err);
            REQUIRE(ran.code == 0);
            CHECK_MESSAGE(contains(ran.out, said), ran.out);
            return test::bytes_of(project.file("W.safetensors"));
        };
        SUBCASE("student and teacher") {
            with_copy("student.backbone.", "teacher.backbone.");
            CHECK_MISTAKE(project.import(),
                          {"several networks that fit", "'student.backbone.' (",
                           "'teacher.backbone.' (", "--prefix student.backbone."});
            CHECK(taken({"--prefix", "student"},
                        {"under 'student.backbone.'", "left aside: the network under 'teacher."}) ==
                  student);
            CHECK(taken({"--prefix", "student.backbone."}, {}) == student);
            CHECK(taken({"--prefix", "teacher."}, {"under 'teacher.backbone.'"}) != student);
            CHECK_MISTAKE(
                project.import({"--prefix", "professor"}),
                {"under --prefix professor.", "'student.backbone.', 'teacher.backbone.'"});
        }
        SUBCASE("one of them without a prefix") {
            with_copy("", "teacher.");
            CHECK_MISTAKE(project.import(), {"no prefix ('.')", "'teacher.'", "--prefix ."});
            CHECK(taken({"--prefix", "."}, {"names of torchvision or timm\n"}) == student);
            CHECK(taken({"--prefix", "teacher"}, {"under 'teacher.'"}) != student);
        }
        SUBCASE("averaged weights are left where there are others") {
            for (const char* average : {"state_dict_ema.", "ema_model.module.", "encoder_k."}) {
                INFO(std::string(average));
                with_copy("state_dict.", average);
                CHECK(taken({}, {"under 'state_dict.'", "left aside: the network under '" +
                                                            std::string(average)}) == student);
                CHECK(taken({"--prefix", average}, {"averaged weights"}) != student);
            }
        }
        SUBCASE("the same numbers under two names are no choice") {
            with_copy("encoder.", "alias.");
            for (auto& [name, tensor] : project.tensors)
                if (name.starts_with("alias.")) tensor = scale(tensor, 2);
            CHECK(taken({}, {"under '"}) == student);
        }
        SUBCASE("only one is of the config's shape") {
            with_copy("flow.", "rgb.");
            for (auto& [name, tensor] : project.tensors)
                if (name == "flow.conv1.weight") tensor = Tensor::full({8, 10, 7, 7}, 0.5);
            CHECK(taken({}, {"under 'rgb.'"}) != student);
            std::erase_if(project.tensors,
                          [](const auto& entry) { return entry.first == "rgb.layer2.0.bn2.bias"; });
            CHECK_MISTAKE(project.import(), {"(under '", "'"});
        }
        SUBCASE("only the averages are whole") {
            with_copy("swa_model.", "net.");
            std::erase_if(project.tensors,
                          [](const auto& entry) { return entry.first == "net.bn1.bias"; });
            CHECK(taken({}, {"under 'swa_model.', averaged weights"}) == student);
        }
    }

    TEST_CASE("tensors of other dtypes hinder only where they are wanted") {
        TorchvisionProject project;
        REQUIRE(project.import().code == 0);
        const std::string wanted = test::bytes_of(project.file("W.safetensors"));
        std::string bytes = test::bytes_of(project.file("C.safetensors"));
        const auto with = [&](const std::string& name, const std::string& dtype,
                              const std::string& shape, int64_t size) {
            uint64_t length = 0;
            std::memcpy(&length, bytes.data(), 8);
            std::string header = bytes.substr(8, length);
            const int64_t data = static_cast<int64_t>(bytes.size() - 8 - length);
            // Another program's file has no checksums.
            header.replace(header.find(metadata_checksums), std::strlen(metadata_checksums),
                           "tensor_notes");
            header.erase(header.rfind('}'));
            header += ",\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
                      ",\"data_offsets\":[" + std::to_string(data) + "," +
                      std::to_string(data + size) + "]}}";
            const uint64_t longer = header.size();
            test::write(project.file("D.safetensors"),
                        std::string(reinterpret_cast<const char*>(&longer), 8) + header +
                            bytes.substr(8 + length) +
                            std::string(static_cast<size_t>(size), '\x11'));
            return microdualnet({"import", project.file("D.safetensors"), "--config",
                                 project.config, "--out", project.file("W.safetensors")});
        };
        for (const auto& [dtype, size] : {std::pair("BOOL", 3), {"I32", 12}, {"F8_E4M3", 3}}) {
            const Ran ran = with("head.mask", dtype, "[3]", size);
            INFO(ran.err);
            CHECK(ran.code == 0);
            CHECK(test::bytes_of(project.file("W.safetensors")) == wanted);
        }
        std::erase_if(project.tensors, [](const auto& entry) { return entry.first == "bn1.bias"; });
        project.import();
        bytes = test::bytes_of(project.file("C.safetensors"));
        CHECK_MISTAKE(with("bn1.bias", "F8_E5M2", "[8]", 8),
                      {"D.safetensors: tensor 'bn1.bias' holds F8_E5M2, which is not read"});
        // Where our own weights are read, too.
        const MicroDualNet model(load_config(project.config), 9);
        Named all = weights_to_disk(model.parameters());
        std::erase_if(all, [](const auto& entry) { return entry.first == "backbone.bn1.bias"; });
        write_safetensors(project.file("C.safetensors"), all);
        bytes = test::bytes_of(project.file("C.safetensors"));
        with("backbone.bn1.bias", "I16", "[8]", 16);
        CHECK_MISTAKE(microdualnet({"eval", "--weights", project.file("D.safetensors"), "--config",
                                    project.config, "--data", project.data}),
                      {"'backbone.bn1.bias' holds I16, which is not read"});
    }

    TEST_CASE("train starts from imported weights, eval and trace read them") {
        const TorchvisionProject project;
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
        TorchvisionProject project;
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
            for (auto& [name, tensor] : project.tensors) name += ".value";
            CHECK_MISTAKE(project.import(), {"no tensor whose name is known", "docs/weights.md"});
        }
        SUBCASE("no tensors at all") {
            project.tensors.clear();
            CHECK_MISTAKE(project.import(), {"C.safetensors holds no tensors"});
        }
        SUBCASE("a convolution of zeros") {
            project.at("layer3.0.conv1.weight") =
                Tensor::full(project.at("layer3.0.conv1.weight").shape(), 0);
            CHECK_MISTAKE(
                project.import(),
                {"'layer3.0.conv1.weight' [32, 16, 3, 3] holds nothing but", "zeros", "skip_data"});
        }
        SUBCASE("variances of zeros") {
            project.at("bn1.running_var") = Tensor::full({8}, 0);
            CHECK_MISTAKE(project.import(), {"'bn1.running_var' [8] holds nothing but zeros"});
        }
        SUBCASE("two tensors for one parameter") {
            project.tensors.emplace_back("layer1.0.conv1.net.weight",
                                         Tensor::full({8, 8, 3, 3}, 0.5));
            // Both of MIT's and torchvision's names, and then the shifts of the others are missing.
            CHECK_MISTAKE(project.import(), {"spaced differently"});
        }
        CHECK(!std::filesystem::exists(project.file("W.safetensors")));
    }
}
