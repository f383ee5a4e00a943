// What tests may ask of the emulated GPU.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/cuda_emulation/fibres.h"

namespace mdn::emulation {

/// Shared memory that a block can have: as much as any GPU gives it.
inline constexpr size_t shared_capacity = 227 << 10;

/// Device memory there is; cudaMalloc fails beyond it. 4 GiB at first.
void set_memory_limit(int64_t bytes);
/// As many bytes more than are in use now.
void set_free_memory(int64_t bytes);

/// Shared memory that the launch that runs asked for.
size_t shared_bytes();

// ---- what a block leaves of its copies (tensor_core.cpp)
/// Throws Error if a thread returned without waiting for all of its copies.
void require_no_copies();
void forget_copies();

/// Throws Error if anything was written right before or after any block of device memory.
void check_guards();

}  // namespace mdn::emulation
