// What PyTorch writes into a pickle: tensors, each a window on a storage kept outside it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/files/torch/pickle.h"
#include "engine/files/torch/torch_types.h"
#include "engine/tensor.h"

namespace mdn {

/// Numbers of one type, back to back.
struct TorchStorage {
    const TorchType* type;
    int64_t numel;
    int64_t begin = -1;  // where the bytes begin in the file, once that is known
};

/// A tensor as the pickle describes it. Checked: every number that it names lies in its storage.
struct TorchTensor {
    std::string name;  // the keys of the nested dicts that it is in, "state_dict.fc.bias"
    Shape shape;
    std::vector<int64_t> strides;  // numbers between neighbours along each axis
    int64_t offset;                // of the first, in numbers from the storage's
    TorchStorage storage;          // without a type where `refusal` says why
    std::string storage_key;
    bool negated = false;  // what is stored is its negative: PyTorch negates when it reads
    std::string refusal;   // why its numbers are not read: "is sparse"; "" if they are
};

struct PickledTensors {
    std::vector<TorchTensor> tensors;  // as the dicts list them; of two equal names the last
    std::map<std::string, TorchStorage> storages;  // all there are, by key
    std::map<std::string, int64_t> skipped;        // "module.name" of other objects, and how many
};

/// Throws Error naming `source`, and the tensor where one is at fault, for a tensor that does not
/// fit its storage and for a pickle without named tensors. Lists at most `budget` bytes of names
/// and shapes.
PickledTensors find_tensors(const Pickle& pickle, const std::string& source, int64_t budget);

/// "64 x float32", for messages.
std::string to_string(const TorchStorage& storage);

}  // namespace mdn
