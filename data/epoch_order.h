// In which order an epoch goes through a list of clips.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/random.h"

namespace mdn {

enum class Order {
    listed,    // every clip once, as listed
    shuffled,  // every clip once, at random
    balanced,  // as many draws as clips, each class as likely as any other
};

/// Positions in a list of clips with these labels, as many as there are clips. `balanced` draws a
/// class evenly among those that have clips, then that class's next clip: a class goes through all
/// its clips, shuffled anew each time, before one comes again. Random choices come from `random`
/// alone.
std::vector<std::int64_t> epoch_order(const std::vector<std::int64_t>& labels, Order order,
                                      Random& random);

}  // namespace mdn
