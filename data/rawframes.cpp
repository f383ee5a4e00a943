#include "data/rawframes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "data/file.h"
#include "data/list_file.h"
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
        throw Error(where + ": clip '" + name + "' has NUM_FRAMES " + count);
    }
    if (clip.label < 0 || clip.label >= classes) {
        throw Error(where + ": label " + label + " of clip '" + name + "' is outside 0.." +
                    std::to_string(classes - 1));
    }
    return clip;
}

class Rawframes final : public DatasetFormat {
    fs::path dataset_;

    fs::path list_file(const std::string& split) const { return dataset_ / (split + ".txt"); }

  public:
    explicit Rawframes(fs::path dataset) : dataset_(std::move(dataset)) {}

    std::string name() const override { return "rawframes"; }
    ClassNames class_names() const override;
    bool has(const std::string& split) const override { return is_file(list_file(split)); }
    std::vector<ListedClip> list(const std::string& split, std::int64_t classes,
                                 const Report& report) const override;
};

ClassNames Rawframes::class_names() const {
    const fs::path file = dataset_ / "labels.txt";
    struct Row {
        std::string name;
        std::string body;
    };
    std::vector<std::optional<Row>> rows;
    const std::vector<std::string> lines = read_lines(file);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (is_blank(lines[i])) continue;
        const std::string where = line_at(file, i + 1);
        // Names go into checkpoints and JSON, which hold nothing else.
        if (!is_utf8(lines[i])) {
            throw Error(where + " is not UTF-8",
                        "convert the file: iconv -f LATIN1 -t UTF-8 old.txt > labels.txt");
        }
        const std::vector<std::string> fields = split_at(lines[i], '\t');
        if (fields.size() < 2 || fields.size() > 3 || is_blank(fields[1])) {
            throw Error(where + ": '" + lines[i] +
                        "' is not of the form INDEX<TAB>NAME[<TAB>BODY-LEVEL NAME]");
        }
        const std::int64_t index = parse_integer(fields[0], "INDEX", where);
        // No index can exceed the number of lines if 0..C-1 all occur.
        if (index < 0 || index >= static_cast<std::int64_t>(lines.size())) {
            throw Error(where + ": class index " + fields[0] + " is outside 0..C-1");
        }
        if (static_cast<std::size_t>(index) >= rows.size()) rows.resize(index + 1);
        if (rows[index]) throw Error(where + ": class index " + fields[0] + " occurs twice");
        rows[index] = Row{fields[1], fields.size() == 3 ? fields[2] : ""};
    }
    if (rows.empty()) throw Error(file.string() + " names no class");

    ClassNames classes;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!rows[i])
            throw Error(file.string() + ": class index " + std::to_string(i) + " is missing");
        classes.names.push_back(rows[i]->name);
        if (rows[i]->body.empty() != rows[0]->body.empty()) {
            throw Error(file.string() +
                        ": the body level is given for some classes only, not for " +
                        (rows[i]->body.empty() ? rows[i]->name : rows[0]->name));
        }
        if (rows[i]->body.empty()) continue;
        const auto known =
            std::find(classes.body_names.begin(), classes.body_names.end(), rows[i]->body);
        classes.body_of.push_back(known - classes.body_names.begin());
        if (known == classes.body_names.end()) classes.body_names.push_back(rows[i]->body);
    }
    return classes;
}

std::vector<ListedClip> Rawframes::list(const std::string& split, std::int64_t classes,
                                        const Report& report) const {
    const auto parse = [&](const std::string& line, const std::string& where) {
        return parse_clip(dataset_, line, classes, where);
    };
    return read_clip_list(list_file(split), parse, report);
}

}  // namespace

std::unique_ptr<const DatasetFormat> open_rawframes(const fs::path& dataset) {
    for (const char* name : {"labels.txt", "train.txt", "val.txt", "test.txt"})
        if (is_file(dataset / name)) return std::make_unique<Rawframes>(dataset);
    return nullptr;
}

}  // namespace mdn
