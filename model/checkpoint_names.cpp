#include "model/checkpoint_names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>

namespace mdn {

namespace {

/// In a pattern, '#' is a number, '*' one of the four tensors of a batch norm, '~' whatever is
/// left. The target repeats them in order; '+' there is a number that others count from 0 and we
/// from 1.
struct Rule {
    const char* theirs;
    const char* ours;
    bool shifted = false;
};

constexpr Rule torchvision_rules[] = {
    {"conv1.weight", "backbone.conv1.weight"},
    {"bn1.*", "backbone.bn1.*"},
    {"layer#.#.conv#.weight", "backbone.layer#.#.conv#.weight"},
    {"layer#.#.bn#.*", "backbone.layer#.#.bn#.*"},
    {"layer#.#.downsample.0.weight", "backbone.layer#.#.downsample.0.weight"},
    {"layer#.#.downsample.1.*", "backbone.layer#.#.downsample.1.*"},
    // MIT's TSM wraps the convolution that it shifts.
    {"layer#.#.conv1.net.weight", "backbone.layer#.#.conv1.weight", true},
    // Segmentation networks gather the stem, nn.Sequential(conv1, bn1, relu, maxpool).
    {"layer0.0.weight", "backbone.conv1.weight"},
    {"layer0.1.*", "backbone.bn1.*"},
};

/// nn.Sequential(*resnet.children()): conv1, bn1, relu, maxpool, layer1 to layer4. Other positions
/// would mean other modules between them, which have no names.
constexpr Rule position_rules[] = {
    {"0.weight", "backbone.conv1.weight"},
    {"1.*", "backbone.bn1.*"},
#define STAGE(position, stage)                                                                \
    {position ".#.conv#.weight", "backbone.layer" stage ".#.conv#.weight"},                   \
        {position ".#.bn#.*", "backbone.layer" stage ".#.bn#.*"},                             \
        {position ".#.downsample.0.weight", "backbone.layer" stage ".#.downsample.0.weight"}, \
        {position ".#.downsample.1.*", "backbone.layer" stage ".#.downsample.1.*"}, {         \
        position ".#.conv1.net.weight", "backbone.layer" stage ".#.conv1.weight", true        \
    }
    STAGE("4", "1"),
    STAGE("5", "2"),
    STAGE("6", "3"),
    STAGE("7", "4"),
#undef STAGE
};

constexpr Rule mmaction2_rules[] = {
    {"conv1.conv.weight", "backbone.conv1.weight"},
    {"conv1.bn.*", "backbone.bn1.*"},
    {"layer#.#.conv#.conv.weight", "backbone.layer#.#.conv#.weight"},
    {"layer#.#.conv1.conv.net.weight", "backbone.layer#.#.conv1.weight", true},
    {"layer#.#.conv#.bn.*", "backbone.layer#.#.bn#.*"},
    {"layer#.#.downsample.conv.weight", "backbone.layer#.#.downsample.0.weight"},
    {"layer#.#.downsample.bn.*", "backbone.layer#.#.downsample.1.*"},
};

constexpr Rule hugging_face_rules[] = {
    {"embedder.embedder.convolution.weight", "backbone.conv1.weight"},
    {"embedder.embedder.normalization.*", "backbone.bn1.*"},
    {"encoder.stages.#.layers.#.layer.#.convolution.weight", "backbone.layer+.#.conv+.weight"},
    {"encoder.stages.#.layers.#.layer.#.normalization.*", "backbone.layer+.#.bn+.*"},
    {"encoder.stages.#.layers.#.shortcut.convolution.weight",
     "backbone.layer+.#.downsample.0.weight"},
    {"encoder.stages.#.layers.#.shortcut.normalization.*", "backbone.layer+.#.downsample.1.*"},
};

constexpr Rule own_rules[] = {
    {"sem.~", "sem.~"}, {"pose.~", "pose.~"},     {"st.~", "st.~"},
    {"ts.~", "ts.~"},   {"router.~", "router.~"}, {"classifier.fc#.~", "classifier.fc#.~"},
};

/// Parts of a ResNet that this model's does not have, the telling ones first.
struct Alien {
    const char* theirs;
    const char* why;
};

constexpr Alien aliens[] = {
    {"layer#.#.net.~",
     "a temporal shift before the whole block (shift_place 'block'); this model "
     "shifts inside the residual branch ('blockres')"},
    {"layer#.#.block.~", "non-local blocks"},
    {"layer#.#.nl.~", "non-local blocks"},
    {"layer#.#.non_local_block.~", "non-local blocks"},
    {"layer#.#.se.~", "squeeze-and-excitation"},
    {"layer#.#.conv#.weight_orig",
     "pruned weights, which torch.nn.utils.prune.remove makes plain ones"},
    {"layer#.#.conv#.weight_g",
     "normalised weights, which torch.nn.utils.remove_weight_norm makes plain ones"},
    {"layer#.#.conv#.parametrizations.~",
     "parametrised weights, which torch.nn.utils.parametrize.remove_parametrizations makes plain "
     "ones"},
    {"layer#.#.downsample.2.~", "pooling in the downsampling (ResNet-D)"},
    {"conv1.#.~", "a stem of several convolutions (ResNet-C or -D)"},
    {"layer0.~", "a stem of several convolutions, or one with another layout"},
    {"layer#.~", "a part that this model's ResNet does not have"},
    {"conv1.~", "a part that this model's ResNet does not have"},
    {"bn1.~", "a part that this model's ResNet does not have"},
    {"embedder.~", "a part that this model's ResNet does not have"},
    {"encoder.stages.~", "a part that this model's ResNet does not have"},
};

constexpr Alien position_aliens[] = {
    {"0.~", "a stem other than one convolution"},
    {"1.~", "a stem other than a convolution and a batch norm"},
    {"2.~", "weights at position 2, where a ResNet has its ReLU"},
    {"3.~", "weights at position 3, where a ResNet has its pooling"},
    {"4.~", "a part that this model's ResNet does not have"},
    {"5.~", "a part that this model's ResNet does not have"},
    {"6.~", "a part that this model's ResNet does not have"},
    {"7.~", "a part that this model's ResNet does not have"},
};

struct Family {
    const char* name;
    std::span<const Rule> rules;
    std::span<const Alien> aliens;
};

constexpr Family families[] = {
    {"torchvision or timm", torchvision_rules, aliens},
    {"MMAction2", mmaction2_rules, aliens},
    {"Hugging Face", hugging_face_rules, aliens},
    {"torchvision by position", position_rules, position_aliens},
};
constexpr size_t torchvision = 0, positions = 3;
/// Stands for the family of this model's own names: those of own_rules, and torchvision's under
/// "backbone.".
constexpr size_t own = std::size(families);
constexpr const char* own_backbone = "backbone.";

/// Components of a prefix that say that the weights behind it are averages of others: of the model
/// over its training, or MoCo's key encoder of its query encoder.
constexpr std::string_view averaged[] = {"ema", "swa", "averaged", "averaged_model", "encoder_k"};

/// Modules that wrap another one and change nothing of what it computes; they may stand in the
/// middle of a name, where only a part of the network was wrapped.
constexpr std::string_view wrappers[] = {"_orig_mod.", "_fsdp_wrapped_module.",
                                         "_checkpoint_wrapped_module.", "module."};

constexpr size_t deepest_rule = 16;  // components of a name, wrappers among them

constexpr std::array<std::string_view, 4> norm_tensors = {"weight", "bias", "running_mean",
                                                          "running_var"};
constexpr std::string_view counter = "num_batches_tracked";

bool is_digit(char character) { return character >= '0' && character <= '9'; }

/// What the wildcards stand for, in order; nothing if the pattern does not fit.
std::optional<std::vector<std::string_view>> match(std::string_view pattern,
                                                   std::string_view text) {
    std::vector<std::string_view> found;
    for (const char expected : pattern) {
        size_t length = 1;
        if (expected == '#') {
            length = static_cast<size_t>(std::find_if_not(text.begin(), text.end(), is_digit) -
                                         text.begin());
            if (length < 1 || length > 4) return {};
            if (length > 1 && text.front() == '0') return {};
        } else if (expected == '*') {
            length = text.size();
            if (std::find(norm_tensors.begin(), norm_tensors.end(), text) == norm_tensors.end())
                return {};
        } else if (expected == '~') {
            length = text.size();
        } else if (text.empty() || text.front() != expected) {
            return {};
        }
        if (expected == '#' || expected == '*' || expected == '~')
            found.push_back(text.substr(0, length));
        text.remove_prefix(length);
    }
    if (!text.empty()) return {};
    return found;
}

std::string fill(std::string_view target, const std::vector<std::string_view>& found) {
    std::string text;
    size_t next = 0;
    for (const char character : target) {
        if (character == '+') {
            int number = 0;
            const std::string_view digits = found[next++];
            std::from_chars(digits.data(), digits.data() + digits.size(), number);
            text += std::to_string(number + 1);
        } else if (character == '#' || character == '*' || character == '~') {
            text += found[next++];
        } else {
            text += character;
        }
    }
    return text;
}

/// The rule that the name fits; null if none does.
const Rule* rule_for(std::span<const Rule> rules, std::string_view name) {
    const auto fits = [&](const Rule& rule) { return match(rule.theirs, name).has_value(); };
    const auto found = std::find_if(rules.begin(), rules.end(), fits);
    return found == rules.end() ? nullptr : &*found;
}

bool apply(std::span<const Rule> rules, std::string_view name, MappedName& mapped) {
    const Rule* rule = rule_for(rules, name);
    if (!rule) return false;
    mapped = {
        MappedName::Kind::taken, fill(rule->ours, *match(rule->theirs, name)), rule->shifted, {}};
    return true;
}

bool wrapped(std::string_view name) {
    return std::any_of(std::begin(wrappers), std::end(wrappers),
                       [&](std::string_view wrapper) { return name.starts_with(wrapper); });
}

/// The name without the wrappers in it, but for those at its beginning.
std::string unwrapped(std::string_view name) {
    std::string text;
    for (bool first = true; !name.empty(); first = false) {
        const size_t dot = name.find('.');
        const size_t length = dot == std::string_view::npos ? name.size() : dot + 1;
        if (first || !wrapped(name)) text += name.substr(0, length);
        name.remove_prefix(length);
    }
    return text;
}

/// Calls visit(prefix, rest) for each way to cut the name before one of its last components.
template <class Visit>
void each_cut(std::string_view name, Visit visit) {
    size_t cut = name.size();
    for (size_t i = 0; i < deepest_rule && cut > 0; ++i) {
        const size_t dot = cut < 2 ? std::string_view::npos : name.rfind('.', cut - 2);
        cut = dot == std::string_view::npos ? 0 : dot + 1;
        if (!wrapped(name.substr(cut)))
            visit(name.substr(0, cut), std::string_view(unwrapped(name.substr(cut))));
    }
}

bool is_averaged(std::string_view prefix) {
    while (!prefix.empty()) {
        std::string_view part = prefix.substr(0, prefix.find('.'));
        prefix.remove_prefix(std::min(prefix.size(), part.size() + 1));
        for (const std::string_view word : averaged) {
            const std::string text(word);
            if (part == word || part.starts_with(text + "_") || part.ends_with("_" + text) ||
                part.find("_" + text + "_") != std::string_view::npos)
                return true;
        }
    }
    return false;
}

MappedName map_name(const NamePlace& place, std::string_view name) {
    MappedName mapped;
    if (name.ends_with(counter)) {
        mapped.kind = MappedName::Kind::counter;
        return mapped;
    }
    if (!name.starts_with(place.prefix)) return mapped;
    const std::string rest = unwrapped(name.substr(place.prefix.size()));
    std::string_view theirs = rest;
    if (place.rules == own) {
        if (apply(own_rules, theirs, mapped) || !theirs.starts_with(own_backbone)) return mapped;
        theirs.remove_prefix(std::string_view(own_backbone).size());
    }
    const Family& family = families[place.rules == own ? torchvision : place.rules];
    if (apply(family.rules, theirs, mapped)) return mapped;
    for (const Alien& alien : family.aliens)
        if (match(alien.theirs, theirs)) return {MappedName::Kind::alien, {}, false, alien.why};
    return mapped;
}

std::string family_name(size_t rules, const std::string& prefix) {
    if (rules == own) return "Micro-DualNet";
    if (rules == torchvision && (prefix == "base_model." || prefix.ends_with(".base_model.")))
        return "MIT TSM";
    return families[rules].name;
}

}  // namespace

std::vector<NamePlace> find_name_places(const std::vector<std::string>& names) {
    struct Found {
        int64_t known = 0;
        bool has_blocks = false, has_own = false;
    };
    std::map<std::pair<std::string, size_t>, Found> found;
    const auto add = [&](std::string_view prefix, size_t rules, const Rule* rule) {
        if (!rule) return;
        Found& place = found[{std::string(prefix), rules}];
        ++place.known;
        const std::string_view ours = rule->ours;
        place.has_blocks |= ours.starts_with("backbone.layer");
        place.has_own |= !ours.starts_with(own_backbone);
    };
    for (const std::string& name : names)
        each_cut(name, [&](std::string_view prefix, std::string_view rest) {
            for (size_t i = 0; i < std::size(families); ++i)
                add(prefix, i, rule_for(families[i].rules, rest));
            add(prefix, own, rule_for(own_rules, rest));
            if (!rest.starts_with(own_backbone)) return;
            rest.remove_prefix(std::string_view(own_backbone).size());
            add(prefix, own, rule_for(torchvision_rules, rest));
        });
    std::vector<NamePlace> places;
    for (const auto& [key, place] : found) {
        const auto& [prefix, rules] = key;
        // A backbone alone is not known to be ours; positions without blocks are of any Sequential.
        if ((rules == own && !place.has_own) || (rules == positions && !place.has_blocks)) continue;
        places.push_back({family_name(rules, prefix), prefix, place.known, place.has_blocks,
                          rules == own, is_averaged(prefix), rules});
    }
    std::stable_sort(places.begin(), places.end(), [](const NamePlace& a, const NamePlace& b) {
        return std::tuple(b.has_blocks, b.known, a.averaged) <
               std::tuple(a.has_blocks, a.known, b.averaged);
    });
    return places;
}

NameMapping map_names(const std::vector<std::string>& names, const NamePlace& place) {
    NameMapping mapping{place.family, place.own, place.prefix, {}, 0, false};
    for (const std::string& name : names) {
        MappedName mapped = map_name(place, name);
        mapping.taken += mapped.kind == MappedName::Kind::taken;
        mapping.shifted |= mapped.shifted;
        mapping.names.push_back(std::move(mapped));
    }
    return mapping;
}

NameMapping map_checkpoint_names(const std::vector<std::string>& names) {
    const std::vector<NamePlace> places = find_name_places(names);
    if (!places.empty()) return map_names(names, places.front());
    NameMapping none;
    none.names.resize(names.size());
    return none;
}

}  // namespace mdn
