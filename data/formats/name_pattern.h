// What a clip's name says about it: its action and whom it shows.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mdn {

/// Says where in clips' names their class and group stand: "{group}_{class}_{}" fits
/// "P01_walk_003", "{class}/{}" fits "walk/003". Each field takes the text up to the first place
/// where what follows it in the pattern stands, the last one all that is left; none is empty.
/// {class} and {group} take no slash, {} anything.
class NamePattern {
  public:
    struct Parts {
        std::string label;  // {class}
        std::string group;  // empty where the pattern has no {group}
    };

    /// Throws Error, beginning with `option`, for a pattern without {class}, with a field twice or
    /// of another name, or with two fields that nothing separates.
    NamePattern(const std::string& pattern, const std::string& option);

    bool has_group() const { return has_group_; }
    /// Nothing if the name does not fit.
    std::optional<Parts> match(const std::string& name) const;
    /// Whether a fitting name's class could also end elsewhere: "{group}_{class}_{}" reads
    /// "rubbing" off "P01_rubbing_eyes_1", where "rubbing_eyes" may be meant.
    bool is_ambiguous(const std::string& name) const;

  private:
    int ways(const std::string& name, size_t at, size_t field) const;
    struct Field {
        std::string Parts::*part = nullptr;  // none: {}
        std::string after;                   // up to the next field, or to the end
    };

    std::string before_;  // the first field
    std::vector<Field> fields_;
    bool has_group_ = false;
};

}  // namespace mdn
