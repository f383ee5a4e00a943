// The JSON header of a safetensors file: which tensors there are, and where.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace mdn {

/// How a dtype is stored and what it is read as.
struct StoredType {
    const char* name;
    int64_t size;  // bytes of one element on disk
    DType dtype;
};

inline constexpr StoredType stored_types[] = {{"F32", 4, DType::f32}, {"F64", 8, DType::f64},
                                              {"I64", 8, DType::i64}, {"U8", 1, DType::u8},
                                              {"F16", 2, DType::f32}, {"BF16", 2, DType::f32}};

inline constexpr const char* metadata_key = "__metadata__";

struct SafetensorsEntry {
    std::string name;
    const StoredType* type = nullptr;
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
