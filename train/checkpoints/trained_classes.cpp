#include "train/checkpoints/trained_classes.h"

#include <algorithm>
#include <sstream>

#include "engine/error.h"
#include "train/checkpoints/checkpoint.h"
#include "train/output/format.h"

namespace mdn {

namespace {

/// Classes that have another name in the dataset than in the weights.
struct Difference {
    size_t first = 0, count = 0;
};

/// Counts only those whose names in the dataset are `wanted`.
template <class F>
Difference differences(const std::vector<std::string>& trained,
                       const std::vector<std::string>& names, F&& wanted) {
    Difference found;
    for (size_t c = 0; c < std::min(trained.size(), names.size()); ++c)
        if (names[c] != trained[c] && wanted(names[c]) && found.count++ == 0) found.first = c;
    return found;
}

std::string sentence(const Difference& found, const std::vector<std::string>& trained,
                     const std::vector<std::string>& names, const std::string& dataset,
                     const std::string& weights) {
    const size_t more = found.count - 1;
    const std::string others = more == 0   ? ""
                               : more == 1 ? "; 1 other class differs"
                                           : format("; %zu other classes differ", more);
    return format("class %zu is '", found.first) + names[found.first] + "' in " + dataset +
           ", and '" + trained[found.first] + "' where " + weights + " was trained" + others;
}

}  // namespace

std::vector<std::string> trained_classes(const SafetensorsFile& weights) {
    std::vector<std::string> names;
    const auto found = weights.metadata.find(metadata_classes);
    if (found == weights.metadata.end()) return names;
    std::istringstream text(found->second);
    for (std::string name; std::getline(text, name);) names.push_back(name);
    return names;
}

std::string classes_text(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += name + "\n";
    return text;
}

std::string class_difference(const SafetensorsFile& weights, const std::vector<std::string>& names,
                             const std::string& dataset) {
    const std::vector<std::string> trained = trained_classes(weights);
    const Difference other = differences(trained, names, [](const std::string&) { return true; });
    return other.count == 0 ? "" : sentence(other, trained, names, dataset, weights.path);
}

std::string check_classes(const SafetensorsFile& weights, const std::vector<std::string>& names,
                          const std::string& dataset) {
    const std::vector<std::string> trained = trained_classes(weights);
    const Difference moved = differences(trained, names, [&](const std::string& name) {
        return std::find(trained.begin(), trained.end(), name) != trained.end();
    });
    if (moved.count > 0)
        throw Error(sentence(moved, trained, names, dataset, weights.path),
                    "number the classes as in training, in labels.txt and in the lists");
    return class_difference(weights, names, dataset);
}

void check_same_count(const SafetensorsFile& weights, int64_t classes, const std::string& dataset) {
    const auto trained = std::ssize(trained_classes(weights));
    if (trained == 0 || trained == classes) return;
    throw Error(weights.path + " was trained on " + std::to_string(trained) + " classes, and " +
                    dataset + " has " + std::to_string(classes),
                "leave the classifier out: microdualnet import " + weights.path + " --data " +
                    dataset +
                    " --out W.safetensors, with this run's --config or --preset; then give --init "
                    "W.safetensors");
}

}  // namespace mdn
