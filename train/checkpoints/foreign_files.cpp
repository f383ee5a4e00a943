#include "train/checkpoints/foreign_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>

#include "engine/error.h"
#include "engine/files/torch/torch_file.h"
#include "engine/files/torch/zip_reader.h"

namespace mdn {

namespace {

namespace fs = std::filesystem;

/// The line of Python that reads IN and writes a checkpoint to OUT, as it goes into a shell.
std::string python_line(const std::string& path, std::string code) {
    // A path that a shell or Python would read otherwise is left to the user.
    const bool plain = path.find_first_of("'\"\\$`!\n") == std::string::npos;
    const std::string in = plain ? path : "FILE";
    const std::string stem =
        plain ? fs::path(path).replace_extension().filename().string() : "FILE";
    const auto put = [&](std::string_view name, const std::string& value) {
        for (size_t at = 0; (at = code.find(name, at)) != std::string::npos; at += value.size())
            code.replace(at, name.size(), value);
    };
    put("<IN>", in);
    put("<OUT>", stem + ".weights.pth");
    return "python3 -c \"" + code + "\"";
}

[[noreturn]] void refuse(const std::string& path, const std::string& what,
                         const std::string& hint) {
    throw Error(path + " is not a checkpoint that is read: it is " + what, hint);
}
/// `before` warns of what the line cannot know. The line comes last, to be copied.
[[noreturn]] void refuse_with_line(const std::string& path, const std::string& what,
                                   const char* code, const std::string& before = "") {
    refuse(path, what,
           before + "this writes its weights to a file that is read: " + python_line(path, code));
}

constexpr const char* keras_differs =
    "Keras's own ResNets have biases in their convolutions and do not fit; of another network, ";
constexpr const char* unpickling_runs =
    "only for a file that you trust, for loading a pickle runs what is in it: ";

// Each was run on a file of the library in question; docs/weights.md says which versions.
constexpr const char* from_torchscript =
    "import torch; torch.save(torch.jit.load('<IN>', 'cpu').state_dict(), '<OUT>')";
constexpr const char* from_export =
    "import torch; torch.save(torch.export.load('<IN>').state_dict, '<OUT>')";
constexpr const char* from_dcp =
    "from torch.distributed.checkpoint.format_utils import dcp_to_torch_save as save; "
    "save('<IN>', '<OUT>')";
constexpr const char* from_onnx =
    "import onnx, torch; from onnx.numpy_helper import to_array; torch.save({t.name: "
    "torch.tensor(to_array(t)) for t in onnx.load('<IN>').graph.initializer}, '<OUT>')";
constexpr const char* from_npz =
    "import numpy, torch; torch.save({k: torch.tensor(v) for k, v in "
    "numpy.load('<IN>').items()}, '<OUT>')";
constexpr const char* from_npy_object =
    "import numpy, torch; torch.save({k: torch.as_tensor(v) for k, v in numpy.load('<IN>', "
    "allow_pickle=True).item().items()}, '<OUT>')";
constexpr const char* from_hdf5 =
    "import h5py, torch; d = {}; h5py.File('<IN>').visititems(lambda k, v: "
    "d.update({k.replace('/', '.'): torch.tensor(v[()])}) if isinstance(v, h5py.Dataset) else "
    "None); torch.save(d, '<OUT>')";
constexpr const char* from_keras =
    "import keras, torch; torch.save({w.path.replace('/', '.'): "
    "torch.tensor(keras.ops.convert_to_numpy(w)) for w in "
    "keras.models.load_model('<IN>').weights}, "
    "'<OUT>')";
constexpr const char* from_gguf =
    "import gguf, torch; torch.save({t.name: torch.tensor(t.data) for t in "
    "gguf.GGUFReader('<IN>').tensors}, '<OUT>')";
constexpr const char* from_pickle =
    "import pickle, torch; o = pickle.load(open('<IN>', 'rb'), encoding='latin1'); "
    "torch.save({k: torch.as_tensor(v) for k, v in o.get('model', o).items()}, '<OUT>')";

/// Files that take a checkpoint's place when a download goes wrong.
struct Mistaken {
    std::string begins;
    const char* what;
    const char* hint;
};
const Mistaken mistaken[] = {
    {"<", "a web page", "download the file itself, not the page that shows it"},
    {"version https://git-lfs", "a Git LFS pointer, not the file it points to",
     "run `git lfs pull`"},
    {"\x1f\x8b", "compressed with gzip", "unpack it first"},
    {"BZh", "compressed with bzip2", "unpack it first"},
    {"\xfd"
     "7zXZ",
     "compressed with xz", "unpack it first"},
    {"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it first"},
};

/// The source's beginning.
class Head {
  public:
    explicit Head(const ByteSource& source) {
        bytes_.resize(static_cast<size_t>(std::min<int64_t>(source.size(), 1 << 14)));
        source.read(0, bytes_.data(), static_cast<int64_t>(bytes_.size()));
    }
    bool begins(std::string_view with) const { return bytes_.starts_with(with); }
    bool holds(std::string_view text) const { return bytes_.find(text) != std::string::npos; }
    uint8_t at(size_t i) const { return i < bytes_.size() ? static_cast<uint8_t>(bytes_[i]) : 0; }

  private:
    std::string bytes_;
};

void refuse_foreign_zip(const ByteSource& source) {
    const std::string& path = source.name();
    std::optional<ZipReader> zip;
    try {
        zip.emplace(source);
    } catch (const Error&) {
        return;  // said where it is read
    }
    const auto any = [&](auto is) {
        return std::any_of(zip->entries().begin(), zip->entries().end(),
                           [&](const StoredEntry& entry) { return is(entry.name); });
    };
    const auto in_a_folder = [&](std::string_view name) {
        return any([&](const std::string& entry) {
            return entry.ends_with(name) && entry.size() > name.size() &&
                   entry.find('/') == entry.size() - name.size() - 1;
        });
    };
    if (in_a_folder("constants.pkl"))
        refuse_with_line(path, "a TorchScript program", from_torchscript);
    if (in_a_folder("archive_format") || zip->find("serialized_exported_program.json"))
        refuse_with_line(path, "a program of torch.export (.pt2)", from_export);
    if (zip->find("model.weights.h5"))
        refuse_with_line(path, "a Keras model", from_keras, keras_differs);
    if (any([](const std::string& entry) { return entry.ends_with(".npy"); }))
        refuse_with_line(path, "an archive of NumPy arrays (.npz)", from_npz);
}

/// ONNX is a protobuf message without a mark: field 1, the version of its format, then a text (the
/// program that wrote it) or the graph.
bool is_onnx(const Head& head) {
    const uint8_t next = head.at(2);
    return head.at(0) == 0x08 && head.at(1) >= 1 && head.at(1) < 32 &&
           (next == 0x12 || next == 0x1a || next == 0x22 || next == 0x3a);
}

/// As Python's pickle module writes dicts, lists and objects in protocols 0 and 1.
bool is_early_pickle(const Head& head) {
    for (const char* begin : {"(dp", "(lp", "(ip", "}q", "]q", "ccollections\n", "ccopy_reg\n",
                              "ccopyreg\n", "c__builtin__\n", "cnumpy", "ctorch"})
        if (head.begins(begin)) return true;
    return false;
}

void refuse_pickle(const std::string& path, const Head& head, bool early) {
    if (head.holds("torch.distributed.checkpoint"))
        refuse(path, "the list of a torch.distributed.checkpoint folder",
               "give the folder that it lies in");
    std::string what = early ? "a Python pickle of protocol 0 or 1" : "a Python pickle";
    if (head.holds("_load_from_bytes"))
        what += " with PyTorch tensors, not written by torch.save";
    else if (head.holds("numpy"))
        what += " with NumPy arrays, as detectron2 has them";
    else
        what += ", not written by torch.save";
    refuse_with_line(path, what, from_pickle, unpickling_runs);
}

}  // namespace

void refuse_foreign_file(const ByteSource& source) {
    const std::string& path = source.name();
    if (source.size() == 0) throw Error(path + " is empty");
    if (path.ends_with(".distcp")) {
        const std::string folder = fs::path(path).parent_path().string();
        refuse(path, "a part of a torch.distributed.checkpoint folder",
               "this writes the whole to a file that is read: " +
                   python_line(folder.empty() ? "." : folder, from_dcp));
    }
    if (is_zip(source)) return refuse_foreign_zip(source);
    if (is_torch_file(source)) return;
    const Head head(source);
    // A safetensors file begins with its header's length and '{', which none of these has there.
    if (head.at(8) == '{') return;
    for (const Mistaken& other : mistaken)
        if (head.begins(other.begins)) refuse(path, other.what, other.hint);
    if (head.begins("\x89HDF"))
        refuse_with_line(path, "an HDF5 file (Keras's .h5 is one)", from_hdf5, keras_differs);
    if (head.begins("\x93NUMPY")) {
        if (head.holds("'|O'"))
            refuse_with_line(path, "a pickled object in a NumPy file", from_npy_object,
                             unpickling_runs);
        refuse(path, "one NumPy array, without a name", "save all of them with numpy.savez");
    }
    if (head.begins("GGUF")) refuse_with_line(path, "a GGUF file", from_gguf);
    if (is_onnx(head))
        refuse_with_line(path, "an ONNX model", from_onnx,
                         "an exporter that folded batch norms into convolutions cannot be undone "
                         "(training=TrainingMode.TRAINING folds none); otherwise ");
    const bool early = is_early_pickle(head);
    if (early || (head.at(0) == 0x80 && head.at(1) >= 2 && head.at(1) <= 5))
        refuse_pickle(path, head, early);
}

void refuse_foreign_folder(const std::string& folder, const std::vector<std::string>& names) {
    const auto has = [&](const char* ending) {
        return std::any_of(names.begin(), names.end(),
                           [&](const std::string& name) { return name.ends_with(ending); });
    };
    if (has(".distcp")) {
        std::string path = folder;
        while (path.size() > 1 && path.ends_with('/')) path.pop_back();
        refuse_with_line(path, "a folder of torch.distributed.checkpoint", from_dcp);
    }
    if (has("saved_model.pb"))
        refuse(folder, "a TensorFlow SavedModel",
               "TensorFlow's ResNets are other networks than PyTorch's; their weights do not fit");
}

}  // namespace mdn
