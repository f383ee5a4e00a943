#include "train/checkpoints/checkpoint_folder.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

#include "engine/error.h"
#include "engine/files/shard_index.h"
#include "train/checkpoints/foreign_files.h"

namespace mdn {

namespace {

namespace fs = std::filesystem;

constexpr const char* weight_endings[] = {".safetensors", ".bin", ".pth", ".pt", ".ckpt"};
/// What Hugging Face's libraries and training scripts save beside the weights.
constexpr const char* besides[] = {"training_args.bin", "optimizer.pt",  "optimizer.bin",
                                   "scheduler.pt",      "scheduler.bin", "scaler.pt"};
constexpr const char* preferred[] = {"model.safetensors", "pytorch_model.bin",
                                     "diffusion_pytorch_model.safetensors"};

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code ignored;
        if (!entry->is_directory(ignored)) names.push_back(entry->path().filename().string());
    }
    if (error) throw Error("cannot read the folder " + folder + ": " + error.message());
    std::sort(names.begin(), names.end());
    return names;
}

std::string listed(const std::vector<std::string>& names) {
    constexpr size_t shown = 6;
    std::string text;
    for (size_t i = 0; i < std::min(shown, names.size()); ++i)
        text.append(i ? ", " : "").append(names[i]);
    if (names.size() > shown) text += " and " + std::to_string(names.size() - shown) + " more";
    return text;
}

bool is_weights(const std::string& name) {
    const auto is_beside = [&](const char* other) { return name == other; };
    if (std::any_of(std::begin(besides), std::end(besides), is_beside)) return false;
    if (name.starts_with("rng_state")) return false;
    return std::any_of(std::begin(weight_endings), std::end(weight_endings),
                       [&](const char* ending) { return name.ends_with(ending); });
}

/// "model-00002-of-00003.safetensors" is shard 2 of 3 of "model-*-of-00003.safetensors".
struct Shard {
    std::string series;
    int number = 0, count = 0;
};
Shard shard_of(const std::string& name) {
    Shard shard;
    const size_t of = name.rfind("-of-");
    int used = 0;
    if (of == std::string::npos ||
        std::sscanf(name.c_str() + of, "-of-%5d%n", &shard.count, &used) != 1)
        return {};
    const size_t dash = of == 0 ? std::string::npos : name.rfind('-', of - 1);
    int read = 0;
    if (dash == std::string::npos ||
        std::sscanf(name.c_str() + dash, "-%5d%n", &shard.number, &read) != 1 ||
        dash + static_cast<size_t>(read) != of || shard.count < 1)
        return {};
    shard.series = name.substr(0, dash) + "-*" + name.substr(of);
    return shard;
}

CheckpointParts shards_of(const std::string& folder, const std::string& series,
                          const std::map<int, std::string>& shards, int count) {
    CheckpointParts parts;
    for (int i = 1; i <= count; ++i) {
        const auto shard = shards.find(i);
        if (shard == shards.end())
            throw Error(folder + " holds " + std::to_string(shards.size()) + " of the " +
                            std::to_string(count) + " shards " + series + ": number " +
                            std::to_string(i) + " is missing",
                        "were all of them downloaded?");
        parts.files.push_back((fs::path(folder) / shard->second).string());
    }
    return parts;
}

/// The files that an index names, and the index.
CheckpointParts checkpoint_of_index(const std::string& index) {
    CheckpointParts parts{{}, index};
    for (const std::string& name : read_shard_index(index).files) {
        const fs::path file = fs::path(index).parent_path() / name;
        std::error_code ignored;
        if (!fs::exists(file, ignored))
            throw Error(index + " names " + name + ", which is not beside it",
                        "were all shards downloaded?");
        parts.files.push_back(file.string());
    }
    return parts;
}

}  // namespace

CheckpointParts checkpoint_in(const std::string& folder) {
    const std::vector<std::string> names = names_in(folder);
    refuse_foreign_folder(folder, names);
    const auto in_folder = [&](const std::string& name) {
        return (fs::path(folder) / name).string();
    };
    for (const char* ending : {".safetensors.index.json", ".bin.index.json"}) {
        std::vector<std::string> indices;
        for (const std::string& name : names)
            if (name.ends_with(ending)) indices.push_back(name);
        if (indices.size() > 1)
            throw Error(folder + " holds several checkpoints: " + listed(indices),
                        "give the index that is meant");
        if (indices.size() == 1) return checkpoint_of_index(in_folder(indices[0]));
    }

    std::vector<std::string> files;
    std::map<std::string, std::map<int, std::string>> series;
    std::map<std::string, int> counts;
    for (const std::string& name : names) {
        if (!is_weights(name)) continue;
        const Shard shard = shard_of(name);
        if (shard.series.empty()) {
            files.push_back(name);
        } else {
            series[shard.series].emplace(shard.number, name);
            counts[shard.series] = shard.count;
        }
    }
    for (const char* name : preferred)
        if (std::find(files.begin(), files.end(), name) != files.end())
            return {{in_folder(name)}, ""};
    if (files.size() == 1 && series.empty()) return {{in_folder(files[0])}, ""};
    if (files.empty() && series.size() == 1) {
        const auto& [name, shards] = *series.begin();
        return shards_of(folder, name, shards, counts.at(name));
    }
    if (files.empty() && series.empty())
        throw Error(folder + " is a folder without a checkpoint in it",
                    "a checkpoint is a .safetensors, .pth, .pt, .bin or .ckpt file, or a folder "
                    "with an index of shards");
    for (const auto& [name, shards] : series) files.push_back(name);
    throw Error(folder + " holds several checkpoints: " + listed(files),
                "give the one that is meant");
}

CheckpointParts checkpoint_at(const std::string& path) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) return checkpoint_in(path);
    if (path.ends_with(".json")) return checkpoint_of_index(path);
    return {{path}, ""};
}

}  // namespace mdn
