#include "data/formats/rawframes.h"

#include <algorithm>
#include <map>
#include <utility>

#include "data/file.h"
#include "data/formats/list_file.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

/// Checks the form of one line, not its files.
ListedClip parse_clip(const fs::path& dataset, const std::string& line, std::int64_t classes,
                      const std::string& where) {
    std::string name = line;
    const std::string label = take_last_word(name);
    const std::string count = take_last_word(name);
    name.erase(name.find_last_not_of(" \t/") + 1);
    name.erase(0, name.find_first_not_of(" \t"));
    if (name.empty()) {
        throw Error(where + ": '" + line + "' is not of the form CLIP_DIR NUM_FRAMES LABEL",
                    "lists are MMAction2's rawframes lists; videos must be extracted to frames");
    }
    check_name(name, where);
    ListedClip clip;
    clip.files = {.name = name,
                  .frames = dataset / "frames" / name,
                  .keypoints = dataset / "keypoints" / name,
                  .count = parse_integer(count, "NUM_FRAMES", where)};
    clip.label = parse_integer(label, "LABEL", where);
    if (clip.files.count < 1) {
        throw Error(where + ": clip '" + name + "' has NUM_FRAMES " + count +
                    ", which must be at least 1");
    }
    if (clip.label < 0 || clip.label >= classes) {
        throw Error(where + ": label " + label + " of clip '" + name + "' is outside 0.." +
                    std::to_string(classes - 1));
    }
    return clip;
}

constexpr const char* file_names[] = {"labels.txt", "train.txt", "val.txt", "test.txt"};

class Rawframes final : public DatasetFormat {
    fs::path dataset_;

    fs::path list_file(const std::string& split) const { return dataset_ / (split + ".txt"); }

    /// A way forward where a file is missing that somebody else has to write.
    void require_file(const fs::path& file, const std::string& otherwise = "") const {
        if (!fs::exists(file))
            throw Error("missing file " + file.string(),
                        otherwise + "microdualnet lists " + dataset_.string() +
                            " writes labels and lists from the clips' names");
    }

  public:
    explicit Rawframes(fs::path dataset) : dataset_(std::move(dataset)) {}

    std::string name() const override { return "rawframes"; }
    ClassNames class_names() const override;
    bool has(const std::string& split) const override { return is_file(list_file(split)); }
    std::vector<ListedClip> list(const std::string& split, std::int64_t classes,
                                 const Report& report) const override;
    std::vector<fs::path> files() const override {
        std::vector<fs::path> files;
        for (const char* name : file_names)
            if (is_file(dataset_ / name)) files.push_back(dataset_ / name);
        return files;
    }
};

ClassNames Rawframes::class_names() const {
    const fs::path file = dataset_ / "labels.txt";
    require_file(file);
    struct Row {
        std::string name;
        std::string body;
    };
    std::map<std::int64_t, Row> rows;
    LineReader lines(file);
    const auto count = static_cast<std::int64_t>(lines.count());
    for (std::string line; lines.next(line);) {
        const std::string where = lines.where();
        // Names go into checkpoints and JSON, which hold nothing else.
        if (!is_utf8(line)) {
            throw Error(where + " is not UTF-8",
                        "convert the file: iconv -f LATIN1 -t UTF-8 old.txt > labels.txt");
        }
        const std::vector<std::string> fields = split_at(line, '\t', 4);
        if (fields.size() < 2 || fields.size() > 3 || is_blank(fields[1])) {
            throw Error(where + ": '" + line +
                        "' is not of the form INDEX<TAB>NAME[<TAB>BODY-LEVEL NAME]");
        }
        const std::int64_t index = parse_integer(fields[0], "INDEX", where);
        // No index can exceed the number of lines if 0..C-1 all occur.
        if (index < 0 || index >= count) {
            throw Error(where + ": class index " + fields[0] + " is outside 0.." +
                        std::to_string(count - 1) + " (one class per line)");
        }
        const Row row{fields[1], fields.size() == 3 ? fields[2] : ""};
        if (!rows.emplace(index, row).second) {
            throw Error(where + ": class index " + fields[0] + " occurs twice");
        }
    }
    if (rows.empty()) throw Error(file.string() + " names no class");

    ClassNames classes;
    const Row first = rows.begin()->second;
    for (const auto& [index, row] : rows) {
        if (index != classes.count()) {
            throw Error(file.string() + ": class index " + std::to_string(classes.count()) +
                        " is missing");
        }
        classes.names.push_back(row.name);
        if (row.body.empty() != first.body.empty()) {
            throw Error(file.string() +
                        ": the body level is given for some classes only, not for " +
                        (row.body.empty() ? row.name : first.name));
        }
        if (row.body.empty()) continue;
        const auto known =
            std::find(classes.body_names.begin(), classes.body_names.end(), row.body);
        classes.body_of.push_back(known - classes.body_names.begin());
        if (known == classes.body_names.end()) classes.body_names.push_back(row.body);
    }
    return classes;
}

std::vector<ListedClip> Rawframes::list(const std::string& split, std::int64_t classes,
                                        const Report& report) const {
    const auto parse = [&](const std::string& line, const std::string& where) {
        return parse_clip(dataset_, line, classes, where);
    };
    require_file(list_file(split),
                 split == "val" ? "--val test or --val none trains without it; " : "");
    return read_clip_list(list_file(split), parse, report);
}

}  // namespace

std::unique_ptr<const DatasetFormat> open_rawframes(const fs::path& dataset) {
    for (const char* name : file_names)
        if (is_file(dataset / name)) return std::make_unique<Rawframes>(dataset);
    return nullptr;
}

}  // namespace mdn
