#include "model/checkpoint_fit.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "engine/error.h"
#include "model/backbone.h"

namespace mdn {

namespace {

using Depths = std::array<int64_t, 4>;

struct Known {
    const char* name;
    Block block;
    Depths depths;
};

constexpr Known known_networks[] = {
    {"ResNet-18", Block::basic, {2, 2, 2, 2}},
    {"ResNet-34", Block::basic, {3, 4, 6, 3}},
    {"ResNet-50", Block::bottleneck, {3, 4, 6, 3}},
    {"ResNet-101", Block::bottleneck, {3, 4, 23, 3}},
    {"ResNet-152", Block::bottleneck, {3, 8, 36, 3}},
};

std::string to_string(const Depths& depths) {
    return mdn::to_string(Shape(depths.begin(), depths.end()));
}

/// "layer1.1, layer1.3, layer2.1 and 12 others"
std::string some_of(const std::vector<std::string>& blocks) {
    constexpr size_t shown = 3;
    std::string text;
    for (size_t i = 0; i < std::min(shown, blocks.size()); ++i)
        text.append(i ? ", " : "").append(blocks[i]);
    if (blocks.size() > shown) text += " and " + std::to_string(blocks.size() - shown) + " others";
    return text;
}

/// What the checkpoint's names and shapes say.
struct Found {
    Config::Backbone backbone{Block::basic, {0, 0, 0, 0}, 0, {}};
    std::set<std::string> blocks, shifted;  // "layer1.0"

    Found(const NameMapping& mapping, const std::vector<Shape>& shapes) {
        for (size_t i = 0; i < mapping.names.size(); ++i) {
            const MappedName& name = mapping.names[i];
            if (name.ours == "backbone.conv1.weight" && !shapes[i].empty())
                backbone.width = shapes[i][0];
            int stage = 0, block = 0, end = 0;
            if (std::sscanf(name.ours.c_str(), "backbone.layer%d.%d.%n", &stage, &block, &end) !=
                    2 ||
                stage < 1 || stage > 4 || end == 0)
                continue;
            int64_t& depth = backbone.depths[static_cast<size_t>(stage - 1)];
            depth = std::max<int64_t>(depth, block + 1);
            const std::string key = "layer" + std::to_string(stage) + "." + std::to_string(block);
            blocks.insert(key);
            if (name.shifted) shifted.insert(key);
            if (name.ours.compare(static_cast<size_t>(end), 6, "conv3.") == 0)
                backbone.block = Block::bottleneck;
        }
    }
};

void check_shifts(const std::set<std::string>& shifted, const Config::Backbone& config,
                  const std::string& source) {
    std::vector<std::string> only_there, only_here;
    for (const BlockPlan& block : plan_blocks(config)) {
        const bool there = shifted.contains(block.name);
        if (there && !block.shifted) only_there.push_back(block.name);
        if (!there && block.shifted) only_here.push_back(block.name);
    }
    if (only_there.empty() && only_here.empty()) return;
    const bool deep = config.depths[2] >= 23;
    std::string message = source + ": its temporal shifts are spaced differently: ";
    if (!only_there.empty())
        message += some_of(only_there) + (only_there.size() == 1 ? " is" : " are") +
                   " shifted there and not in this model";
    if (!only_here.empty())
        message += (only_there.empty() ? "" : "; ") + some_of(only_here) +
                   (only_here.size() == 1 ? " is" : " are") +
                   " shifted in this model and not there";
    throw Error(message,
                std::string("a backbone of depths ") + to_string(config.depths) +
                    (deep ? " shifts every second block (n = 2)" : " shifts every block (n = 1)") +
                    ", as MMAction2 and MIT's TSM do; the weights would be used wrongly");
}

}  // namespace

std::string describe_backbone(const Config::Backbone& config) {
    std::string name = "a ResNet";
    for (const Known& known : known_networks)
        if (known.block == config.block && known.depths == config.depths) name = known.name;
    return name + " (" + (config.block == Block::basic ? "basic" : "bottleneck") +
           " blocks, depths " + to_string(config.depths) + ", width " +
           std::to_string(config.width) + ")";
}

void check_backbone_fits(const NameMapping& mapping, const std::vector<Shape>& shapes,
                         const Config::Backbone& config, const std::string& source) {
    const Found found(mapping, shapes);
    Config::Backbone theirs = found.backbone;
    if (theirs.width == 0) theirs.width = config.width;  // without conv1: reported as missing
    if (!mapping.own) {
        const bool same = theirs.block == config.block && theirs.depths == config.depths &&
                          theirs.width == config.width;
        if (!same)
            throw Error(source + " is " + describe_backbone(theirs) +
                            ", but the config's backbone is " + describe_backbone(config),
                        "choose a checkpoint or a config whose block, depths and width agree");
    }
    std::set<std::string> wanted;
    for (const BlockPlan& block : plan_blocks(config)) wanted.insert(block.name);
    for (const std::string& block : found.blocks)
        if (!wanted.contains(block))
            throw Error(source + " has a block " + block + ", but the config's backbone is " +
                            describe_backbone(config),
                        "do the weights belong to this config?");
    if (mapping.shifted) check_shifts(found.shifted, config, source);
}

}  // namespace mdn
