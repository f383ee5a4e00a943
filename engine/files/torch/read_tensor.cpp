// A tensor's numbers: from any window on a storage, of any type, to a contiguous Tensor.
#include <algorithm>
#include <cstring>
#include <type_traits>

#include "engine/error.h"
#include "engine/files/torch/torch_file.h"
#include "engine/float16.h"

namespace mdn {

namespace {

constexpr int64_t chunk = 1 << 16;  // bytes of a storage read at a time

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

Tensor TorchFile::read(const TorchTensor& tensor) const {
    const TorchType& type = *tensor.storage.type;
    const auto fail = [&](const std::string& what) {
        throw Error(source_->name() + ": tensor '" + tensor.name + "' " + what);
    };
    if (!type.read_as) fail("holds " + std::string(type.name) + ", which is not read");
    const int64_t numel = element_count(tensor.shape);
    if (numel > tensor.storage.numel)
        fail("has shape " + to_string(tensor.shape) + ", which repeats the " +
             to_string(tensor.storage) + " that are stored");
    const Tensor result = Tensor::empty(tensor.shape, *type.read_as);
    if (numel == 0) return result;
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
    return result;
}

}  // namespace mdn
