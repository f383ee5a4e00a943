#include "data/keypoints/formats/pickled_array.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "engine/error.h"

namespace mdn {

namespace {

using Kind = PickleValue::Kind;
using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t highest_rank = 8;

const std::string& callable(const Pickle& pickle, PickleValue object) {
    static const std::string none;
    if (!object.is(Kind::object)) return none;
    return pickle.text(pickle.items(object)[Pickle::callable]);
}

const std::vector<PickleValue>& arguments(const Pickle& pickle, PickleValue object) {
    return pickle.items(pickle.items(object)[Pickle::arguments]);
}

/// NumPy 2 moved what NumPy 1 has in numpy.core to numpy._core.
bool is_numpy(const std::string& global, const std::string& module, const std::string& name) {
    return global == "numpy.core." + module + " " + name ||
           global == "numpy._core." + module + " " + name;
}

/// Kind, size and byte order of `numpy dtype`('f2', …) and its state (3, '<', …).
bool read_type(const Pickle& pickle, PickleValue type, PickledArray& array) {
    if (callable(pickle, type) != "numpy dtype") return false;
    const auto& given = arguments(pickle, type);
    if (given.empty()) return false;
    const std::string& code = pickle.text(given[0]);
    if (code.size() < 2 || std::string("fiub").find(code[0]) == std::string::npos) return false;
    array.kind = code[0];
    const auto [end, failure] =
        std::from_chars(code.data() + 1, code.data() + code.size(), array.item_size);
    if (failure != std::errc() || end != code.data() + code.size()) return false;
    const auto& state = pickle.items(pickle.items(type)[Pickle::state]);
    array.big_endian = state.size() > 1 && pickle.text(state[1]) == ">";
    const std::int64_t size = array.item_size;
    return array.kind == 'f' ? size == 2 || size == 4 || size == 8
                             : size == 1 || size == 2 || size == 4 || size == 8;
}

bool read_shape(const Pickle& pickle, PickleValue shape, PickledArray& array) {
    const auto& sides = pickle.items(shape);
    if (!shape.is(Kind::tuple) || sides.size() > highest_rank) return false;
    for (const PickleValue side : sides) {
        if (!side.is(Kind::integer) || side.payload() < 0) return false;
        array.shape.push_back(side.payload());
    }
    std::int64_t bytes = array.item_size;
    for (const std::int64_t side : array.shape)
        if (__builtin_mul_overflow(bytes, side, &bytes)) return false;
    return true;
}

/// The bytes that a value holds. Protocol 2 has no bytes: Python writes them as a call of
/// _codecs.encode on the text of the Latin-1 characters with their numbers.
Bytes bytes_of(const Pickle& pickle, const ByteSource& source, PickleValue value) {
    const std::string& function = callable(pickle, value);
    bool latin1 = false;
    if (function == "_codecs encode" && !arguments(pickle, value).empty()) {
        value = arguments(pickle, value)[0];
        latin1 = true;
    }
    Bytes bytes;
    if (value.is(Kind::text)) {
        const std::string& text = pickle.text(value);
        bytes.assign(text.begin(), text.end());
    } else {
        const Pickle::Span span = pickle.span(value);
        bytes.resize(static_cast<std::size_t>(span.size));
        source.read(span.begin, bytes.data(), span.size);
    }
    if (!latin1) return bytes;
    // In UTF-8 such a character is one byte, or 1100001x 10xxxxxx.
    std::size_t count = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const bool two = (bytes[i] & 0xfe) == 0xc2 && i + 1 < bytes.size();
        bytes[count++] =
            two ? static_cast<std::uint8_t>(bytes[i] << 6 | (bytes[i + 1] & 0x3f)) : bytes[i];
        i += two;
    }
    bytes.resize(count);
    return bytes;
}

double half_to_double(std::uint16_t bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double size = exponent == 31  ? (fraction ? std::nan("") : HUGE_VAL)
                        : exponent == 0 ? std::ldexp(fraction, -24)
                                        : std::ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 ? -size : size;
}

double number_at(const std::uint8_t* at, const PickledArray& array) {
    std::uint64_t bits = 0;
    for (std::int64_t i = 0; i < array.item_size; ++i) {
        const std::int64_t place = array.big_endian ? array.item_size - 1 - i : i;
        bits |= std::uint64_t{at[i]} << (8 * place);
    }
    if (array.kind == 'f') {
        if (array.item_size == 2) return half_to_double(static_cast<std::uint16_t>(bits));
        if (array.item_size == 4) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
        return std::bit_cast<double>(bits);
    }
    if (array.kind != 'i') return static_cast<double>(bits);
    const int unused = static_cast<int>(64 - 8 * array.item_size);
    return static_cast<double>(static_cast<std::int64_t>(bits << unused) >> unused);
}

}  // namespace

std::int64_t PickledArray::count() const {
    std::int64_t numbers = 1;
    for (const std::int64_t side : shape) numbers *= side;
    return numbers;
}

std::optional<PickledArray> pickled_array(const Pickle& pickle, PickleValue value,
                                          const std::string& where) {
    const std::string& function = callable(pickle, value);
    PickledArray array;
    bool understood = false;
    if (is_numpy(function, "multiarray", "_reconstruct")) {
        // State: version, shape, type, Fortran order, bytes (or a list of objects).
        const auto& state = pickle.items(pickle.items(value)[Pickle::state]);
        understood = state.size() == 5 && read_type(pickle, state[2], array) &&
                     read_shape(pickle, state[1], array) && state[3].is(Kind::integer);
        if (understood) {
            array.fortran = state[3].payload() != 0;
            array.data = state[4];
        }
    } else if (is_numpy(function, "numeric", "_frombuffer")) {
        // Bytes, type, shape, order.
        const auto& given = arguments(pickle, value);
        understood = given.size() == 4 && read_type(pickle, given[1], array) &&
                     read_shape(pickle, given[2], array);
        if (understood) {
            array.fortran = pickle.text(given[3]) == "F";
            array.data = given[0];
        }
    } else {
        return std::nullopt;
    }
    if (!understood) throw Error(where + " is an array of something else than floats or integers");
    return array;
}

std::vector<double> read_array(const Pickle& pickle, const ByteSource& source,
                               const PickledArray& array, const std::string& where) {
    const Bytes bytes = bytes_of(pickle, source, array.data);
    const std::int64_t count = array.count();
    if (std::ssize(bytes) != count * array.item_size)
        throw Error(where + " has " + std::to_string(bytes.size()) + " bytes instead of the " +
                    std::to_string(count * array.item_size) + " of its shape");
    std::vector<double> numbers(static_cast<std::size_t>(count));
    if (count == 0) return numbers;
    std::vector<std::int64_t> index(array.shape.size());  // of the next number in the file
    std::vector<std::int64_t> strides(array.shape.size(), 1);
    for (std::size_t axis = strides.size(); axis-- > 1;)
        strides[axis - 1] = strides[axis] * array.shape[axis];
    for (std::int64_t i = 0; i < count; ++i) {
        std::int64_t place = i;
        if (array.fortran) {
            place = 0;
            for (std::size_t axis = 0; axis < index.size(); ++axis)
                place += index[axis] * strides[axis];
            for (std::size_t axis = 0; axis < index.size() && ++index[axis] == array.shape[axis];
                 ++axis)
                index[axis] = 0;
        }
        numbers[static_cast<std::size_t>(place)] =
            number_at(&bytes[static_cast<std::size_t>(i * array.item_size)], array);
    }
    return numbers;
}

std::optional<std::int64_t> pickled_integer(const Pickle& pickle, const ByteSource& source,
                                            PickleValue value) {
    if (value.is(Kind::integer)) return value.payload();
    if (!is_numpy(callable(pickle, value), "multiarray", "scalar")) return std::nullopt;
    const auto& given = arguments(pickle, value);
    PickledArray number;
    if (given.size() != 2 || !read_type(pickle, given[0], number) || number.kind == 'f')
        return std::nullopt;
    const Bytes bytes = bytes_of(pickle, source, given[1]);
    if (std::ssize(bytes) != number.item_size) return std::nullopt;
    const double read = number_at(bytes.data(), number);
    if (!(std::abs(read) < 1e15)) return std::nullopt;
    return static_cast<std::int64_t>(read);
}

}  // namespace mdn
