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
        const auto lists = std::count(wanted_.begin(), wanted_.end(), true);
        auto left = std::ssize(groups_) - std::ssize(split_of_);
        if (left < std::count(open.begin(), open.end(), true))
            throw Error(std::to_string(groups_.size()) +
                            (groups_.size() == 1 ? " group of clips" : " groups of clips") +
                            " cannot fill " + std::to_string(lists) + " lists",
                        "leave a list out with --val-share 0 or --test-share 0, or give --names a "
                        "{group} that makes smaller groups");
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
