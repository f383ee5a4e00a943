#include "data/formats/folder_lists.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "data/dataset.h"
#include "data/file.h"
#include "data/formats/dataset_format.h"
#include "data/formats/folder_entries.h"
#include "data/formats/imigue.h"
#include "data/formats/list_file.h"
#include "data/formats/ma52.h"
#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "engine/nearest_name.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

bool has_outer_blank(const std::string& name) {
    return name.starts_with(' ') || name.ends_with(' ');
}

/// A list holds a clip a line, and nobody sees a blank at the end.
void check_can_be_listed(const std::string& name, const fs::path& root) {
    const auto refuse = [&](const std::string& why) {
        throw Error("'" + (root / name).string() + "' cannot be listed: " + why,
                    "rename the folder");
    };
    if (!is_utf8(name)) refuse("its name is not UTF-8");
    if (std::any_of(name.begin(), name.end(),
                    [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }))
        refuse("its name holds a control character, such as a tab or a line end");
    for (const std::string& part : split_at(name, '/'))
        if (has_outer_blank(part)) refuse("the name '" + part + "' begins or ends with a blank");
}

/// 'walk ' would be another class than 'walk', or another person.
void check_parts(const NamePattern::Parts& parts, const std::string& clip) {
    for (const auto& [what, value] : {std::pair("class", parts.label), {"group", parts.group}})
        if (has_outer_blank(value))
            throw Error("clip '" + clip + "' has the " + what + " '" + value +
                            "', which begins or ends with a blank",
                        "rename the folder, or write the blank into --names");
}

/// Fills in the clips' class names and groups; gives the class names of the clips.
std::vector<std::string> read_names(const NamePattern& pattern, FolderLists& lists) {
    std::vector<std::string> labels;
    std::vector<std::string> strange;
    for (FolderLists::Clip& clip : lists.clips) {
        check_can_be_listed(clip.name, lists.dataset / (lists.has_frames ? "frames" : "keypoints"));
        const auto parts = pattern.match(clip.name);
        if (!parts) {
            strange.push_back(clip.name);
            continue;
        }
        check_parts(*parts, clip.name);
        labels.push_back(parts->label);
        clip.group = pattern.has_group() ? parts->group : clip.name;
    }
    if (!strange.empty())
        throw Error("--names does not fit " + std::to_string(strange.size()) + " of " +
                        std::to_string(lists.clips.size()) + " clips, for example '" +
                        strange.front() + "'",
                    "'{class}/{}' fits walk/003, '{group}_{class}_{}' fits P01_walk_003");
    return labels;
}

/// This way out is open whatever the file holds, and nothing in it is lost.
constexpr const char* move_labels_away =
    "or move labels.txt away, and lists writes a new one, with the classes in the order of their "
    "names";

ClassNames kept_classes(const fs::path& dataset) {
    try {
        return read_class_names(dataset);
    } catch (const Error& error) {
        throw Error(error.what(), (error.hint().empty() ? "put that right" : error.hint()) + "; " +
                                      move_labels_away);
    }
}

/// How a labels.txt gets one more class.
std::string missing_line(const ClassNames& classes, const std::string& name) {
    return "add this line to labels.txt: " + std::to_string(classes.count()) + "<TAB>" + name +
           (classes.body_names.empty() ? "" : "<TAB>BODY-LEVEL NAME") + "; ";
}

/// Names that differ only in the case of A to Z, by the name in small letters.
std::map<std::string, std::set<std::string>> by_lower_case(const std::vector<std::string>& names) {
    std::map<std::string, std::set<std::string>> spellings;
    for (const std::string& name : names) {
        std::string lower = name;
        for (char& c : lower)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        spellings[lower].insert(name);
    }
    return spellings;
}

std::string quoted(const std::set<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "'" : " and '") + name + "'";
    return text;
}

void warn_of_similar_classes(const FolderLists& lists, const Warn& warn) {
    for (const auto& [lower, names] : by_lower_case(lists.classes))
        if (names.size() > 1)
            warn("the classes " + quoted(names) +
                 " differ only in case: if they are the same action, rename the folders of all but "
                 "one");
}

/// One person in two lists, under two spellings, makes the test too easy.
void warn_of_similar_groups(const FolderLists& lists, const Warn& warn) {
    std::map<std::string, int> split_of;
    std::vector<std::string> groups;
    for (const FolderLists::Clip& clip : lists.clips)
        if (split_of.emplace(clip.group, clip.split).second) groups.push_back(clip.group);
    for (const auto& [lower, names] : by_lower_case(groups)) {
        std::set<std::string> splits;
        for (const std::string& name : names) splits.insert(split_names[split_of.at(name)]);
        if (splits.size() > 1)
            warn("the groups " + quoted(names) + " differ only in case, and are in the lists " +
                 quoted(splits) +
                 ": if they are the same person, rename the folders of all but "
                 "one");
    }
}

void number_classes(const std::vector<std::string>& labels, FolderLists& lists) {
    const fs::path file = lists.dataset / "labels.txt";
    ClassNames kept;
    if (lists.keeps_labels) {
        kept = kept_classes(lists.dataset);
        lists.classes = kept.names;
    } else {
        const std::set<std::string> names(labels.begin(), labels.end());
        lists.classes.assign(names.begin(), names.end());
    }
    std::map<std::string, std::int64_t> index;
    for (const std::string& name : lists.classes) index.emplace(name, std::ssize(index));
    for (size_t i = 0; i < labels.size(); ++i) {
        const auto found = index.find(labels[i]);
        if (found == index.end())
            throw Error(file.string() + " has no class '" + labels[i] + "', the class of clip '" +
                            lists.clips[i].name + "'",
                        did_you_mean(labels[i], lists.classes,
                                     missing_line(kept, labels[i]) + move_labels_away));
        lists.clips[i].label = found->second;
    }
}

/// A list cannot take the place of a folder, and what a link was to lead to is for its owner to
/// say.
void refuse_other_than_file(const fs::path& file) {
    std::error_code failure;
    check_can_be_reached(file);
    if (is_file(file) || !fs::exists(fs::symlink_status(file, failure))) return;
    if (!fs::exists(file, failure))
        throw Error(file.string() + " is a link that leads nowhere",
                    "link the file that is meant, or remove it");
    throw Error(file.string() + (is_folder(file) ? " is a folder" : " is no regular file") +
                    ": lists writes a file of that name",
                "move it away, or give it another name");
}

/// The clips' names say nothing about the third column, which somebody wrote by hand.
void refuse_to_lose_body_level(const fs::path& labels) {
    if (!is_file(labels)) return;
    std::optional<LineReader> lines;
    try {
        lines.emplace(labels);
    } catch (const Error& error) {
        throw Error("--overwrite would lose what labels.txt holds, which nobody can tell: " +
                        std::string(error.what()),
                    "move labels.txt away first, and lists writes a new one" +
                        (error.hint().empty() ? "" : "; to keep its classes, " + error.hint()));
    }
    for (std::string line; lines->next(line);) {
        const std::vector<std::string> fields = split_at(line, '\t', 3);
        if (fields.size() < 3 || is_blank(fields[2])) continue;
        throw Error(lines->where() + ": the body-level name '" + fields[2] +
                        "' would be lost, because --overwrite writes labels.txt anew",
                    "--keep-labels --overwrite replaces the lists alone; to do without body-level "
                    "names, move labels.txt away first");
    }
}

/// In a folder like /tmp, only its owner and a file's own may give the file's name to another. What
/// else keeps a file from being replaced shows when it is tried.
void refuse_file_of_another(const fs::path& file) {
    const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
    struct stat of_file {
    }, of_folder{};
    if (::lstat(file.c_str(), &of_file) != 0 || ::stat(folder.c_str(), &of_folder) != 0) return;
    const uid_t user = ::geteuid();
    if ((of_folder.st_mode & S_ISVTX) == 0 || user == 0 || user == of_file.st_uid ||
        user == of_folder.st_uid)
        return;
    throw Error(file.string() + " cannot be replaced: it belongs to somebody else, and " +
                    folder.string() + " is a folder where only the owner of a file may replace it",
                "let the owner remove it, or put the dataset into a folder of your own");
}

/// A list, or labels.txt, as it is to be.
struct NewFile {
    fs::path path;
    std::string text;  // empty: there is to be no such file

    bool is_there() const {
        if (text.empty() != !is_file(path)) return false;
        if (text.empty()) return true;
        try {
            return read_file(path) == text;
        } catch (const Error&) {
            return false;
        }
    }
};

std::vector<NewFile> new_files(const FolderLists& lists) {
    std::vector<NewFile> files;
    if (!lists.keeps_labels) {
        std::string text;
        for (size_t c = 0; c < lists.classes.size(); ++c)
            text += std::to_string(c) + "\t" + lists.classes[c] + "\n";
        files.push_back({.path = lists.dataset / "labels.txt", .text = text});
    }
    for (int split = 0; split < 3; ++split) {
        std::string text;
        for (const FolderLists::Clip& clip : lists.clips)
            if (clip.split == split)
                text += clip.name + " " + std::to_string(clip.count) + " " +
                        std::to_string(clip.label) + "\n";
        files.push_back(
            {.path = lists.dataset / (std::string(split_names[split]) + ".txt"), .text = text});
    }
    return files;
}

void remove_list(const fs::path& file) {
    std::error_code failure;
    fs::remove(file, failure);
    if (failure)
        throw Error("the old list " + file.string() + " cannot be removed: " + failure.message());
}

/// Old lists count by the classes of the old labels.txt, and may have people of the new ones.
[[noreturn]] void tell_what_is_new(const std::vector<NewFile>& changes, const Error& error) {
    std::vector<std::string> done, left;
    for (const NewFile& file : changes)
        (file.is_there() ? done : left).push_back(file.path.filename().string());
    if (done.empty() || left.empty()) throw error;
    throw Error(std::string(error.what()) + "; new by now: " + comma_separated(done) +
                    "; still as before: " + comma_separated(left) +
                    ". These labels and lists do not belong together",
                "put right what failed, then give the same command with --overwrite, which writes "
                "all of them anew");
}

}  // namespace

std::int64_t FolderLists::count(std::int64_t label, int split) const {
    return std::count_if(clips.begin(), clips.end(), [&](const Clip& clip) {
        return clip.label == label && clip.split == split;
    });
}

std::vector<std::string> FolderLists::groups(int split) const {
    std::set<std::string> names;
    for (const Clip& clip : clips)
        if (clip.split == split) names.insert(clip.group);
    return {names.begin(), names.end()};
}

FolderLists make_folder_lists(const fs::path& dataset, const NamePattern& pattern,
                              const SplitPlan& plan, bool keep_labels,
                              const std::optional<FrameNames>& frame_names, const Warn& warn) {
    const ClipFolders found = find_clip_folders(dataset, frame_names, warn);
    FolderLists lists{.dataset = dataset,
                      .classes = {},
                      .clips = {},
                      .has_frames = found.has_frames,
                      .has_keypoints = found.has_keypoints};
    for (const ClipFolders::Clip& clip : found.clips)
        lists.clips.push_back({.name = clip.name, .count = clip.count, .group = {}});
    if (keep_labels) refuse_other_than_file(dataset / "labels.txt");
    lists.keeps_labels = keep_labels && is_file(dataset / "labels.txt");
    number_classes(read_names(pattern, lists), lists);
    std::vector<GroupedClip> grouped;
    for (const FolderLists::Clip& clip : lists.clips) grouped.push_back({clip.label, clip.group});
    SplitPlan of_pattern = plan;
    of_pattern.has_groups = pattern.has_group();
    const std::vector<int> splits = split_by_group(grouped, of_pattern);
    warn_of_similar_classes(lists, warn);
    std::vector<std::array<std::int64_t, 3>> counts(lists.classes.size());
    for (size_t i = 0; i < splits.size(); ++i) {
        lists.clips[i].split = splits[i];
        ++counts[lists.clips[i].label][splits[i]];
    }
    if (pattern.has_group()) warn_of_similar_groups(lists, warn);
    for (size_t c = 0; c < counts.size(); ++c)
        if (counts[c][0] == 0) warn("class '" + lists.classes[c] + "' has no training clip");
    return lists;
}

void check_lists_can_be_written(const fs::path& dataset, bool keep_labels, bool overwrite) {
    check_can_be_read(dataset);
    for (const auto& format : {open_ma52(dataset), open_imigue(dataset)})
        if (format)
            throw Error(dataset.string() + " is a dataset in the format " + format->name() +
                        ", which comes with its own lists");
    std::vector<std::string> files = {"labels.txt", "train.txt", "val.txt", "test.txt"};
    for (const std::string& file : files) refuse_other_than_file(dataset / file);
    if (overwrite && !keep_labels) refuse_to_lose_body_level(dataset / "labels.txt");
    if (overwrite) return;
    if (keep_labels) files.erase(files.begin());
    for (const std::string& file : files)
        if (is_file(dataset / file))
            throw Error((dataset / file).string() + " exists already",
                        file == "labels.txt"
                            ? "--keep-labels takes the classes from it, --overwrite replaces it"
                            : "--overwrite replaces the lists");
}

ListFiles write_folder_lists(const FolderLists& lists) {
    std::vector<NewFile> changes = new_files(lists);
    std::vector<std::unique_ptr<AtomicFile>> writers;
    ListFiles files;
    for (const NewFile& file : changes) {
        refuse_other_than_file(file.path);
        refuse_file_of_another(file.path);
        if (!file.text.empty()) {
            files.written.push_back(file.path);
            writers.push_back(std::make_unique<AtomicFile>(file.path.string()));
            writers.back()->write(file.text);
        } else if (is_file(file.path)) {
            files.removed.push_back(file.path);
        }
    }
    std::erase_if(changes, [](const NewFile& file) { return file.is_there(); });
    // Only once all are written does the first take its name.
    try {
        for (const auto& writer : writers) writer->commit();
        for (const fs::path& file : files.removed) remove_list(file);
    } catch (const Error& error) {
        tell_what_is_new(changes, error);
    }
    return files;
}

}  // namespace mdn
