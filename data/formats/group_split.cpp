#include "data/formats/group_split.h"

#include <algorithm>
#include <map>

#include "engine/error.h"
#include "engine/nearest_name.h"

namespace mdn {

namespace {

using Counts = std::map<std::int64_t, double>;  // clips of each class

struct Group {
    std::string name;
    Counts clips;
    std::int64_t size = 0;
};

class Splitter {
    const SplitPlan& plan_;
    std::vector<Group> groups_;  // in the order in which they are given away
    std::array<Counts, 3> lacking_;
    std::array<bool, 3> wanted_ = {true, true, true};
    std::map<std::string, int> split_of_;
    std::array<std::int64_t, 3> groups_in_ = {0, 0, 0};

    void give(const Group& group, int split) {
        split_of_[group.name] = split;
        ++groups_in_[split];
        for (const auto& [label, count] : group.clips) lacking_[split][label] -= count;
    }

    void give_named(const std::vector<std::string>& names, int split, const char* option) {
        for (const std::string& name : names) {
            const auto found = std::find_if(groups_.begin(), groups_.end(),
                                            [&](const Group& g) { return g.name == name; });
            if (found == groups_.end()) {
                std::vector<std::string> known;
                for (const Group& group : groups_) known.push_back(group.name);
                std::sort(known.begin(), known.end());
                std::string some =
                    "groups are " +
                    comma_separated({known.begin(), known.begin() + std::min<std::ptrdiff_t>(
                                                                        std::ssize(known), 10)});
                if (known.size() > 10) some += ", ...";
                throw Error(
                    std::string(option) + " names '" + name + "', but no clip has that group",
                    did_you_mean(name, known, some));
            }
            const auto earlier = split_of_.find(name);
            if (earlier != split_of_.end() && earlier->second != split)
                throw Error("--val-groups and --test-groups both name '" + name + "'",
                            "a group can be in one list only");
            if (earlier == split_of_.end()) give(*found, split);
        }
    }

    /// How much a list gains from a group: the squared distance from its share of each class that
    /// the group takes away.
    double gain(const Group& group, int split) const {
        double sum = 0;
        for (const auto& [label, count] : group.clips)
            sum += count * (2 * lacking_[split].at(label) - count);
        return sum;
    }

    /// Where a list would stay empty otherwise, it gets one of the last groups.
    int best_for(const Group& group, std::int64_t left, const std::array<bool, 3>& open) const {
        std::int64_t empty = 0;
        for (int split = 0; split < 3; ++split) empty += open[split] && groups_in_[split] == 0;
        int best = -1;
        for (int split = 0; split < 3; ++split) {
            if (!open[split] || (left <= empty && groups_in_[split] > 0)) continue;
            if (best < 0 || gain(group, split) > gain(group, best)) best = split;
        }
        return best;
    }

    /// The options that leave lists out which a share asks for: as many as are too many for `left`
    /// groups. Empty where that does not help.
    static std::string leave_out(std::int64_t left, const std::array<bool, 3>& open) {
        if (left == 0) return "";  // there must be something to train on
        if (!open[1] || !open[2]) return open[1] ? "--val-share 0" : "--test-share 0";
        return left == 1 ? "--val-share 0 --test-share 0" : "--val-share 0 or --test-share 0";
    }

    /// "3 groups of clips", "1 clip".
    std::string groups_text(std::int64_t count) const {
        std::string text = std::to_string(count);
        text += plan_.has_groups ? " group" : " clip";
        if (count != 1) text += "s";
        return plan_.has_groups ? text + " of clips" : text;
    }

    /// What helps beside leaving a list out.
    std::string add_groups() const {
        if (!plan_.has_groups) return "add clips, at least one for each list";
        const bool two = !plan_.val_groups.empty() && !plan_.test_groups.empty();
        if (split_of_.empty())
            return "add clips of other groups, or give --names a {group} that makes smaller ones";
        if (std::ssize(groups_) >= std::count(wanted_.begin(), wanted_.end(), true))
            return "name fewer groups";
        return two ? "add clips of other groups, or give --val-share 0 in the place of --val-groups"
                   : "add clips of other groups";
    }

    /// `left` groups are not named, and the lists that are `open` need more.
    [[noreturn]] void refuse_too_few(std::int64_t left, const std::array<bool, 3>& open) const {
        std::vector<std::string> lists;
        for (int split = 0; split < 3; ++split)
            if (open[split]) lists.push_back(split_names[split]);
        const std::string few = " cannot fill " + std::to_string(lists.size()) + " lists (" +
                                comma_separated(lists) + ")",
                          all = groups_text(std::ssize(groups_)), options = leave_out(left, open),
                          hint = add_groups() +
                                 (options.empty() ? "" : "; or leave lists out: " + options);
        if (split_of_.empty()) throw Error(all + few, hint);
        const bool val = !plan_.val_groups.empty(), test = !plan_.test_groups.empty();
        const std::string named = val && test ? "--val-groups and --test-groups"
                                  : val       ? "--val-groups"
                                              : "--test-groups";
        if (left > 0)
            throw Error(named + " leaves " + std::to_string(left) + " of " + all + ", which" + few,
                        hint);
        throw Error(named +
                        (val && test           ? " take all " + all
                         : groups_.size() == 1 ? " takes the only group of clips"
                                               : " takes all " + all) +
                        ": nothing is left " +
                        (lists.size() == 1 ? "to train on" : "for " + comma_separated(lists)),
                    hint);
    }

  public:
    Splitter(const std::vector<GroupedClip>& clips, const SplitPlan& plan) : plan_(plan) {
        std::map<std::string, Group> by_name;
        Counts total;
        for (const GroupedClip& clip : clips) {
            Group& group = by_name[clip.group];
            group.name = clip.group;
            ++group.clips[clip.label];
            ++group.size;
            ++total[clip.label];
        }
        for (auto& [name, group] : by_name) groups_.push_back(std::move(group));
        std::stable_sort(groups_.begin(), groups_.end(),
                         [](const Group& a, const Group& b) { return a.size > b.size; });
        const double shares[] = {1 - plan.val_share - plan.test_share, plan.val_share,
                                 plan.test_share};
        for (int split = 0; split < 3; ++split)
            for (const auto& [label, count] : total) lacking_[split][label] = shares[split] * count;
        wanted_ = {true, plan.val_share > 0 || !plan.val_groups.empty(),
                   plan.test_share > 0 || !plan.test_groups.empty()};
    }

    std::map<std::string, int> split() {
        give_named(plan_.val_groups, 1, "--val-groups");
        give_named(plan_.test_groups, 2, "--test-groups");
        const std::array<bool, 3> open = {true, wanted_[1] && plan_.val_groups.empty(),
                                          wanted_[2] && plan_.test_groups.empty()};
        auto left = std::ssize(groups_) - std::ssize(split_of_);
        if (left < std::count(open.begin(), open.end(), true)) refuse_too_few(left, open);
        for (const Group& group : groups_)
            if (!split_of_.contains(group.name)) give(group, best_for(group, left--, open));
        return split_of_;
    }
};

}  // namespace

std::vector<int> split_by_group(const std::vector<GroupedClip>& clips, const SplitPlan& plan) {
    if (plan.val_share + plan.test_share >= 1)
        throw Error("--val-share and --test-share leave nothing to train on",
                    "their sum must be below 1");
    const std::map<std::string, int> split_of = Splitter(clips, plan).split();
    std::vector<int> splits;
    for (const GroupedClip& clip : clips) splits.push_back(split_of.at(clip.group));
    return splits;
}

}  // namespace mdn
