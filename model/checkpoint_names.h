// The names that other projects give to a ResNet's tensors, and ours for them (SPEC §7).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mdn {

/// What a name of a checkpoint stands for.
struct MappedName {
    enum class Kind {
        taken,    // `ours` is its name here
        counter,  // num_batches_tracked, which PyTorch's batch norm keeps
        alien,    // part of the backbone, but of none that this model can have: `why`
        outside   // a head, an optimizer, another copy of the weights: not looked for
    };
    Kind kind = Kind::outside;
    std::string ours;      // "backbone.layer1.0.conv1.weight"
    bool shifted = false;  // a convolution whose name says that it reads through a temporal shift
    std::string why;       // "squeeze-and-excitation"
};

/// A place among a checkpoint's names where names of a ResNet, or of this whole model, stand.
struct NamePlace {
    std::string family;       // whose names: "MMAction2"
    std::string prefix;       // what comes before each of them: "state_dict.backbone."
    int64_t known = 0;        // how many there are
    bool has_blocks = false;  // some are of residual blocks: a network, not the stem of anything
    bool own = false;         // the names are this model's own
    bool averaged = false;    // the prefix says that the weights are averages of others
    size_t rules = 0;         // which naming, for map_names
};

/// How a whole checkpoint is named, as seen from one place.
struct NameMapping {
    std::string family;             // "MMAction2"; "" if no name is known
    bool own = false;               // the names are this model's own
    std::string prefix;             // what comes before every name that is taken: "state_dict."
    std::vector<MappedName> names;  // one for each name given, in their order
    int64_t taken = 0;              // of them
    bool shifted = false;           // whether any name says so
};

/// Every place where names of a known project stand (torchvision, timm, Hugging Face, MMAction2,
/// MIT's TSM, positions of an nn.Sequential, or this model's own), whatever comes before them.
/// Those with residual blocks come first, then those with the most names, plain weights before
/// averaged ones. What torch.compile, FSDP and activation checkpointing put inside a name
/// ("_orig_mod.") is passed over. docs/weights.md has the table.
std::vector<NamePlace> find_name_places(const std::vector<std::string>& names);

/// What each name stands for, if the backbone is the one at that place.
NameMapping map_names(const std::vector<std::string>& names, const NamePlace& place);

/// The same for the first of the places; nothing is known where there is none.
NameMapping map_checkpoint_names(const std::vector<std::string>& names);

}  // namespace mdn
