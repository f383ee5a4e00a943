// The types of numbers that PyTorch stores.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/tensor.h"

namespace mdn {

/// A type of numbers, under PyTorch's names.
struct TorchType {
    const char* storage;  // "FloatStorage"
    const char* name;     // "float32"
    int64_t size;         // bytes of one number
    std::optional<DType> read_as;
};

inline constexpr TorchType torch_types[] = {
    {"FloatStorage", "float32", 4, DType::f32},
    {"HalfStorage", "float16", 2, DType::f32},
    {"BFloat16Storage", "bfloat16", 2, DType::f32},
    {"DoubleStorage", "float64", 8, DType::f64},
    {"LongStorage", "int64", 8, DType::i64},
    {"IntStorage", "int32", 4, DType::i64},
    {"ByteStorage", "uint8", 1, DType::u8},
    {"BoolStorage", "bool", 1, DType::u8},
    // Known by their size only: nothing here has a use for them.
    {"ShortStorage", "int16", 2, {}},
    {"CharStorage", "int8", 1, {}},
    {"ComplexFloatStorage", "complex64", 8, {}},
    {"ComplexDoubleStorage", "complex128", 16, {}},
    {"QInt8Storage", "qint8", 1, {}},
    {"QUInt8Storage", "quint8", 1, {}},
    {"QInt32Storage", "qint32", 4, {}},
    {"QUInt4x2Storage", "quint4x2", 1, {}},
    {"QUInt2x4Storage", "quint2x4", 1, {}},
    {"UntypedStorage", "untyped", 1, {}},
};

/// Of a tensor whose numbers are not described.
inline constexpr TorchType no_type{"", "nothing that is read", 1, {}};

}  // namespace mdn
