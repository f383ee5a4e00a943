// Limits the memory that the image decoder may take, because a file may ask for any amount.
#pragma once

#include <cstddef>

namespace mdn {

/// While it lives, the decoder's blocks on this thread may add up to `bytes` at any time; beyond
/// that it is told that there is no memory, and fails. (Growing a block counts twice: the new one
/// is there before the old one goes.) Without a budget the decoder has 1 MiB, enough for headers.
class DecodeBudget {
  public:
    explicit DecodeBudget(std::size_t bytes);
    ~DecodeBudget();
    DecodeBudget(const DecodeBudget&) = delete;
    DecodeBudget& operator=(const DecodeBudget&) = delete;

    /// Whether the decoder was told so.
    bool exceeded() const;
};

/// What the decoder allocates with. Blocks begin as zeros: the decoder uses tables that a damaged
/// file never defines, and their contents must not be what lay in memory before. Blocks must be
/// given back on the thread that took them.
void* budget_allocate(std::size_t bytes);
void* budget_reallocate(void* block, std::size_t bytes);
void budget_free(void* block);

}  // namespace mdn
