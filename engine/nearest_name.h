// What a user may have meant by a name that does not exist.
#pragma once

#include <string>
#include <vector>

namespace mdn {

/// The name that is fewest edits away (a character put in, left out, replaced, or swapped with its
/// neighbour); the earlier on a tie. Empty where even that one is too far off to be a slip: more
/// than a third of the longer of the two. Case and leading dashes do not count.
std::string nearest_name(const std::string& name, const std::vector<std::string>& known);

/// A hint: "did you mean 'train'? " before `otherwise`, or that alone where no name is near.
std::string did_you_mean(const std::string& name, const std::vector<std::string>& known,
                         const std::string& otherwise);

/// "a, b, c".
std::string comma_separated(const std::vector<std::string>& names);

}  // namespace mdn
