#include "data/epoch_order.h"

#include <map>
#include <numeric>
#include <utility>

namespace mdn {

namespace {

void shuffle(std::vector<std::int64_t>& items, Random& random) {
    for (std::int64_t i = static_cast<std::int64_t>(items.size()) - 1; i > 0; --i)
        std::swap(items[i], items[random.below(i + 1)]);
}

/// The clips of one class and how far its cycle has come.
struct Cycle {
    std::vector<std::int64_t> clips;
    std::size_t next = 0;
};

std::vector<std::int64_t> balanced_order(const std::vector<std::int64_t>& labels, Random& random) {
    std::map<std::int64_t, Cycle> by_label;  // in the labels' order, whatever the list's
    for (std::size_t i = 0; i < labels.size(); ++i)
        by_label[labels[i]].clips.push_back(static_cast<std::int64_t>(i));
    std::vector<Cycle> classes;
    for (auto& [label, cycle] : by_label) classes.push_back(std::move(cycle));

    std::vector<std::int64_t> drawn;
    while (drawn.size() < labels.size()) {
        Cycle& cycle = classes[random.below(static_cast<std::int64_t>(classes.size()))];
        if (cycle.next == 0) shuffle(cycle.clips, random);
        drawn.push_back(cycle.clips[cycle.next]);
        cycle.next = (cycle.next + 1) % cycle.clips.size();
    }
    return drawn;
}

}  // namespace

std::vector<std::int64_t> epoch_order(const std::vector<std::int64_t>& labels, Order order,
                                      Random& random) {
    if (order == Order::balanced) return balanced_order(labels, random);
    std::vector<std::int64_t> positions(labels.size());
    std::iota(positions.begin(), positions.end(), 0);
    if (order == Order::shuffled) shuffle(positions, random);
    return positions;
}

}  // namespace mdn
