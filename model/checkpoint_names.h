// The names that other projects give to a ResNet's tensors, and ours for them (SPEC §7).
#pragma once

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

/// How a whole checkpoint is named.
struct NameMapping {
    std::string family;             // "MMAction2"; "" if no name is known
    bool own = false;               // the names are this model's own
    std::string wrapper;            // what comes before every name that is taken: "state_dict."
    std::vector<MappedName> names;  // one for each name given, in their order
    int64_t taken = 0;              // of them
    bool shifted = false;           // whether any name says so
};

/// Finds the project whose names these are (torchvision, timm, Hugging Face, MMAction2, MIT's TSM,
/// or this model's own) and the wrappers around them ("state_dict.", "module.", …): those under
/// which the most names are known. docs/weights.md has the table.
NameMapping map_checkpoint_names(const std::vector<std::string>& names);

}  // namespace mdn
