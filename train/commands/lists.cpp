#include <algorithm>

#include "data/file.h"
#include "data/formats/dataset_folder.h"
#include "data/formats/folder_lists.h"
#include "data/formats/list_file.h"
#include "engine/error.h"
#include "train/commands/command.h"
#include "train/output/format.h"

namespace mdn {

namespace {

/// A row for each class: clips of each list.
std::string counts_table(const FolderLists& lists) {
    size_t width = 6;
    for (const std::string& name : lists.classes) width = std::max(width, name.size());
    const auto row = [&](const std::string& index, const std::string& name, auto value) {
        std::string text =
            format("%3s  %-*s", index.c_str(), static_cast<int>(width), name.c_str());
        for (int split = 0; split < 3; ++split)
            text += format(" %7s", std::string(value(split)).c_str());
        return text + "\n";
    };
    std::string text = row("#", "class", [](int split) { return split_names[split]; });
    for (size_t c = 0; c < lists.classes.size(); ++c)
        text += row(std::to_string(c), lists.classes[c], [&](int split) {
            return std::to_string(lists.count(static_cast<int64_t>(c), split));
        });
    text += row("", "clips", [&](int split) {
        return std::to_string(
            std::count_if(lists.clips.begin(), lists.clips.end(),
                          [&](const FolderLists::Clip& clip) { return clip.split == split; }));
    });
    return text;
}

/// "val: 2 groups: P03, P07".
std::string groups_text(const FolderLists& lists) {
    constexpr size_t shown = 20;
    std::string text;
    for (int split = 0; split < 3; ++split) {
        std::vector<std::string> names = lists.groups(split);
        if (names.empty()) continue;
        text += format("%-5s %zu %s:", split_names[split], names.size(),
                       names.size() == 1 ? "group" : "groups");
        for (size_t i = 0; i < std::min(shown, names.size()); ++i) text += " " + names[i];
        text += names.size() > shown ? " ...\n" : "\n";
    }
    return text;
}

class ListsCommand final : public Command {
    std::string dataset_, names_ = "{class}/{}", val_groups_, test_groups_, frame_template_;
    SplitPlan plan_;
    bool keep_labels_ = false, overwrite_ = false, dry_run_ = false;

    /// Named groups fill a list alone: its share must not be asked for as well.
    static void take_groups(const CommandLine& options, const std::string& split,
                            const std::string& text, std::vector<std::string>& groups) {
        if (text.empty()) return;
        const std::string share = "--" + split + "-share", named = "--" + split + "-groups";
        if (options.given(share))
            throw Error(share + " and " + named + " cannot both be given", "leave one out");
        groups = split_at(text, ',');
        if (std::find(groups.begin(), groups.end(), "") != groups.end())
            throw Error(named + " " + text + ": a name between the commas is empty");
    }

    /// A class that is cut off too early would be taken together with others.
    void warn_of_ambiguous_names(const NamePattern& pattern, const FolderLists& lists,
                                 std::ostream& notes) const {
        int64_t count = 0;
        std::string example;
        for (const FolderLists::Clip& clip : lists.clips)
            if (pattern.is_ambiguous(clip.name) && count++ == 0)
                example = clip.name + " is read as class '" +
                          lists.classes[static_cast<size_t>(clip.label)] + "'";
        if (count > 0)
            notes << "warning: --names '" << names_ << "' fits " << count << " of "
                  << lists.clips.size() << " names in more than one way: " << example
                  << ". If that is wrong, write into the pattern more of what follows {class}\n";
    }

  public:
    void declare(CommandLine& options) override {
        options.positional("DATASET", dataset_,
                           "dataset folder: its clips are the folders below frames/, or below "
                           "keypoints/ where there are no frames");
        options.reads_folder("DATASET");
        options.text("--names", names_, "PATTERN",
                     "where class and group stand in clips' names: '{group}_{class}_{}' fits "
                     "P01_walk_003");
        options.number(
            "--val-share", plan_.val_share, 0, 0.9,
            "share of the clips that goes into the val list, in whole groups; 0: no val list");
        options.number(
            "--test-share", plan_.test_share, 0, 0.9,
            "share of the clips that goes into the test list, in whole groups; 0: no test list");
        options.text("--val-groups", val_groups_, "NAME,...",
                     "names of the groups that go into the val list");
        options.text("--test-groups", test_groups_, "NAME,...",
                     "names of the groups that go into the test list");
        options.text("--frame-template", frame_template_, "NAME",
                     "how frames are named, if a folder holds several kinds: img_{:05}.jpg");
        options.flag("--keep-labels", keep_labels_,
                     "keep the existing labels.txt and number the classes by it");
        options.flag("--overwrite", overwrite_,
                     "replace an existing labels.txt and existing lists");
        options.flag("--dry-run", dry_run_, "write nothing, only print the result");
    }

    void run(const CommandLine& options, std::ostream& out, std::ostream& notes) override {
        const NamePattern pattern(names_, "--names");
        take_groups(options, "val", val_groups_, plan_.val_groups);
        take_groups(options, "test", test_groups_, plan_.test_groups);
        if (!plan_.val_groups.empty()) plan_.val_share = 0;
        if (!plan_.test_groups.empty()) plan_.test_share = 0;
        if (!pattern.has_group() && (!val_groups_.empty() || !test_groups_.empty()))
            throw Error(
                "--names '" + names_ + "' has no {group} for --val-groups and --test-groups",
                "'{group}_{class}_{}' fits P01_walk_003");
        dataset_ = dataset_of(dataset_).string();
        if (!dry_run_) check_lists_can_be_written(dataset_, keep_labels_, overwrite_);
        std::optional<FrameNames> frame_names;
        if (!frame_template_.empty()) frame_names = parse_frame_template(frame_template_);
        const FolderLists lists = make_folder_lists(
            dataset_, pattern, plan_, keep_labels_, frame_names,
            [&](const std::string& text) { notes << "warning: " << text << "\n"; });
        warn_of_ambiguous_names(pattern, lists, notes);
        if (!pattern.has_group())
            notes << "warning: --names has no {group}: clips of one person may be in two lists\n";
        out << counts_table(lists);
        if (pattern.has_group()) out << "\n" << groups_text(lists);
        if (dry_run_) {
            out << "\nnothing written (--dry-run)\n";
            return;
        }
        const ListFiles files = write_folder_lists(lists);
        out << "\nwrote";
        for (const auto& file : files.written) out << " " << file.string();
        for (const auto& file : files.removed)
            out << "\nremoved " << file.string() << ": no clip belongs to it any more";
        const char* config = !lists.has_keypoints ? " --config configs/tiny-rgb.json"
                             : !lists.has_frames  ? " --config configs/tiny-pose.json"
                                                  : "";
        out << "\nnext: microdualnet check " << dataset_ << config << "\n";
    }
};

}  // namespace

const CommandEntry lists_command = {
    "lists", "write labels and lists for a folder of clips, split by person",
    "Reads class and group from the name of every clip (its path below frames/) and writes\n"
    "labels.txt, train.txt, val.txt and test.txt to DATASET. --names has these fields:\n"
    "  {class}   the action\n"
    "  {group}   the person or recording; all clips of a group go into one list\n"
    "  {}        anything else\n"
    "Each field takes the text up to what follows it in the pattern.\n"
    "The same folder always gives the same lists: groups are placed one by one, the largest\n"
    "first, each in the list that lacks most of the group's classes.\n"
    "A folder without frames is left out with a warning. So is a folder without keypoints where\n"
    "other clips have them. Hidden folders are passed over. Two paths to the same clip are an "
    "error.\n\n"
    "Example: microdualnet lists DIR\n"
    "         microdualnet lists DIR --names '{class}/{group}_{}' --val-share 0.1\n"
    "         microdualnet lists DIR --names '{group}_{class}_{}' --test-groups P07,P08\n",
    [] { return std::unique_ptr<Command>(new ListsCommand); }};

}  // namespace mdn
