// PyTorch's checkpoints, in both containers.
#include "engine/files/torch/torch_file.h"

#include "tests/fuzz/fuzz.h"

using namespace mdn;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // The allocator takes its first 32 MiB for this; then tensors of small files lie in there.
    static const Tensor first = Tensor::empty({1});
    const auto path = fuzz::write("checkpoint.pth", data, size);
    fuzz::check(size, [&] {
        const TorchFile file = read_torch_file(path.string());
        for (const TorchTensor& tensor : file.tensors()) {
            // Repeated numbers may fill more than the file; who reads them has seen the shape.
            if (element_count(tensor.shape) > static_cast<std::int64_t>(size)) continue;
            // One at a time, as imports do; a tensor that cannot be read leaves the others.
            try {
                const Tensor numbers = file.read(tensor);
                fuzz::require(numbers.bytes() <= 8 * static_cast<std::int64_t>(size),
                              "a tensor is larger than the file");
            } catch (const Error&) {
            }
        }
    });
    return 0;
}
