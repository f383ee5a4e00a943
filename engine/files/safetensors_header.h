// The JSON header of a safetensors file: which tensors there are, and where.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace mdn {

/// How a dtype is stored and what it is read as.
struct StoredType {
    const char* name;
    int64_t bits;  // of one element on disk
    std::optional<DType> read_as;
};

/// Those of safetensors 0.8.0. A file may hold tensors of any; most are known by their size only,
/// for nothing here has a use for their numbers.
inline constexpr StoredType stored_types[] = {
    {"F32", 32, DType::f32}, {"F64", 64, DType::f64}, {"I64", 64, DType::i64},
    {"U8", 8, DType::u8},    {"F16", 16, DType::f32}, {"BF16", 16, DType::f32},
    {"BOOL", 8, {}},         {"I8", 8, {}},           {"I16", 16, {}},
    {"U16", 16, {}},         {"I32", 32, {}},         {"U32", 32, {}},
    {"U64", 64, {}},         {"C64", 64, {}},         {"F8_E4M3", 8, {}},
    {"F8_E5M2", 8, {}},      {"F8_E4M3FNUZ", 8, {}},  {"F8_E5M2FNUZ", 8, {}},
    {"F8_E8M0", 8, {}},      {"F6_E2M3", 6, {}},      {"F6_E3M2", 6, {}},
    {"F4", 4, {}},
};

inline constexpr const char* metadata_key = "__metadata__";

struct SafetensorsEntry {
    std::string name;
    std::string dtype;                 // as the file calls it
    const StoredType* type = nullptr;  // null: a dtype of a later release, whose size is not known
    Shape shape;
    int64_t begin = 0, end = 0;  // bytes from the start of the data
};

struct SafetensorsHeader {
    std::vector<SafetensorsEntry> entries;  // in no particular order
    std::map<std::string, std::string> metadata;
};

/// Reads the header as it is parsed, without a tree of its JSON, so that time and memory follow its
/// length whatever it holds. `source` is the path, for messages. Throws Error for what
/// read_safetensors refuses in a header, each entry by itself: whether the entries fill the file is
/// for the caller to see.
SafetensorsHeader parse_safetensors_header(const std::string& text, const std::string& source);

/// Throws Error: `source` is no valid safetensors file, because of `what`.
[[noreturn]] void fail_safetensors(const std::string& source, const std::string& what);

}  // namespace mdn
