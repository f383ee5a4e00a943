#include "train/checkpoints/checkpoint.h"

#include <type_traits>
#include <unordered_map>

#include "engine/files/crc32.h"
#include "train/checkpoints/check_numbers.h"
#include "train/output/format.h"
#include "train/output/number_text.h"

namespace mdn {

namespace {

/// Calls visit(key, value) for every number of a position; the keys are those of the metadata.
template <class P, class V>
void visit_position(P& p, V&& visit) {
    visit("position.epoch", p.epoch);
    visit("position.batch", p.batch);
    visit(metadata_step, p.step);
    visit("position.best_epoch", p.best_epoch);
    visit("position.best_top1", p.best_top1);
    visit("position.log_bytes", p.log_bytes);
    visit("position.loss", p.loss);
    visit("position.loss_ce", p.loss_ce);
    visit("position.loss_mac", p.loss_mac);
    visit("position.clips", p.clips);
    visit("position.without_person", p.without_person);
}

}  // namespace

std::string LoadReport::message() const {
    std::string text = "loaded " + std::to_string(loaded) + " tensors from " + path;
    if (batch_counters > 0)
        text += ", ignored " + std::to_string(batch_counters) + " num_batches_tracked";
    if (optimizer > 0)
        text += ", ignored " + std::to_string(optimizer) + " tensors of the optimizer";
    if (outside > 0)
        text += ", ignored " + std::to_string(outside) + " tensors " +
                (part.empty() ? "that are not the model's" : "outside of " + part + "*");
    return text;
}

LoadReport load_weights(const ParameterStore& parameters, const SafetensorsFile& file,
                        const std::string& part) {
    std::unordered_map<std::string, Tensor> stored(file.tensors.begin(), file.tensors.end());
    for (const Parameter& parameter : parameters.all()) {
        if (!parameter.name.starts_with(part)) continue;
        const auto found = stored.find(parameter.name);
        if (const auto other = file.unread.find(parameter.name); other != file.unread.end())
            throw Error(file.path + ": tensor '" + parameter.name + "' holds " + other->second +
                        ", which is not read: the model needs F32");
        if (found == stored.end())
            throw Error(file.path + " has no tensor '" + parameter.name + "' " +
                            to_string(parameter.disk_shape()),
                        "do the weights belong to this config?");
        const Tensor& tensor = found->second;
        if (tensor.shape() != parameter.disk_shape())
            throw Error(file.path + ": tensor '" + parameter.name + "' has shape " +
                            to_string(tensor.shape()) + ", the config needs " +
                            to_string(parameter.disk_shape()),
                        "do the weights belong to this config?");
        if (tensor.dtype() != DType::f32 && tensor.dtype() != DType::f64)
            throw Error(file.path + ": tensor '" + parameter.name + "' holds " +
                        to_string(tensor.dtype()) + ", not floating-point numbers");
        check_numbers(file.path, parameter.name, tensor);
    }
    LoadReport report{.path = file.path, .part = part};
    for (const Parameter& parameter : parameters.all()) {
        if (!parameter.name.starts_with(part)) continue;
        parameter.load_disk(stored.at(parameter.name));
        ++report.loaded;
    }
    const auto ignored = [&](const std::string& name) {
        ++(name.ends_with("num_batches_tracked") ? report.batch_counters
           : name.starts_with(optimizer_prefix)  ? report.optimizer
                                                 : report.outside);
    };
    for (const auto& [name, tensor] : file.tensors)
        if (!name.starts_with(part) || !parameters.find(name)) ignored(name);
    for (const std::string& name : file.left_out) ignored(name);
    report.outside += static_cast<int64_t>(file.unread.size());
    return report;
}

std::vector<std::pair<std::string, Tensor>> weights_to_disk(const ParameterStore& parameters) {
    std::vector<std::pair<std::string, Tensor>> tensors;
    for (const Parameter& parameter : parameters.all())
        tensors.emplace_back(parameter.name, parameter.to_disk(parameter.value));
    return tensors;
}

void save_checkpoint(const std::string& path, const ParameterStore& parameters,
                     const Optimizer& optimizer, const Position& position,
                     std::map<std::string, std::string> metadata) {
    auto tensors = weights_to_disk(parameters);
    for (auto& entry : optimizer.state()) tensors.push_back(std::move(entry));
    visit_position(position, [&](const char* key, const auto& value) {
        if constexpr (std::is_same_v<decltype(value), const double&>)
            metadata[key] = exact_text(value);
        else
            metadata[key] = std::to_string(value);
    });
    write_safetensors(path, tensors, metadata);
}

std::string weights_digest(const SafetensorsFile& file, const std::string& part) {
    uint32_t digest = 0;
    for (const auto& [name, tensor] : file.tensors) {
        if (!name.starts_with(part)) continue;
        digest = crc32(name, digest);
        digest = crc32(
            {static_cast<const char*>(tensor.raw()), static_cast<size_t>(tensor.bytes())}, digest);
    }
    return format("%08x", digest);
}

Position read_position(const std::map<std::string, std::string>& metadata,
                       const std::string& path) {
    Position position;
    visit_position(position, [&](const char* key, auto& value) {
        const auto found = metadata.find(key);
        if (found == metadata.end())
            throw Error(path + " is not a checkpoint of a run: it does not hold '" + key + "'",
                        "start a run from weights with --init");
        const std::string what = path + ": '" + key + "'";
        if constexpr (std::is_floating_point_v<std::remove_reference_t<decltype(value)>>)
            value = number_from(found->second, what);
        else
            value = integer_from(found->second, what);
    });
    return position;
}

Position load_training_state(Optimizer& optimizer, const SafetensorsFile& file) {
    const Position position = read_position(file.metadata, file.path);
    std::vector<std::pair<std::string, Tensor>> state;
    for (const auto& entry : file.tensors)
        if (entry.first.starts_with(optimizer_prefix)) {
            check_numbers(file.path, entry.first, entry.second);
            state.push_back(entry);
        }
    optimizer.load_state(state, position.step);
    return position;
}

}  // namespace mdn
