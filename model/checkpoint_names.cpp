#include "model/checkpoint_names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <span>
#include <string_view>

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
    {"sem.~", "sem.~"},
    {"st.~", "st.~"},
    {"ts.~", "ts.~"},
    {"router.~", "router.~"},
    {"classifier.~", "classifier.~"},
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
    {"layer#.#.downsample.2.~", "pooling in the downsampling (ResNet-D)"},
    {"conv1.#.~", "a stem of several convolutions (ResNet-C or -D)"},
    {"layer#.~", "a part that this model's ResNet does not have"},
    {"conv1.~", "a part that this model's ResNet does not have"},
    {"bn1.~", "a part that this model's ResNet does not have"},
    {"embedder.~", "a part that this model's ResNet does not have"},
    {"encoder.stages.~", "a part that this model's ResNet does not have"},
};

struct Family {
    const char* name;
    const char* prefix;
    std::span<const Rule> rules, more_rules;  // the latter without the prefix
    bool own;
};

const Family families[] = {
    {"Micro-DualNet", "backbone.", torchvision_rules, own_rules, true},
    {"torchvision or timm", "", torchvision_rules, {}, false},
    {"MMAction2", "backbone.", mmaction2_rules, {}, false},
    {"MIT TSM", "base_model.", torchvision_rules, {}, false},
    {"Hugging Face", "resnet.", hugging_face_rules, {}, false},
    {"Hugging Face", "", hugging_face_rules, {}, false},
};

/// What checkpoints put before the names of a network, those preferred first: where a file holds
/// averaged weights too, the plain ones are meant.
constexpr std::string_view wrappers[] = {
    "state_dict", "model_state_dict", "model_state", "model",          "module",
    "net",        "network",          "timm_model",  "encoder",        "encoder_q",
    "backbone",   "state_dict_ema",   "model_ema",   "ema_state_dict",
};
constexpr size_t most_wrappers = 4;     // around each other
constexpr size_t most_candidates = 16;  // ways to unwrap one checkpoint

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

bool apply(std::span<const Rule> rules, std::string_view name, MappedName& mapped) {
    for (const Rule& rule : rules)
        if (const auto found = match(rule.theirs, name)) {
            mapped = {MappedName::Kind::taken, fill(rule.ours, *found), rule.shifted, {}};
            return true;
        }
    return false;
}

MappedName map_name(const Family& family, std::string_view name) {
    MappedName mapped;
    if (name.ends_with(counter)) {
        mapped.kind = MappedName::Kind::counter;
        return mapped;
    }
    if (apply(family.more_rules, name, mapped) || !name.starts_with(family.prefix)) return mapped;
    name.remove_prefix(std::string_view(family.prefix).size());
    if (apply(family.rules, name, mapped)) return mapped;
    for (const Alien& alien : aliens)
        if (match(alien.theirs, name)) return {MappedName::Kind::alien, {}, false, alien.why};
    return mapped;
}

NameMapping map_names(const Family& family, const std::string& wrapper,
                      const std::vector<std::string>& names) {
    NameMapping mapping{family.name, family.own, wrapper, {}, 0, false};
    for (const std::string& name : names) {
        MappedName mapped;
        if (name.starts_with(wrapper))
            mapped = map_name(family, std::string_view(name).substr(wrapper.size()));
        mapping.taken += mapped.kind == MappedName::Kind::taken;
        mapping.shifted |= mapped.shifted;
        mapping.names.push_back(std::move(mapped));
    }
    return mapping;
}

/// Every chain of wrappers that some name begins with, the empty one included; the preferred first.
std::vector<std::string> unwrappings(const std::vector<std::string>& names) {
    std::map<std::vector<size_t>, std::string> chains = {{{}, ""}};  // by the wrappers' ranks
    for (const std::string& name : names) {
        std::string_view rest = name;
        std::vector<size_t> ranks;
        while (ranks.size() < most_wrappers && chains.size() < most_candidates) {
            const size_t dot = rest.find('.');
            const auto found =
                std::find(std::begin(wrappers), std::end(wrappers), rest.substr(0, dot));
            if (dot == std::string_view::npos || found == std::end(wrappers)) break;
            rest.remove_prefix(dot + 1);
            ranks.push_back(static_cast<size_t>(found - std::begin(wrappers)));
            chains.emplace(ranks, name.substr(0, name.size() - rest.size()));
        }
    }
    std::vector<std::string> texts;
    for (const auto& [ranks, text] : chains) texts.push_back(text);
    return texts;
}

}  // namespace

NameMapping map_checkpoint_names(const std::vector<std::string>& names) {
    NameMapping best;
    best.names.resize(names.size());
    for (const std::string& wrapper : unwrappings(names))
        for (const Family& family : families) {
            NameMapping mapping = map_names(family, wrapper, names);
            if (mapping.taken > best.taken) best = std::move(mapping);
        }
    return best;
}

}  // namespace mdn
