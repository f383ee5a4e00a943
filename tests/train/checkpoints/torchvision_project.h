// A checkpoint of another project, to spoil and to import.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/files/safetensors.h"
#include "engine/random.h"
#include "model/micro_dualnet.h"
#include "tests/train/program.h"

namespace mdn::test {

using Named = std::vector<std::pair<std::string, Tensor>>;

/// A checkpoint with torchvision's names, for tests that spoil one thing.
inline Named torchvision_checkpoint(const Config& config) {
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

/// A project with such a checkpoint.
struct TorchvisionProject : SmallProject {
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

}  // namespace mdn::test
