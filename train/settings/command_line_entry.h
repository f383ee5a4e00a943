// One option as it was declared and given; shared by the parser and the help text.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace mdn {

struct OptionEntry {
    std::vector<std::string> names;  // "--data"; one without dashes is given by its place
    std::string kind;                // what its value is, for people; empty for a flag
    std::string initial;             // the default, as --help shows it
    std::string help;
    bool is_list = false;                                     // several values, each for `take`
    std::vector<std::string> given;                           // the values, as typed
    std::function<void(const std::string& value)> take = {};  // throws Error if it does not fit

    bool is_flag() const { return kind.empty(); }
    bool is_positional() const { return !names.front().starts_with("-"); }
    /// As messages call it.
    const std::string& name() const { return names.front(); }
    /// As the user types it: "--data DIR", "DATASET", "RUN_DIR...".
    std::string usage() const {
        if (is_positional()) return is_list ? name() + "..." : name();
        return is_flag() ? name() : name() + " " + kind;
    }
};

}  // namespace mdn
