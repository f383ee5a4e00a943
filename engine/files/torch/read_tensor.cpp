// A tensor's numbers: from any window on a storage, of any type, to a contiguous Tensor.
#include <algorithm>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "engine/error.h"
#include "engine/files/crc32.h"
#include "engine/files/torch/torch_file.h"
#include "engine/float16.h"

namespace mdn {

namespace {

constexpr int64_t chunk = 1 << 16;  // bytes of a storage read at a time
// Numbers that a few repeated ones may fill: more than any layer has, and far less than memory.
constexpr int64_t most_repeated = 1 << 26;

template <class T>
void negate(const Tensor& tensor) {
    T* numbers = tensor.data<T>();
    for (int64_t i = 0; i < tensor.numel(); ++i)
        if constexpr (std::is_integral_v<T>)  // modulo 2ⁿ, as PyTorch does
            numbers[i] = static_cast<T>(uint64_t{0} - static_cast<uint64_t>(numbers[i]));
        else
            numbers[i] = -numbers[i];
}

/// Calls row(first, count, out) for each run of the last axis: `first` is its first number's place
/// in the storage, `out` its place in the result.
template <class Row>
void for_each_row(const TorchTensor& tensor, Row row) {
    const size_t outer = tensor.shape.size() - 1;
    const int64_t count = tensor.shape[outer], rows = element_count(tensor.shape) / count;
    std::vector<int64_t> index(outer, 0);
    int64_t first = tensor.offset;
    for (int64_t i = 0; i < rows; ++i) {
        row(first, count, i * count);
        for (size_t axis = outer; axis-- > 0;) {
            first += tensor.strides[axis];
            if (++index[axis] < tensor.shape[axis]) break;
            first -= tensor.strides[axis] * tensor.shape[axis];
            index[axis] = 0;
        }
    }
}

bool is_contiguous(const TorchTensor& tensor) {
    int64_t expected = 1;
    for (size_t axis = tensor.shape.size(); axis-- > 0;) {
        if (tensor.shape[axis] != 1 && tensor.strides[axis] != expected) return false;
        expected *= tensor.shape[axis];
    }
    return true;
}

int64_t last_number(const TorchTensor& tensor) {
    int64_t last = tensor.offset;
    for (size_t axis = 0; axis < tensor.shape.size(); ++axis)
        last += (tensor.shape[axis] - 1) * tensor.strides[axis];
    return last;
}

/// Reads numbers stored as `Stored` into a tensor of `Read`.
template <class Stored, class Read, class Widen>
void read_numbers(const ByteSource& source, const TorchTensor& tensor, bool swap, Read* out,
                  Widen widen) {
    const auto convert = [&](const uint8_t* bytes) {
        uint8_t number[sizeof(Stored)];
        std::memcpy(number, bytes, sizeof number);
        if (swap) std::reverse(std::begin(number), std::end(number));
        Stored stored;
        std::memcpy(&stored, number, sizeof stored);
        return widen(stored);
    };
    constexpr int64_t size = sizeof(Stored);
    const int64_t numel = element_count(tensor.shape);
    if (is_contiguous(tensor)) {
        if constexpr (std::is_same_v<Stored, Read>)
            if (!swap) {
                source.read(tensor.storage.begin + tensor.offset * size, out, numel * size);
                return;
            }
        std::vector<uint8_t> bytes(static_cast<size_t>(std::min(chunk, numel * size)));
        for (int64_t done = 0; done < numel;) {
            const int64_t count = std::min(chunk / size, numel - done);
            source.read(tensor.storage.begin + (tensor.offset + done) * size, bytes.data(),
                        count * size);
            for (int64_t i = 0; i < count; ++i) out[done + i] = convert(bytes.data() + i * size);
            done += count;
        }
        return;
    }
    // All that lies between its first and its last number, which is part of the file.
    std::vector<uint8_t> window(
        static_cast<size_t>((last_number(tensor) - tensor.offset + 1) * size));
    source.read(tensor.storage.begin + tensor.offset * size, window.data(),
                static_cast<int64_t>(window.size()));
    const int64_t stride = tensor.strides.back();
    for_each_row(tensor, [&](int64_t first, int64_t count, int64_t place) {
        for (int64_t i = 0; i < count; ++i)
            out[place + i] = convert(window.data() + (first - tensor.offset + i * stride) * size);
    });
}

}  // namespace

/// Of a tensor's whole storage, once: a checksum of a part is not known.
void TorchFile::check_written(const TorchTensor& tensor) const {
    const auto known = checksums_.find(tensor.storage_key);
    if (known == checksums_.end()) return;
    const int64_t size = tensor.storage.numel * tensor.storage.type->size;
    std::vector<uint8_t> bytes(static_cast<size_t>(std::min(chunk, size)));
    uint32_t crc = 0;
    bool all_zero = true;
    for (int64_t done = 0; done < size;) {
        const int64_t count = std::min(chunk, size - done);
        source_->read(tensor.storage.begin + done, bytes.data(), count);
        const std::string_view part(reinterpret_cast<const char*>(bytes.data()),
                                    static_cast<size_t>(count));
        crc = crc32(part, crc);
        all_zero =
            all_zero && std::all_of(part.begin(), part.end(), [](char byte) { return byte == 0; });
        done += count;
    }
    const auto fail = [&](const std::string& what, const std::string& hint) {
        throw Error(source_->name() + ": tensor '" + tensor.name + "' " + what, hint);
    };
    // PyTorch leaves holes on request, to be filled by other means: then no checksum is known.
    if (known->second == 0 && size > 0 && all_zero)
        fail("has no numbers: the file was written without its data",
             "torch.serialization.skip_data does that; save the checkpoint without it");
    if (known->second != 0 && crc != known->second)
        fail("does not hold the numbers that were saved: the checksum of storage '" +
                 tensor.storage_key + "' differs",
             "was the file changed, or its download not finished?");
    checksums_.erase(known);
}

Tensor TorchFile::read(const TorchTensor& tensor) const {
    const TorchType& type = *tensor.storage.type;
    const auto fail = [&](const std::string& what) {
        throw Error(source_->name() + ": tensor '" + tensor.name + "' " + what,
                    "save it as dense float32 numbers");
    };
    if (!tensor.refusal.empty()) fail(tensor.refusal);
    if (!type.read_as) fail("holds " + std::string(type.name) + ", which is not read");
    const int64_t numel = element_count(tensor.shape);
    if (numel > tensor.storage.numel && numel > most_repeated)
        fail("repeats the " + to_string(tensor.storage) + " that are stored to fill " +
             to_string(tensor.shape));
    const Tensor result = Tensor::empty(tensor.shape, *type.read_as);
    if (numel == 0) return result;
    check_written(tensor);
    const auto as_is = [](auto number) { return number; };
    const std::string name = type.name;
    if (name == "float32")
        read_numbers<float>(*source_, tensor, big_endian_, result.data<float>(), as_is);
    else if (name == "float16")
        read_numbers<uint16_t>(*source_, tensor, big_endian_, result.data<float>(), from_float16);
    else if (name == "bfloat16")
        read_numbers<uint16_t>(*source_, tensor, big_endian_, result.data<float>(), from_bfloat16);
    else if (name == "float64")
        read_numbers<double>(*source_, tensor, big_endian_, result.data<double>(), as_is);
    else if (name == "int64")
        read_numbers<int64_t>(*source_, tensor, big_endian_, result.data<int64_t>(), as_is);
    else if (name == "int32")
        read_numbers<int32_t>(*source_, tensor, big_endian_, result.data<int64_t>(), as_is);
    else
        read_numbers<uint8_t>(*source_, tensor, big_endian_, result.data<uint8_t>(), as_is);
    if (!tensor.negated) return result;
    if (result.dtype() == DType::f32) negate<float>(result);
    if (result.dtype() == DType::f64) negate<double>(result);
    if (result.dtype() == DType::i64) negate<int64_t>(result);
    if (result.dtype() == DType::u8) negate<uint8_t>(result);
    return result;
}

}  // namespace mdn
