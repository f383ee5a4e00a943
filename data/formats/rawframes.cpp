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

constexpr const char* form_hint =
    "lists are MMAction2's rawframes lists; videos must be extracted to frames";

constexpr const char* without_val =
    "train does without it (--val test, --val none), and eval takes another list (--split test); ";

constexpr const char* one_label_hint =
    "if it is CLIP_DIR NUM_FRAMES and several labels: a clip has one label here, so keep the one "
    "that matters";

constexpr const char* labels_hint =
    "labels.txt has a line for each class: a number from 0 on, a tab, and the name (0<TAB>walk); "
    "where all classes have one, another tab and the body-level name";

constexpr const char* counts_from_one =
    "class indices count from 0: if those of this file count from 1, subtract 1 from each, and "
    "from the labels in the lists";

bool is_whole_number(const std::string& text) {
    try {
        return parse_integer(text, "", "") >= 0;
    } catch (const Error&) {
        return false;
    }
}

std::int64_t index_in(const std::string& field, const std::string& where) {
    try {
        return parse_integer(field, "INDEX", where);
    } catch (const Error& error) {
        throw Error(error.what(), labels_hint);
    }
}

/// Separated by semicolons or commas where blanks do not separate: a line as a spreadsheet has it.
std::string with_blanks(const std::string& line) {
    for (const char separator : {';', ','}) {
        std::vector<std::string> fields = split_at(line, separator);
        for (std::string& field : fields) {
            field.erase(field.find_last_not_of(" \t") + 1);
            field.erase(0, field.find_first_not_of(" \t"));
        }
        if (fields.size() < 3 || fields.size() > 4 || fields[0].empty()) continue;
        if (!std::all_of(fields.begin() + 1, fields.end(), is_whole_number)) continue;
        std::string joined = fields[0];
        for (std::size_t i = 1; i < fields.size(); ++i) joined += " " + fields[i];
        return joined;
    }
    return line;
}

class LineParser {
    const fs::path& dataset_;
    const std::optional<FrameNames>& frame_names_;

    bool has_folder(const std::string& name) const {
        return is_folder(dataset_ / "frames" / name) || is_folder(dataset_ / "keypoints" / name);
    }

    /// A name as it stands below frames/: what lists put before it is left out where it leads to
    /// the clip's own folder.
    std::string below_frames(std::string name) const {
        std::error_code failure;
        if (fs::path(name).is_absolute()) {
            for (const char* part : {"frames", "keypoints"}) {
                const fs::path root = fs::weakly_canonical(dataset_ / part, failure);
                const fs::path below = fs::weakly_canonical(name, failure).lexically_relative(root);
                if (!below.empty() && *below.begin() != "..") return below.generic_string();
            }
            return name;  // for check_name to refuse
        }
        if (name.size() > 1 && name.front() == '"' && name.back() == '"')
            name = name.substr(1, name.size() - 2);
        while (name.starts_with("./")) name.erase(0, 2);
        if (has_folder(name)) return name;
        std::string slashes = name;  // a list from Windows
        std::replace(slashes.begin(), slashes.end(), '\\', '/');
        if (has_folder(slashes)) return slashes;
        // As in MMAction2's own configurations: data/NAME/rawframes_train/CLIP.
        for (std::size_t begin = 0, slash; (slash = slashes.find('/', begin)) != slashes.npos;
             begin = slash + 1) {
            const std::string folder = slashes.substr(begin, slash - begin);
            const std::string rest = slashes.substr(slash + 1);
            if ((folder == "frames" || folder.starts_with("rawframes")) && has_folder(rest))
                return rest;
        }
        return name;
    }

    /// Throws where a name without a folder is one with a folder and two numbers or more behind it.
    void refuse_several_labels(const std::string& name, const std::string& line,
                               const std::string& where) const {
        if (has_folder(below_frames(name))) return;
        std::string rest = name;
        for (std::size_t fields = 4;; ++fields) {
            if (!is_whole_number(take_last_word(rest))) return;
            rest.erase(rest.find_last_not_of(" \t/") + 1);
            if (rest.empty()) return;
            if (fields > 4 && has_folder(below_frames(rest)))
                throw Error(where + ": '" + line + "' has " + std::to_string(fields) + " fields",
                            one_label_hint);
        }
    }

    /// Whether the frame at which a clip of that offset ends is there.
    bool reaches(const std::string& name, std::int64_t frames) const {
        const fs::path folder = dataset_ / "frames" / name;
        if (!is_folder(folder)) return true;  // keypoints alone: for whoever counts them
        const auto names = find_frame_names(folder, frame_names_);
        return names && is_file(folder / names->at(frames - 1));
    }

  public:
    LineParser(const fs::path& dataset, const std::optional<FrameNames>& frame_names)
        : dataset_(dataset), frame_names_(frame_names) {}

    /// Checks the form of one line; files are looked at only where the line could mean two things.
    ListedClip parse(const std::string& line, const std::string& where) const {
        std::string name = with_blanks(line);
        const std::string label = take_last_word(name);
        std::string count = take_last_word(name);
        name.erase(name.find_last_not_of(" \t/") + 1);
        name.erase(0, name.find_first_not_of(" \t"));
        if (name.empty()) {
            throw Error(where + ": '" + line + "' is not of the form CLIP_DIR NUM_FRAMES LABEL",
                        form_hint);
        }
        ListedClip clip;
        // A number before the last two may be part of the name: wave 1.
        std::string rest = name;
        const std::string third = take_last_word(rest);
        rest.erase(rest.find_last_not_of(" \t/") + 1);
        if (!rest.empty() && is_whole_number(third) && !has_folder(below_frames(name)) &&
            has_folder(below_frames(rest))) {
            const std::string clip_name = below_frames(rest);
            const std::int64_t offset = parse_integer(third, "offset", where);
            const std::int64_t frames = parse_integer(count, "NUM_FRAMES", where);
            if (frames < 1 || !reaches(clip_name, offset + frames))
                throw Error(where + ": '" + line +
                                "' has four fields, and as CLIP_DIR OFFSET NUM_FRAMES LABEL it "
                                "goes beyond the frames of " +
                                clip_name,
                            one_label_hint);
            name = rest;
            clip.files.first = offset;
            clip.is_part = true;
        }
        refuse_several_labels(name, line, where);
        name = below_frames(name);
        check_name(name, where);
        clip.files.frames = dataset_ / "frames" / name;
        clip.files.keypoints = dataset_ / "keypoints" / name;
        clip.files.count = parse_integer(count, "NUM_FRAMES", where);
        // Several clips of one folder must not share a name.
        clip.files.name = name;
        if (clip.files.first > 0)
            clip.files.name.append("+").append(std::to_string(clip.files.first));
        clip.label = parse_integer(label, "LABEL", where);
        if (clip.files.count < 1) {
            throw Error(where + ": clip '" + name + "' has NUM_FRAMES " + count +
                        ", which must be at least 1");
        }
        return clip;
    }
};

constexpr const char* file_names[] = {"labels.txt", "train.txt", "val.txt", "test.txt"};

class Rawframes final : public DatasetFormat {
    fs::path dataset_;
    std::optional<FrameNames> frame_names_;

    fs::path list_file(const std::string& split) const { return dataset_ / (split + ".txt"); }

    /// A way forward where a file is missing that somebody else has to write.
    void require_file(const fs::path& file, const std::string& otherwise = "") const {
        if (!fs::exists(file))
            throw Error("missing file " + file.string(),
                        otherwise + "microdualnet lists " + dataset_.string() +
                            " writes labels and lists from the clips' names");
    }

  public:
    Rawframes(fs::path dataset, std::optional<FrameNames> frame_names)
        : dataset_(std::move(dataset)), frame_names_(std::move(frame_names)) {}

    std::string name() const override { return "rawframes"; }
    ClassNames class_names() const override;
    bool has(const std::string& split) const override { return is_file(list_file(split)); }
    Error without_clips(const std::string& split) const override {
        return Error(list_file(split).string() + " lists no clip",
                     (split == "val" ? std::string(without_val) + "to have it, " : "") +
                         "fill the file with lines CLIP_DIR NUM_FRAMES LABEL");
    }
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
            throw Error(
                where + " is not UTF-8",
                "convert the file from the encoding that it was saved in, LATIN1 for example: "
                "iconv -f LATIN1 -t UTF-8 old.txt > labels.txt");
        }
        const std::vector<std::string> fields = split_at(line, '\t', 4);
        if (fields.size() < 2 || fields.size() > 3 || is_blank(fields[1])) {
            throw Error(
                where + ": '" + line + "' is not of the form INDEX<TAB>NAME[<TAB>BODY-LEVEL NAME]",
                labels_hint);
        }
        const std::int64_t index = index_in(fields[0], where);
        // No index can exceed the number of lines if 0..C-1 all occur.
        if (index < 0 || index >= count) {
            throw Error(where + ": class index " + fields[0] + " is outside 0.." +
                            std::to_string(count - 1) + " (one class per line)",
                        index == count && !rows.contains(0) ? counts_from_one : labels_hint);
        }
        const Row row{fields[1], fields.size() == 3 ? fields[2] : ""};
        if (!rows.emplace(index, row).second) {
            throw Error(where + ": class index " + fields[0] + " occurs twice", labels_hint);
        }
    }
    if (rows.empty()) throw Error(file.string() + " names no class", labels_hint);

    ClassNames classes;
    const Row first = rows.begin()->second;
    for (const auto& [index, row] : rows) {
        if (index != classes.count()) {
            const bool from_one = classes.count() == 0 && rows.rbegin()->first == std::ssize(rows);
            throw Error(
                file.string() + ": class index " + std::to_string(classes.count()) + " is missing",
                from_one ? counts_from_one : labels_hint);
        }
        classes.names.push_back(row.name);
        if (row.body.empty() != first.body.empty()) {
            throw Error(file.string() +
                            ": the body level is given for some classes only, not for " +
                            (row.body.empty() ? row.name : first.name),
                        labels_hint);
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
    const LineParser parser(dataset_, frame_names_);
    const auto parse = [&](const std::string& line, const std::string& where) {
        return parser.parse(line, where);
    };
    require_file(list_file(split), split == "val" ? without_val : "");
    return read_clip_list(list_file(split), classes, parse, report);
}

}  // namespace

std::unique_ptr<const DatasetFormat> open_rawframes(const fs::path& dataset,
                                                    const std::optional<FrameNames>& frame_names) {
    for (const char* name : file_names)
        if (is_file(dataset / name)) return std::make_unique<Rawframes>(dataset, frame_names);
    return nullptr;
}

}  // namespace mdn
