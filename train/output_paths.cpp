#include "train/output_paths.h"

#include <filesystem>
#include <string_view>

#include "data/file.h"
#include "data/formats/dataset_format.h"
#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "train/stop.h"

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

/// Whether writing `output` would replace that file: it may also have a name under which `output`
/// is written first, and be taken for what a killed writer left.
bool overwrites(const NamedPath& output, const std::string& file) {
    const std::string target = PartialPath::target_of(file);
    return same_file(output.path, file) || (!target.empty() && same_file(output.path, target));
}

/// The same of any file in a folder.
bool overwrites_inside(const NamedPath& output, const fs::path& folder) {
    return is_folder(folder) && is_file(output.path) && stays_inside(folder, output.path);
}

/// The same of a keypoint file in a folder of them; other files may lie there.
bool overwrites_keypoints(const NamedPath& output, const fs::path& folder) {
    constexpr std::string_view ending = "_keypoints.json";
    return std::string_view(output.path).ends_with(ending) && overwrites_inside(output, folder);
}

[[noreturn]] void refuse(const NamedPath& output, const std::string& what,
                         const std::string& option) {
    throw Error(output.option + " " + output.path + " would overwrite " + what + ", which " +
                    option + " reads",
                "give " + output.option + " another name");
}

void check_dataset_kept(const std::vector<NamedPath>& outputs, const NamedPath& dataset) {
    const std::vector<fs::path> files = open_dataset(dataset.path)->files();
    for (const NamedPath& output : outputs) {
        for (const fs::path& file : files)
            if (overwrites(output, file.string())) refuse(output, file.string(), dataset.option);
        for (const char* name : {"frames", "keypoints"})
            if (const fs::path folder = fs::path(dataset.path) / name;
                overwrites_inside(output, folder))
                refuse(output, "a file in " + folder.string(), dataset.option);
    }
}

}  // namespace

void check_inputs_kept(std::vector<NamedPath> outputs, std::vector<NamedPath> inputs,
                       const NamedPath& dataset) {
    const auto is_not_given = [](const NamedPath& named) { return named.path.empty(); };
    std::erase_if(outputs, is_not_given);
    std::erase_if(inputs, is_not_given);
    for (size_t i = 0; i < outputs.size(); ++i) {
        const NamedPath& output = outputs[i];
        for (const NamedPath& input : inputs)
            if (overwrites(output, input.path) || overwrites_keypoints(output, input.path))
                refuse(output, input.path, input.option);
        for (size_t j = 0; j < i; ++j)
            if (overwrites(output, outputs[j].path) || overwrites(outputs[j], output.path))
                throw Error(outputs[j].option + " and " + output.option + " cannot both write " +
                            output.path);
    }
    if (!outputs.empty() && !dataset.path.empty()) check_dataset_kept(outputs, dataset);
}

void check_outputs(const std::vector<NamedPath>& outputs, const std::vector<NamedPath>& inputs,
                   const NamedPath& dataset) {
    check_inputs_kept(outputs, inputs, dataset);
    // Only now: looking creates a file beside it for a moment. A signal waits until it is gone.
    {
        const Stoppable until_removed;
        for (const NamedPath& output : outputs) check_writable(output.path);
    }
    stop_point();
}

void check_page_name(const NamedPath& page) {
    if (!page.path.empty() && !page.path.ends_with(".html"))
        throw Error(page.option + " " + page.path + " must end in .html");
}

}  // namespace mdn
