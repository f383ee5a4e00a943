#include "train/settings/split_flag.h"

#include <algorithm>
#include <vector>

#include "data/formats/dataset_format.h"
#include "engine/nearest_name.h"

namespace mdn {

void check_split(const std::string& option, const std::string& dataset, const std::string& split) {
    std::vector<std::string> known = {"train", "val", "test"};
    if (std::find(known.begin(), known.end(), split) != known.end()) return;
    const auto format = open_dataset(dataset);
    if (format->has(split)) return;
    if (option == "--val") known.emplace_back("none");
    throw Error(option + " " + split + ": " + dataset + " has no such list",
                did_you_mean(split, known, "one of " + comma_separated(known)));
}

}  // namespace mdn
