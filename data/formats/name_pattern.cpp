#include "data/formats/name_pattern.h"

#include <algorithm>

#include "engine/error.h"

namespace mdn {

NamePattern::NamePattern(const std::string& pattern, const std::string& option) {
    const auto fail = [&](const std::string& what) {
        throw Error(option + " '" + pattern + "' " + what,
                    "{class} is the action, {group} the person or recording, {} anything else: "
                    "'{group}_{class}_{}' for P01_walk_003");
    };
    bool has_class = false;
    for (size_t at = 0; at < pattern.size();) {
        const size_t open = std::min(pattern.find('{', at), pattern.size());
        const std::string literal = pattern.substr(at, open - at);
        (fields_.empty() ? before_ : fields_.back().after) = literal;
        if (open == pattern.size()) break;
        if (!fields_.empty() && literal.empty()) fail("has two fields with nothing between them");
        const size_t close = pattern.find('}', open);
        if (close == std::string::npos) fail("has a { without a }");
        const std::string name = pattern.substr(open + 1, close - open - 1);
        Field field;
        if (name == "class") {
            if (has_class) fail("has {class} twice");
            has_class = true;
            field.part = &Parts::label;
        } else if (name == "group") {
            if (has_group_) fail("has {group} twice");
            has_group_ = true;
            field.part = &Parts::group;
        } else if (!name.empty()) {
            fail("has a field {" + name + "}, which is none of {class}, {group} and {}");
        }
        fields_.push_back(field);
        at = close + 1;
    }
    if (!has_class) fail("has no {class}");
}

std::optional<NamePattern::Parts> NamePattern::match(const std::string& name) const {
    if (!name.starts_with(before_)) return std::nullopt;
    Parts parts;
    size_t at = before_.size();
    for (const Field& field : fields_) {
        const bool last = &field == &fields_.back();
        if (last && !name.ends_with(field.after)) return std::nullopt;
        const size_t end = last ? name.size() - field.after.size() : name.find(field.after, at + 1);
        if (end == std::string::npos || end <= at) return std::nullopt;
        const std::string value = name.substr(at, end - at);
        if (field.part) {
            if (value.find('/') != std::string::npos) return std::nullopt;
            parts.*field.part = value;
        }
        at = end + field.after.size();
    }
    return parts;
}

bool NamePattern::is_ambiguous(const std::string& name) const {
    if (!match(name)) return false;
    // What stands before the class is taken as match() takes it.
    size_t at = before_.size(), field = 0;
    for (; fields_[field].part != &Parts::label; ++field)
        at = name.find(fields_[field].after, at + 1) + fields_[field].after.size();
    return ways(name, at, field) > 1;
}

/// In how many ways the rest of the name fits the rest of the fields; 2 stands for more.
int NamePattern::ways(const std::string& name, size_t at, size_t field) const {
    const Field& f = fields_[field];
    const bool last = field + 1 == fields_.size();
    const auto allowed = [&](size_t end) {
        return end > at && !(f.part && name.substr(at, end - at).find('/') != std::string::npos);
    };
    if (last)
        return name.size() >= at + f.after.size() && name.ends_with(f.after) &&
               allowed(name.size() - f.after.size());
    int count = 0;
    for (size_t end = name.find(f.after, at + 1); end != std::string::npos && count < 2;
         end = name.find(f.after, end + 1))
        if (allowed(end)) count += ways(name, end + f.after.size(), field + 1);
    return std::min(count, 2);
}

}  // namespace mdn
