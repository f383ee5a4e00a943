#include "data/keypoints/formats/split_lists.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "data/dataset.h"
#include "data/file.h"
#include "engine/error.h"
#include "engine/files/atomic_file.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr std::array targets = {"train", "val", "test"};

/// By protocol: the split for each of train, val and test.
using Protocols = std::map<std::string, std::map<std::string, std::string>>;

/// xsub_train is train of "xsub", train1 that of "1".
Protocols protocols_of(const FoundSplits& splits) {
    Protocols protocols;
    for (const auto& [name, clips] : splits) {
        for (const std::string target : targets) {
            if (name.ends_with(target)) {
                std::string protocol = name.substr(0, name.size() - target.size());
                while (protocol.ends_with('_') || protocol.ends_with('-')) protocol.pop_back();
                protocols[protocol][target] = name;
            } else if (name.starts_with(target)) {
                std::string protocol = name.substr(target.size());
                while (protocol.starts_with('_') || protocol.starts_with('-')) protocol.erase(0, 1);
                protocols[protocol][target] = name;
            }
        }
    }
    return protocols;
}

std::string names_of(const FoundSplits& splits) {
    std::string text;
    for (const auto& [name, clips] : splits) text.append(text.empty() ? "" : ", ").append(name);
    return text;
}

const std::map<std::string, std::string>& choose(const Protocols& protocols,
                                                 const FoundSplits& splits,
                                                 const std::string& protocol) {
    if (protocols.empty())
        throw Error("no split is called train, val or test; there are: " + names_of(splits),
                    "leave --lists out, and write the lists with: microdualnet lists");
    if (protocol.empty() && protocols.size() == 1) return protocols.begin()->second;
    const auto found = protocols.find(protocol);
    if (found != protocols.end()) return found->second;
    std::string known;
    for (const auto& [name, of] : protocols)
        if (!name.empty())
            known.append(known.empty() ? "" : " or ").append("--protocol ").append(name);
    throw Error((protocol.empty() ? "the splits are of several protocols: "
                                  : "no split is of protocol '" + protocol + "'; there are: ") +
                    names_of(splits),
                known);
}

}  // namespace

SplitLists make_split_lists(const FoundSplits& splits, const ConversionPlan& plan,
                            const fs::path& dataset, const std::string& protocol) {
    SplitLists lists;
    const Protocols protocols = protocols_of(splits);
    const auto& chosen = choose(protocols, splits, protocol);
    for (const auto& [name, of] : protocols)
        if (&of == &chosen) lists.protocol = name;
    std::unordered_map<std::string, const PlannedClip*> clips;
    std::int64_t classes = 0;
    for (const PlannedClip& clip : plan.clips) {
        clips.emplace(clip.name, &clip);
        classes = std::max(classes, clip.label.value_or(-1) + 1);
    }
    for (const auto& [target, split] : chosen) {
        std::string text;
        std::int64_t missing = 0;
        for (const std::string& name : splits.at(split)) {
            const auto clip = clips.find(name);
            if (clip == clips.end()) {
                ++missing;
                continue;
            }
            const PlannedClip& planned = *clip->second;
            if (planned.label.value_or(-1) < 0)
                throw Error("clip '" + name + "' of split '" + split + "' has no `label`",
                            "leave --lists out");
            text += name + " " + std::to_string(planned.length) + " " +
                    std::to_string(*planned.label) + "\n";
        }
        if (missing > 0)
            lists.warnings.push_back(std::to_string(missing) + " clips of split '" + split +
                                     "' are not in the source: left out");
        if (!text.empty()) lists.files[target + ".txt"] = text;
    }
    if (classes > 1'000'000) throw Error("a label is " + std::to_string(classes - 1));
    if (is_file(dataset / "labels.txt")) {
        const std::int64_t named = read_class_names(dataset).count();
        if (classes > named)
            throw Error((dataset / "labels.txt").string() + " names " + std::to_string(named) +
                            " classes, but a clip has label " + std::to_string(classes - 1),
                        "remove it, and it is written with a number for each class");
    } else {
        std::string& text = lists.files["labels.txt"];
        for (std::int64_t label = 0; label < classes; ++label)
            text += std::to_string(label) + "\tclass " + std::to_string(label) + "\n";
    }
    return lists;
}

void check_split_lists(const SplitLists& lists, const fs::path& dataset, bool overwrite) {
    for (const auto& [name, text] : lists.files)
        if (!overwrite && is_file(dataset / name))
            throw Error((dataset / name).string() + " exists already",
                        "--overwrite replaces it; without --lists it stays");
}

void write_split_lists(const SplitLists& lists, const fs::path& dataset) {
    for (const auto& [name, text] : lists.files) write_file((dataset / name).string(), text);
}

}  // namespace mdn
