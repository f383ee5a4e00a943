#include "model/checkpoint_names.h"

#include <doctest/doctest.h>

using namespace mdn;
using Kind = MappedName::Kind;

namespace {

/// The only name's mapping, when the names beside it say whose they are.
MappedName map_beside(const std::vector<std::string>& beside, const std::string& name) {
    std::vector<std::string> names = beside;
    names.push_back(name);
    return map_checkpoint_names(names).names.back();
}

}  // namespace

TEST_SUITE("model/checkpoint_names") {
    TEST_CASE("each project's names become ours") {
        struct Row {
            const char *family, *theirs, *ours;
            bool shifted;
        };
        const std::vector<std::vector<Row>> projects = {
            {{"torchvision or timm", "conv1.weight", "backbone.conv1.weight", false},
             {"", "bn1.running_var", "backbone.bn1.running_var", false},
             {"", "layer3.22.conv2.weight", "backbone.layer3.22.conv2.weight", false},
             {"", "layer3.22.bn3.bias", "backbone.layer3.22.bn3.bias", false},
             {"", "layer4.0.downsample.0.weight", "backbone.layer4.0.downsample.0.weight", false},
             {"", "layer4.0.downsample.1.running_mean",
              "backbone.layer4.0.downsample.1.running_mean", false}},
            {{"MMAction2", "state_dict.backbone.conv1.conv.weight", "backbone.conv1.weight", false},
             {"", "state_dict.backbone.conv1.bn.weight", "backbone.bn1.weight", false},
             {"", "state_dict.backbone.layer1.0.conv1.conv.net.weight",
              "backbone.layer1.0.conv1.weight", true},
             {"", "state_dict.backbone.layer1.1.conv1.conv.weight",
              "backbone.layer1.1.conv1.weight", false},
             {"", "state_dict.backbone.layer1.1.conv3.bn.running_mean",
              "backbone.layer1.1.bn3.running_mean", false},
             {"", "state_dict.backbone.layer2.0.downsample.conv.weight",
              "backbone.layer2.0.downsample.0.weight", false},
             {"", "state_dict.backbone.layer2.0.downsample.bn.bias",
              "backbone.layer2.0.downsample.1.bias", false}},
            {{"MIT TSM", "state_dict.module.base_model.layer1.0.conv1.net.weight",
              "backbone.layer1.0.conv1.weight", true},
             {"", "state_dict.module.base_model.bn1.weight", "backbone.bn1.weight", false}},
            {{"Hugging Face", "resnet.embedder.embedder.convolution.weight",
              "backbone.conv1.weight", false},
             {"", "resnet.embedder.embedder.normalization.bias", "backbone.bn1.bias", false},
             {"", "resnet.encoder.stages.0.layers.2.layer.0.convolution.weight",
              "backbone.layer1.2.conv1.weight", false},
             {"", "resnet.encoder.stages.3.layers.0.layer.2.normalization.running_var",
              "backbone.layer4.0.bn3.running_var", false},
             {"", "resnet.encoder.stages.1.layers.0.shortcut.convolution.weight",
              "backbone.layer2.0.downsample.0.weight", false},
             {"", "resnet.encoder.stages.1.layers.0.shortcut.normalization.weight",
              "backbone.layer2.0.downsample.1.weight", false}},
            {{"Micro-DualNet", "module.backbone.layer1.0.conv1.weight",
              "backbone.layer1.0.conv1.weight", false},
             {"", "module.st.spatial.layers.0.norm1.weight", "st.spatial.layers.0.norm1.weight",
              false},
             {"", "module.router.fc1_weight", "router.fc1_weight", false}},
        };
        for (const auto& project : projects) {
            std::vector<std::string> names;
            for (const Row& row : project) names.push_back(row.theirs);
            const NameMapping mapping = map_checkpoint_names(names);
            CHECK(mapping.family == project[0].family);
            CHECK(mapping.own == (mapping.family == "Micro-DualNet"));
            CHECK(mapping.taken == static_cast<int64_t>(project.size()));
            for (size_t i = 0; i < project.size(); ++i) {
                INFO(project[i].theirs);
                CHECK(mapping.names[i].kind == Kind::taken);
                CHECK(mapping.names[i].ours == project[i].ours);
                CHECK(mapping.names[i].shifted == project[i].shifted);
            }
        }
    }

    TEST_CASE("plain weights are preferred to averaged ones, whichever come first") {
        const NameMapping mapping = map_checkpoint_names(
            {"state_dict_ema.conv1.weight", "state_dict_ema.bn1.bias", "state_dict.conv1.weight",
             "state_dict.bn1.bias", "optimizer.state.0.conv1.weight"});
        CHECK(mapping.wrapper == "state_dict.");
        CHECK(mapping.taken == 2);
        CHECK(mapping.names[0].kind == Kind::outside);
        CHECK(mapping.names[2].ours == "backbone.conv1.weight");
        CHECK(mapping.names[4].kind == Kind::outside);
        CHECK(map_checkpoint_names({"model_ema.conv1.weight"}).wrapper == "model_ema.");
    }

    TEST_CASE("heads are outside, counters are counters, other architectures are alien") {
        const std::vector<std::string> torchvision = {"conv1.weight", "bn1.weight"};
        CHECK(map_beside(torchvision, "fc.weight").kind == Kind::outside);
        CHECK(map_beside(torchvision, "layer1.0.bn1.num_batches_tracked").kind == Kind::counter);
        for (const auto& refused : {std::pair("layer1.0.se.fc1.weight", "squeeze-and-excitation"),
                                    {"layer1.0.net.conv1.weight", "blockres"},
                                    {"layer2.1.nl.theta.weight", "non-local"},
                                    {"layer2.0.downsample.2.weight", "ResNet-D"},
                                    {"layer1.0.conv1.bias", "a part that"},
                                    {"layer1.0.bn1.weight.more", "a part that"},
                                    {"layer1.00.bn1.weight", "a part that"},
                                    {"layer1.0.bn1.momentum", "a part that"},
                                    {"conv1.0.weight", "a stem"}}) {
            const auto& [name, why] = refused;
            INFO(refused.first);
            const MappedName mapped = map_beside(torchvision, name);
            CHECK(mapped.kind == Kind::alien);
            CHECK(mapped.why.find(why) != std::string::npos);
        }
    }

    TEST_CASE("no names, and names of nobody") {
        CHECK(map_checkpoint_names({}).taken == 0);
        const NameMapping mapping = map_checkpoint_names({"", ".", "conv1", "module.", "weight"});
        CHECK(mapping.taken == 0);
        CHECK(mapping.names.size() == 5);
    }
}
