// NumPy's arrays and numbers in a pickle, read as data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/files/byte_source.h"
#include "engine/files/torch/pickle.h"

namespace mdn {

/// An array as the pickle describes it; its numbers are still in the file.
struct PickledArray {
    std::vector<std::int64_t> shape;
    char kind = 'f';             // NumPy's: f float, i integer, u unsigned, b boolean
    std::int64_t item_size = 4;  // bytes
    bool big_endian = false;
    bool fortran = false;  // the first axis runs fastest
    PickleValue data;      // bytes, or a text of Latin-1 characters that stand for them

    std::int64_t count() const;  // of numbers
};

/// The array that a value is, as NumPy 1 and 2 write them with protocols 2 to 5 (`_reconstruct` and
/// its state, or `_frombuffer`). Nothing if it is none. Throws Error beginning with `where` for one
/// of numbers that are no plain floats or integers, or whose shape and bytes do not fit.
std::optional<PickledArray> pickled_array(const Pickle& pickle, PickleValue value,
                                          const std::string& where);

/// Its numbers in C order. Takes 8 bytes for each, of which the file holds one at least.
std::vector<double> read_array(const Pickle& pickle, const ByteSource& source,
                               const PickledArray& array, const std::string& where);

/// A whole number, of Python's or NumPy's; nothing for anything else.
std::optional<std::int64_t> pickled_integer(const Pickle& pickle, const ByteSource& source,
                                            PickleValue value);

}  // namespace mdn
