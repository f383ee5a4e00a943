#include "data/images/decode_budget.h"

#include <cstdlib>
#include <cstring>

namespace mdn {

namespace {

constexpr std::size_t bytes_for_headers = std::size_t{1} << 20;
/// The size of a block is kept in front of it, where its alignment is not lost.
constexpr std::size_t prefix = alignof(std::max_align_t);
static_assert(prefix >= sizeof(std::size_t));

struct State {
    std::size_t left = bytes_for_headers;
    bool exceeded = false;
};
thread_local State state;

char* start_of(void* block) { return static_cast<char*>(block) - prefix; }

std::size_t size_of(void* block) {
    std::size_t bytes = 0;
    std::memcpy(&bytes, start_of(block), sizeof bytes);
    return bytes;
}

}  // namespace

DecodeBudget::DecodeBudget(std::size_t bytes) { state = {bytes, false}; }
DecodeBudget::~DecodeBudget() { state = {}; }
bool DecodeBudget::exceeded() const { return state.exceeded; }

void* budget_allocate(std::size_t bytes) {
    if (bytes > state.left) {
        state.exceeded = true;
        return nullptr;
    }
    char* start = static_cast<char*>(std::calloc(prefix + bytes, 1));
    if (!start) return nullptr;
    state.left -= bytes;
    std::memcpy(start, &bytes, sizeof bytes);
    return start + prefix;
}

void* budget_reallocate(void* block, std::size_t bytes) {
    if (!block) return budget_allocate(bytes);
    void* larger = budget_allocate(bytes);
    if (!larger) return nullptr;
    const std::size_t before = size_of(block);
    std::memcpy(larger, block, before < bytes ? before : bytes);
    budget_free(block);
    return larger;
}

void budget_free(void* block) {
    if (!block) return;
    state.left += size_of(block);
    std::free(start_of(block));
}

}  // namespace mdn
