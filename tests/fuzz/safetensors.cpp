// safetensors files.
#include "engine/files/safetensors.h"

#include "tests/fuzz/fuzz.h"

using namespace mdn;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // The allocator takes its first 32 MiB for this; then tensors of small files lie in there.
    static const Tensor first = Tensor::empty({1});
    const auto path = fuzz::write("weights.safetensors", data, size);
    fuzz::check(size, [&] {
        const SafetensorsFile file = read_safetensors(path.string());
        std::int64_t bytes = 0;
        for (const auto& [name, tensor] : file.tensors) bytes += tensor.bytes();
        fuzz::require(bytes <= 2 * static_cast<std::int64_t>(size),
                      "tensors are larger than the file, halves as floats");
    });
    return 0;
}
