// Indices of checkpoints in several files.
#include "engine/files/shard_index.h"

#include <filesystem>

#include "tests/fuzz/fuzz.h"

using namespace mdn;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto path = fuzz::write("model.safetensors.index.json", data, size);
    // A map of one-letter names takes more memory than its text.
    fuzz::check(16 * size, [&] {
        const ShardIndex index = read_shard_index(path.string());
        for (const std::string& file : index.files) {
            const auto inside = std::filesystem::path("folder" + ("/" + file)).lexically_normal();
            fuzz::require(inside.string().starts_with("folder"), "a file outside the folder");
        }
        for (const auto& [tensor, file] : index.file_of)
            fuzz::require(file < index.files.size(), "a tensor in no file");
    });
    return 0;
}
