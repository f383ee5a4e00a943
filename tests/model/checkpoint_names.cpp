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

    TEST_CASE("a network is found behind any prefix, and the prefix is said") {
        for (const char* prefix :
             {"", "_orig_mod.", "model.resnet.", "learner.net.", "teacher.backbone.",
              "backbone.body.", "visual_encoder.", "state_dict.module._orig_mod.model.0.",
              "a.b.c.d.e.f.g.h.i.j.k.l."}) {
            INFO(std::string(prefix));
            const std::string before = prefix;
            const NameMapping mapping = map_checkpoint_names(
                {"epoch.weight", before + "conv1.weight", before + "bn1.running_var",
                 before + "layer1.0.conv1.weight", before + "layer1.0.bn1.num_batches_tracked",
                 before + "layer4.2.downsample.1.bias", before + "fc.weight"});
            CHECK(mapping.prefix == prefix);
            CHECK(mapping.family == "torchvision or timm");
            CHECK(mapping.taken == 4);
            CHECK(mapping.names[0].kind == Kind::outside);
            CHECK(mapping.names[1].ours == "backbone.conv1.weight");
            CHECK(mapping.names[5].ours == "backbone.layer4.2.downsample.1.bias");
            CHECK(mapping.names[6].kind == Kind::outside);
        }
    }

    TEST_CASE("wrappers inside a name are passed over, whatever part they wrap") {
        const NameMapping mapping = map_checkpoint_names(
            {"net.conv1._orig_mod.weight", "net.bn1._checkpoint_wrapped_module.bias",
             "net.layer1._fsdp_wrapped_module.0._orig_mod.conv1.weight",
             "net.layer2.module.0.bn1.weight", "net.layer3.other.0.bn1.weight"});
        CHECK(mapping.prefix == "net.");
        CHECK(mapping.names[0].ours == "backbone.conv1.weight");
        CHECK(mapping.names[1].ours == "backbone.bn1.bias");
        CHECK(mapping.names[2].ours == "backbone.layer1.0.conv1.weight");
        CHECK(mapping.names[3].ours == "backbone.layer2.0.bn1.weight");
        CHECK(mapping.names[4].kind == Kind::alien);
    }

    TEST_CASE("positions of an nn.Sequential of a network's children") {
        for (const std::string before : {"", "0.", "model.features."}) {
            INFO(before);
            const NameMapping mapping = map_checkpoint_names(
                {before + "0.weight", before + "1.running_mean", before + "4.0.conv1.weight",
                 before + "5.1.bn2.bias", before + "6.0.downsample.0.weight",
                 before + "7.0.downsample.1.weight", before + "7.0.conv1.net.weight",
                 before + "9.weight", before + "1.num_batches_tracked"});
            CHECK(mapping.prefix == before);
            std::vector<std::string> ours;
            for (const MappedName& name : mapping.names) ours.push_back(name.ours);
            CHECK(ours == std::vector<std::string>{
                              "backbone.conv1.weight", "backbone.bn1.running_mean",
                              "backbone.layer1.0.conv1.weight", "backbone.layer2.1.bn2.bias",
                              "backbone.layer3.0.downsample.0.weight",
                              "backbone.layer4.0.downsample.1.weight",
                              "backbone.layer4.0.conv1.weight", "", ""});
            CHECK(mapping.names[6].shifted);
        }
        // Something with weights where a ResNet has its ReLU or its pooling, or a stem with a bias.
        const std::vector<std::string> network = {"0.weight", "1.weight", "4.0.conv1.weight"};
        for (const char* alien : {"2.weight", "3.0.conv1.weight", "0.bias", "5.0.se.weight"}) {
            INFO(std::string(alien));
            CHECK(map_beside(network, alien).kind == Kind::alien);
        }
        // Other positions mean other modules between, and linear layers are no network.
        for (const NamePlace& place :
             find_name_places({"0.weight", "1.weight", "3.0.conv1.weight"}))
            CHECK(!place.has_blocks);
        CHECK(map_checkpoint_names({"0.weight", "0.bias", "1.weight", "2.weight"}).taken == 0);
    }

    TEST_CASE("a stem gathered as layer0") {
        const NameMapping mapping =
            map_checkpoint_names({"layer0.0.weight", "layer0.1.bias", "layer1.0.conv1.weight"});
        CHECK(mapping.names[0].ours == "backbone.conv1.weight");
        CHECK(mapping.names[1].ours == "backbone.bn1.bias");
        CHECK(map_beside({"layer0.0.weight", "layer1.0.conv1.weight"}, "layer0.3.weight").kind ==
              Kind::alien);
    }

    TEST_CASE("the places of several networks, the fullest first, averages last among equals") {
        std::vector<std::string> names;
        for (const std::string before :
             {"state_dict_ema.", "small.", "teacher.", "student.", "module.encoder_k."})
            for (const char* name : {"conv1.weight", "bn1.bias", "layer1.0.conv1.weight"})
                if (before != "small." || name[0] != 'b') names.push_back(before + name);
        std::vector<std::string> prefixes, averaged;
        for (const NamePlace& place : find_name_places(names)) {
            if (!place.has_blocks) continue;
            (place.averaged ? averaged : prefixes).push_back(place.prefix);
            if (place.averaged) CHECK((prefixes.size() == 2 || place.prefix == "small."));
        }
        CHECK(prefixes == std::vector<std::string>{"student.", "teacher.", "small."});
        CHECK(averaged == std::vector<std::string>{"module.encoder_k.", "state_dict_ema."});
        CHECK(!find_name_places({"schema.layer1.0.conv1.weight"})[0].averaged);
        CHECK(find_name_places({"ema_model.layer1.0.conv1.weight"})[0].averaged);
    }

    TEST_CASE("a backbone is taken for our own only beside more of this model") {
        const std::vector<std::string> backbone = {"net.backbone.conv1.weight",
                                                   "net.backbone.layer1.0.conv1.weight"};
        CHECK(!map_checkpoint_names(backbone).own);
        CHECK(map_checkpoint_names(backbone).prefix == "net.backbone.");
        // DeepLab has a classifier, too.
        std::vector<std::string> names = backbone;
        names.push_back("net.classifier.0.convs.0.0.weight");
        CHECK(!map_checkpoint_names(names).own);
        for (const char* part :
             {"net.classifier.fc1.weight", "net.sem.depthwise.weight", "net.pose.fc1_weight"}) {
            INFO(std::string(part));
            names = backbone;
            names.push_back(part);
            const NameMapping mapping = map_checkpoint_names(names);
            CHECK(mapping.own);
            CHECK(mapping.prefix == "net.");
            CHECK(mapping.taken == 3);
            CHECK(mapping.names[2].ours == std::string(part).substr(4));
        }
    }

    TEST_CASE("plain weights are preferred to averaged ones, whichever come first") {
        const NameMapping mapping = map_checkpoint_names(
            {"state_dict_ema.conv1.weight", "state_dict_ema.bn1.bias", "state_dict.conv1.weight",
             "state_dict.bn1.bias", "optimizer.state.0.weight"});
        CHECK(mapping.prefix == "state_dict.");
        CHECK(mapping.taken == 2);
        CHECK(mapping.names[0].kind == Kind::outside);
        CHECK(mapping.names[2].ours == "backbone.conv1.weight");
        CHECK(mapping.names[4].kind == Kind::outside);
        CHECK(map_checkpoint_names({"model_ema.conv1.weight"}).prefix == "model_ema.");
    }

    TEST_CASE("heads are outside, counters are counters, other architectures are alien") {
        const std::vector<std::string> torchvision = {"conv1.weight", "bn1.weight"};
        CHECK(map_beside(torchvision, "fc.weight").kind == Kind::outside);
        CHECK(map_beside(torchvision, "layer1.0.bn1.num_batches_tracked").kind == Kind::counter);
        for (const auto& refused :
             {std::pair("layer1.0.se.fc1.weight", "squeeze-and-excitation"),
              {"layer1.0.net.conv1.weight", "blockres"},
              {"layer1.0.conv1.weight_orig", "prune.remove"},
              {"layer1.0.conv1.weight_g", "remove_weight_norm"},
              {"layer1.0.conv1.parametrizations.weight.original0", "remove_parametrizations"},
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
