// Which clips train, validate and test, so that no group (person, recording) is in two lists.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace mdn {

/// In the order of a dataset's lists.
inline constexpr std::array<const char*, 3> split_names = {"train", "val", "test"};

struct GroupedClip {
    std::int64_t label = 0;
    std::string group;
};

/// How the lists for val and test are filled: by a share of the clips, 0 for no such list, or,
/// where groups are named, by these.
struct SplitPlan {
    double val_share = 0.2, test_share = 0.2;
    std::vector<std::string> val_groups = {}, test_groups = {};
    bool has_groups = true;  // false: every clip is a group of its own, which messages call clips
};

/// The position in split_names of every clip's list. Groups stay whole. They go one by one, the
/// largest first and then by name, to the list that lacks most of their classes, so that every list
/// has its share of every class as far as whole groups allow; nothing is drawn at random. No list
/// that is asked for stays empty. Throws Error for named groups that no clip has or that are named
/// for both lists, for shares that leave nothing to train on, for named groups that leave too few
/// to the other lists, and for fewer groups than lists.
std::vector<int> split_by_group(const std::vector<GroupedClip>& clips, const SplitPlan& plan);

}  // namespace mdn
