#include "train/output_paths.h"

#include <filesystem>

#include "engine/atomic_file.h"
#include "engine/error.h"

namespace mdn {

namespace {

namespace fs = std::filesystem;

/// What does not exist yet is compared by where it would be. A path that cannot be looked at is no
/// other one: opening it will say what is wrong.
bool same_file(const std::string& a, const std::string& b) {
    std::error_code failure;
    if (fs::equivalent(a, b, failure)) return true;
    const auto place = [&](const std::string& path) {
        const fs::path absolute = fs::absolute(path, failure);
        return failure ? fs::path() : fs::weakly_canonical(absolute, failure);
    };
    const fs::path place_a = place(a);
    if (failure) return a == b;
    const fs::path place_b = place(b);
    return failure ? a == b : place_a == place_b;
}

bool overwrites(const NamedPath& output, const NamedPath& other) {
    return same_file(output.path, other.path) || same_file(output.path + ".partial", other.path);
}

}  // namespace

void check_outputs(const std::vector<NamedPath>& outputs, const std::vector<NamedPath>& inputs) {
    for (size_t i = 0; i < outputs.size(); ++i) {
        const NamedPath& output = outputs[i];
        if (output.path.empty()) continue;
        for (const NamedPath& input : inputs)
            if (!input.path.empty() && overwrites(output, input))
                throw Error(output.option + " " + output.path + " would overwrite the file of " +
                                input.option,
                            "give " + output.option + " another name");
        for (size_t j = 0; j < i; ++j) {
            const NamedPath& other = outputs[j];
            if (other.path.empty()) continue;
            if (overwrites(output, other) || overwrites(other, output))
                throw Error(other.option + " and " + output.option + " cannot both write " +
                            output.path);
        }
    }
    // Only now: looking creates FILE.partial for a moment.
    for (const NamedPath& output : outputs) check_writable(output.path);
}

}  // namespace mdn
