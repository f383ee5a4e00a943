// Host memory in one piece. Each further request is met where the last one ended, so what tensors
// leave behind is never cut at the border of two segments.
//
// Addresses are taken first, and memory behind them as it is asked for: a range of addresses alone
// costs nothing.
#pragma once

#include <cstdint>

namespace mdn {

/// A segment of so many bytes, 64-byte aligned: where there is none yet, the growing one. Null
/// where the system refuses.
void* allocate_host_segment(int64_t bytes);
/// Makes the newest segment longer by so many bytes. False where it is not the growing one, or the
/// system refuses.
bool grow_host_segment(int64_t bytes);
void release_host_segment(void* segment);

}  // namespace mdn
