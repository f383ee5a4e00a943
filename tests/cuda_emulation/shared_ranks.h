// Processes that meet in memory which they share: what each gives for an operation, all see.
//
// Nothing here waits: each call says whether it was possible yet, and a caller tries again. The
// operations are numbered from 1, and all ranks do all of them in their order.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mdn::emulation {

class SharedRanks {
  public:
    static constexpr int most = 16;
    /// Bytes that a rank may give at once. The system provides only what is written to.
    static constexpr size_t room = size_t{64} << 20;
    /// Bytes of shared memory that so many ranks need, zeros at first.
    static size_t bytes(int ranks) { return sizeof(Header) + static_cast<size_t>(ranks) * room; }

    SharedRanks(void* memory, int rank, int ranks)
        : header_(static_cast<Header*>(memory)), rank_(rank), ranks_(ranks) {}

    int rank() const { return rank_; }
    int ranks() const { return ranks_; }

    void join() { ++header_->joined; }
    bool all_joined() const { return header_->joined >= ranks_; }

    /// Where this rank writes what it gives, once the others have taken what it gave before; null
    /// until then.
    char* place_for(int64_t operation) const {
        for (int r = 0; r < ranks_; ++r)
            if (header_->of[r].taken < operation - 1) return nullptr;
        return slot(rank_);
    }
    void give(int64_t operation, size_t bytes) {
        header_->of[rank_].bytes = bytes;
        header_->of[rank_].given = operation;
    }
    bool all_given(int64_t operation) const {
        for (int r = 0; r < ranks_; ++r)
            if (header_->of[r].given < operation) return false;
        return true;
    }
    std::string_view given_by(int rank) const { return {slot(rank), header_->of[rank].bytes}; }
    /// What was given is not looked at any more.
    void take(int64_t operation) { header_->of[rank_].taken = operation; }

    /// For all: one of them has failed. Returns whether this was the first.
    bool give_up() { return !header_->given_up.exchange(true); }
    bool is_given_up() const { return header_->given_up; }

  private:
    struct Rank {
        std::atomic<int64_t> given, taken;
        size_t bytes;
    };
    struct alignas(64) Header {
        std::atomic<int> joined;
        std::atomic<bool> given_up;
        Rank of[most];
    };

    char* slot(int rank) const {
        return reinterpret_cast<char*>(header_ + 1) + static_cast<size_t>(rank) * room;
    }

    Header* header_;
    int rank_, ranks_;
};

}  // namespace mdn::emulation
