#include "data/formats/ma52.h"

#include <algorithm>
#include <array>
#include <utility>

#include "data/file.h"
#include "data/formats/list_file.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

struct BodyClass {
    const char* name;
    std::vector<const char*> actions;
};

// An action's index is its place in the concatenation.
const std::array<BodyClass, 7> body_classes = {{
    {"body", {"shaking body", "sitting straightly", "shrugging", "turning around", "rising up"}},
    {"head", {"bowing head", "head up", "tilting head", "turning head", "nodding", "shaking head"}},
    {"upper limb",
     {"scratching arms", "playing objects", "putting hands together", "rubbing hands",
      "pointing oneself", "clenching fist", "stretching arms", "retracting arms", "waving",
      "spreading hands", "hands touching fingers", "other finger movements",
      "illustrative gestures"}},
    {"lower limb",
     {"shaking legs", "curling legs", "spread legs", "closing legs", "crossing legs",
      "stretching feet", "retracting feet", "tiptoe"}},
    {"body-hand",
     {"scratching or touching neck", "scratching or touching chest", "scratching or touching back",
      "scratching or touching shoulder", "arms akimbo", "crossing arms"}},
    {"head-hand",
     {"playing or tidying hair", "scratching or touching hindbrain",
      "scratching or touching forehead", "scratching or touching face", "rubbing eyes",
      "touching nose", "touching ears", "covering face", "covering mouth", "pushing glasses"}},
    {"leg-hand", {"patting legs", "touching legs", "scratching legs", "scratching feet"}},
}};

constexpr const char* form = "NAME.mp4 LABEL";

ListedClip parse_clip(const fs::path& dataset, const std::string& line, const std::string& where) {
    std::string name = line;
    const std::string label = take_last_word(name);
    name.erase(name.find_last_not_of(" \t") + 1);
    name.erase(0, name.find_first_not_of(" \t"));
    if (!name.ends_with(".mp4") || name.size() == 4)
        throw Error(where + ": '" + line + "' is not of the form " + form);
    name.erase(name.size() - 4);
    check_name(name, where);
    ListedClip clip;
    clip.files = {.name = name,
                  .frames = dataset / "frames" / name,
                  .keypoints = dataset / "keypoints" / name,
                  .count = 0};
    clip.label = parse_integer(label, "LABEL", where);
    return clip;
}

/// One clip of class 0 may be just that; where even the name gives it away, it is not.
bool are_placeholders(const std::vector<ListedClip>& clips) {
    const auto is_zero = [](const ListedClip& clip) { return clip.label == 0; };
    const auto is_test = [](const ListedClip& clip) { return clip.files.name.starts_with("test"); };
    return std::all_of(clips.begin(), clips.end(), is_zero) &&
           (clips.size() > 1 || std::all_of(clips.begin(), clips.end(), is_test));
}

class Ma52 final : public DatasetFormat {
    fs::path dataset_;

  public:
    explicit Ma52(fs::path dataset) : dataset_(std::move(dataset)) {}

    fs::path list_file(const std::string& split) const {
        return dataset_ / (split + "_list_videos.txt");
    }
    std::string name() const override { return "MA-52"; }
    ClassNames class_names() const override { return ma52_classes(); }
    bool has(const std::string& split) const override { return is_file(list_file(split)); }

    Error without_clips(const std::string& split) const override {
        std::string hint = "the list comes with MA-52, a clip a line: copy it anew";
        if (split == "val") hint += ", or train without it: --val test or --val none";
        return Error(list_file(split).string() + " lists no clip", hint);
    }

    std::vector<fs::path> files() const override {
        std::vector<fs::path> lists;
        for (const char* split : {"train", "val", "test"})
            if (has(split)) lists.push_back(list_file(split));
        return lists;
    }

    std::vector<ListedClip> list(const std::string& split, std::int64_t classes,
                                 const Report& report) const override {
        const auto parse = [&](const std::string& line, const std::string& where) {
            return parse_clip(dataset_, line, where);
        };
        std::vector<ListedClip> clips = read_clip_list(list_file(split), classes, parse, report);
        if (are_placeholders(clips))
            for (ListedClip& clip : clips) clip.label = unlabelled;
        return clips;
    }
};

}  // namespace

ClassNames ma52_classes() {
    ClassNames classes;
    for (const BodyClass& body : body_classes) {
        for (const char* action : body.actions) {
            classes.names.emplace_back(action);
            classes.body_of.push_back(std::ssize(classes.body_names));
        }
        classes.body_names.emplace_back(body.name);
    }
    return classes;
}

std::unique_ptr<const DatasetFormat> open_ma52(const fs::path& dataset) {
    auto format = std::make_unique<Ma52>(dataset);
    for (const char* split : {"train", "val", "test"})
        if (format->has(split)) return format;
    return nullptr;
}

}  // namespace mdn
