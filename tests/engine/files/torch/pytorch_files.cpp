// Checkpoints that PyTorch itself wrote (tests/peers/torch_checkpoints.py), bit for bit.
#include <cstring>

#include "engine/files/safetensors.h"
#include "engine/files/torch/torch_file.h"
#include "tests/data/temporary_dataset.h"
#include "tests/torch_checkpoints/fresh.h"

using namespace mdn;
using test::contains;
using test::error_of;

namespace {

void check_containers(const std::filesystem::path& folder) {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "containers")) {
        std::filesystem::path path = entry.path();
        if (path.extension() != ".pth") continue;
        ++files;
        INFO(path.string());
        const TorchFile file = read_torch_file(path.string());
        const SafetensorsFile expected = read_safetensors(path.replace_extension("safetensors"));
        size_t found = 0;
        for (const TorchTensor& tensor : file.tensors()) {
            INFO(tensor.name);
            const Tensor wanted = expected.find(tensor.name);
            if (!wanted.defined()) {
                const std::string refusal = error_of([&] { file.read(tensor); });
                CHECK_MESSAGE(contains(refusal, {tensor.name}), refusal);
                continue;
            }
            ++found;
            const Tensor read = file.read(tensor);
            CHECK(read.dtype() == wanted.dtype());
            REQUIRE(read.shape() == wanted.shape());
            CHECK(std::memcmp(read.raw(), wanted.raw(), static_cast<size_t>(read.bytes())) == 0);
        }
        CHECK(found == expected.tensors.size());
    }
    CHECK(files == 9);
}

}  // namespace

TEST_SUITE("engine/files/torch/pytorch_files") {
    TEST_CASE("every type, layout and container that PyTorch wrote") {
        check_containers(test::torch_checkpoints);
    }

    TEST_CASE("what the PyTorch that is installed writes now") {
        test::FreshTorchCheckpoints fresh;
        if (fresh.written()) check_containers(fresh.path());
    }

    TEST_CASE("what a file would have called is listed, not called") {
        const TorchFile file = read_torch_file(test::torch_checkpoints + "containers/zip.pth");
        CHECK(file.skipped().at("argparse.Namespace") == 1);
        CHECK(file.skipped().at("datetime.datetime") == 1);
        CHECK(file.skipped().at("__main__.History") == 1);
        CHECK(!file.skipped().contains("collections.OrderedDict"));
        CHECK(!file.skipped().contains("torch._utils._rebuild_tensor_v2"));
    }
}
