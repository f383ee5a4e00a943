// What is given for a checkpoint and is none.
#include "train/checkpoints/foreign_files.h"

#include "tests/engine/files/torch/archive.h"
#include "tests/train/program.h"

using namespace mdn;
using namespace std::string_literals;
using test::contains;
using test::microdualnet;
using test::SmallProject;

TEST_SUITE("train/checkpoints/foreign_files") {
    TEST_CASE("what is not a checkpoint is named for what it is") {
        const SmallProject project;
        const auto refused = [&](const std::string& bytes) {
            test::write(project.file("x.pth"), bytes);
            return microdualnet(
                {"import", project.file("x.pth"), "--config", project.config, "--dry-run"});
        };
        // Where weights are read, too.
        const auto evaluated = [&](const std::string& bytes) {
            test::write(project.file("x.pth"), bytes);
            return microdualnet(
                {"eval", "--weights", project.file("x.pth"), "--data", project.data});
        };
        CHECK_MISTAKE(evaluated("version https://git-lfs.github.com/spec/v1\noid"), {"Git LFS"});
        CHECK_MISTAKE(evaluated("PK\3\4" + std::string(40, 'x')), {"x.pth", "PyTorch", "import"});
        CHECK_MISTAKE(refused(""), {"x.pth is empty"});
        CHECK_MISTAKE(refused("<!DOCTYPE html><html>sign in</html>"), {"a web page"});
        CHECK_MISTAKE(refused("version https://git-lfs.github.com/spec/v1\noid"), {"Git LFS"});
        CHECK_MISTAKE(refused(std::string("\x1f\x8b\x08\x00 and so on", 14)), {"gzip"});
        CHECK_MISTAKE(refused("neither one nor the other"), {"not a valid safetensors file"});
        CHECK_MISTAKE(microdualnet({"import", project.file("absent.pth"), "--config",
                                    project.config, "--dry-run"}),
                      {"absent.pth", "no such file"});
        CHECK_MISTAKE(
            microdualnet({"import", project.data, "--config", project.config, "--dry-run"}),
            {"data is a folder without a checkpoint"});
        CHECK_MISTAKE(microdualnet({"import", project.config, "--config", project.config}),
                      {"--out is missing"});
    }

    TEST_CASE("other containers are named, with the line that converts them") {
        const SmallProject project;
        const auto refused = [&](const std::string& name, const std::string& bytes,
                                 const std::vector<std::string>& words) {
            INFO(name);
            test::write(project.file(name), bytes);
            CHECK_MISTAKE(microdualnet({"import", project.file(name), "--config", project.config,
                                        "--dry-run"}),
                          {project.file(name) + " is not a checkpoint that is read: it is "});
            CHECK_MISTAKE(microdualnet({"import", project.file(name), "--config", project.config,
                                        "--dry-run"}),
                          words);
            CHECK_MISTAKE(
                microdualnet({"eval", "--weights", project.file(name), "--data", project.data}),
                {words[0]});
        };
        const auto zip = [](const std::vector<test::Zip::Entry>& entries) {
            test::Zip archive;
            archive.entries = entries;
            return archive.bytes();
        };
        refused("a.pt",
                zip({{"a/data/0", "1234"},
                     {"a/data.pkl", "N."},
                     {"a/code/x.py", "z", 8},
                     {"a/constants.pkl", ")."}}),
                {"a TorchScript program", "torch.jit.load('" + project.file("a.pt") + "', 'cpu')",
                 "'a.weights.pth')"});
        refused("a.pt2",
                zip({{"a/data/weights/weight_0", "1234"},
                     {"a/models/model.json", "{}"},
                     {"a/archive_format", "pt2"}}),
                {"torch.export", "torch.export.load"});
        refused("old.pt2", zip({{"serialized_exported_program.json", "{}", 8}}),
                {"torch.export", "torch.export.load"});
        refused("a.npz", zip({{"conv1.weight.npy", "\x93NUMPY", 8}}), {"NumPy", "numpy.load"});
        refused("a.npy", "\x93NUMPY\x01\0v\0{'descr': '<f4'}"s, {"one NumPy array", "numpy.savez"});
        refused("b.npy", "\x93NUMPY\x01\0v\0{'descr': '|O'}"s, {"NumPy", "allow_pickle=True"});
        refused("a.keras", zip({{"metadata.json", "{}"}, {"model.weights.h5", "\x89HDF"}}),
                {"Keras", "load_model", "do not fit"});
        refused("a.h5", "\x89HDF\r\n\x1a\n", {"HDF5", "h5py"});
        refused("a.gguf", "GGUF\x03 and more", {"GGUF", "gguf.GGUFReader"});
        refused("a.onnx",
                "\x08\x0a\x12\x07pytorch\x1a\x0c"
                "2.15.0:",
                {"ONNX", "onnx.load"});
        refused(
            "a.pkl", "\x80\x02}q\x01X\x05model q\x01cnumpy._core.multiarray\n_reconstruct\n",
            {"a Python pickle with NumPy arrays", "pickle.load", "only for a file that you trust"});
        refused("b.pkl", "(dp0\nVw\np1\ncnumpy\nndarray\n",
                {"a Python pickle of protocol 0 or 1 with NumPy arrays"});
        refused("c.pkl", "\x80\x04\x95 OrderedDict torch._utils torch.storage _load_from_bytes",
                {"a Python pickle with PyTorch tensors, not written by torch.save"});
        refused("folder/__0_0.distcp", zip({{"archive/data.pkl", "N."}}),
                {"torch.distributed.checkpoint", "save('" + project.file("folder") + "'",
                 "'folder.weights.pth')"});
        refused("other/.metadata", "\x80\x04\x95 torch.distributed.checkpoint.metadata",
                {"torch.distributed.checkpoint", "the folder"});
        // A path that a shell would read otherwise is not put into the line.
        refused("it's.npz", zip({{"w.npy", "x"}}), {"numpy.load('FILE')"});
        for (const auto& [folder, file, word] :
             {std::tuple("dcp", "__0_0.distcp", "dcp_to_torch_save"),
              {"saved", "saved_model.pb", "SavedModel"}}) {
            test::write(project.file(folder) + "/" + file, "x");
            CHECK_MISTAKE(microdualnet({"import", project.file(folder), "--config", project.config,
                                        "--dry-run"}),
                          {project.file(folder), word});
        }
    }
}
