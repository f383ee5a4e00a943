// Checkpoints as PyTorch's torch.save writes them (.pth, .pt, .bin): the tensors in them by name.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/files/byte_source.h"
#include "engine/files/torch/pickled_tensors.h"
#include "engine/files/torch/zip_reader.h"

namespace mdn {

/// A checkpoint in either of PyTorch's containers: a zip archive (since 1.6) or pickles followed by
/// the numbers. Opening it reads what the tensors are called and where they lie; the numbers are
/// read one tensor at a time. Nothing in the file is run.
class TorchFile {
  public:
    /// Throws Error naming the source, and the entry, byte or tensor at fault, for everything that
    /// is not a whole and consistent checkpoint. Takes memory in proportion to the source at most.
    explicit TorchFile(std::shared_ptr<const ByteSource> source);

    /// In the order of their dicts.
    const std::vector<TorchTensor>& tensors() const { return contents_.tensors; }
    /// "module.name" of every class or function that the file would have called, were it loaded by
    /// Python, and how often; not those that only hold tensors together.
    const std::map<std::string, int64_t>& skipped() const { return contents_.skipped; }
    /// "PyTorch, zip" or "PyTorch, legacy".
    const char* container() const { return container_; }
    /// One of tensors(), row-major whatever its strides: f32 (from float32, float16, bfloat16),
    /// f64, i64 (from int64, int32) or u8 (from uint8, bool); negated where PyTorch would. Throws
    /// Error naming the tensor for another type. A tensor that repeats numbers (expanded, stride 0)
    /// may be larger than the file: look at its shape first. Throws Error as well where the
    /// archive's checksum says that the numbers are not those that were saved, or that none were.
    Tensor read(const TorchTensor& tensor) const;

  private:
    void open_zip();
    void open_legacy();
    void place_tensors();
    void check_stored(const StoredEntry& entry) const;
    void check_written(const TorchTensor& tensor) const;

    std::shared_ptr<const ByteSource> source_;
    PickledTensors contents_;
    const char* container_ = "";
    bool big_endian_ = false;
    /// CRC-32 of storages by key, where the archive has them, until they have been compared.
    mutable std::map<std::string, uint32_t> checksums_;
};

/// Whether the source begins as one of the two containers does.
bool is_torch_file(const ByteSource& source);

TorchFile read_torch_file(const std::string& path);
/// `name` stands for the path in messages; the bytes must outlive the result.
TorchFile parse_torch_file(std::span<const uint8_t> bytes, const std::string& name);

}  // namespace mdn
