// The operations of engine/cuda/tensor_core.h on the emulated GPU, with the layouts and the rules
// of the hardware, and no more order than it gives:
//
// - A copy is carried out when its thread waits for it, not before: what it brings is read then,
//   and until then NaN stands where it will be written. So a wait that is missing or comes too
//   late, and a copy into a stage that others still read, give NaN.
// - The lanes of a warp give their parts of a fragment together. A lane that comes alone, or with
//   another operation than its neighbours, is reported, and so is an address that is not a multiple
//   of 16 or lies outside the shared memory that the launch asked for.
#include "engine/cuda/tensor_core.h"

#include <bit>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "tests/cuda_emulation/runtime.h"

namespace mdn {

namespace {

std::string who() {
    return "thread " + std::to_string(emulation::thread_number()) + " of block (" +
           std::to_string(blockIdx.x) + ", " + std::to_string(blockIdx.y) + ")";
}

/// Throws Error unless 16 bytes at `address` are the launch's shared memory, and aligned.
void require_shared(const void* address, const char* what) {
    const int64_t offset = static_cast<const unsigned char*>(address) - block_memory;
    if (offset < 0 || offset + copy_bytes > static_cast<int64_t>(emulation::shared_bytes()))
        throw Error("[emulation] " + who() + " " + what +
                    " outside its block's shared memory: 16 " + "bytes at " +
                    std::to_string(offset) + " of " + std::to_string(emulation::shared_bytes()));
    if (offset % copy_bytes != 0)
        throw Error("[emulation] " + who() + " " + what + " shared memory at byte " +
                    std::to_string(offset) + ", which is no multiple of 16");
}

struct Copy {
    void* to;
    const void* from;  // null: zeros
};

/// A thread's copies: the groups that it has not waited for, and what it has not committed.
struct Copies {
    std::vector<std::vector<Copy>> groups;
    std::vector<Copy> open;
};
std::vector<Copies> copies_of;  // by thread of the block that runs
bool block_copies = false;

Copies& copies() {
    block_copies = true;
    const auto thread = static_cast<size_t>(emulation::thread_number());
    if (copies_of.size() <= thread) copies_of.resize(thread + 1);
    return copies_of[thread];
}

float from_bf16(uint32_t pair, int which) {
    return std::bit_cast<float>(which == 0 ? pair << 16 : pair & 0xFFFF0000u);
}

struct Load {
    const void* row;
    uint32_t (*to)[4];
};

template <bool transposed>
void load_together(void* const (&lanes)[32]) {
    const auto load_of = [&](int lane) -> const Load& { return *static_cast<Load*>(lanes[lane]); };
    for (int matrix = 0; matrix < 4; ++matrix) {
        uint16_t at[8][8];
        for (int row = 0; row < 8; ++row)
            std::memcpy(at[row], load_of(8 * matrix + row).row, sizeof at[row]);
        for (int lane = 0; lane < 32; ++lane) {
            const int g = lane / 4, t = lane % 4;
            const uint32_t low = transposed ? at[2 * t][g] : at[g][2 * t];
            const uint32_t high = transposed ? at[2 * t + 1][g] : at[g][2 * t + 1];
            (*load_of(lane).to)[matrix] = low | high << 16;
        }
    }
}

struct Product {
    const uint32_t* a;
    const uint32_t* b;
    float* c;
};

/// a [16,depth], b [8,depth] (a column of B each), as the fragments hold them.
template <int depth, class Unpack>
void multiply_together(void* const (&lanes)[32], Unpack&& unpack) {
    float a[16][depth], b[8][depth];
    for (int lane = 0; lane < 32; ++lane) {
        const auto& product = *static_cast<Product*>(lanes[lane]);
        const int g = lane / 4;
        for (int i = 0; i < 4; ++i) unpack(product.a[i], lane % 4, i / 2, a[g + i % 2 * 8]);
        for (int i = 0; i < 2; ++i) unpack(product.b[i], lane % 4, i, b[g]);
    }
    float sums[16][8];
    for (int row = 0; row < 16; ++row)
        for (int column = 0; column < 8; ++column) {
            float sum = 0;
            for (int k = 0; k < depth; ++k) sum += a[row][k] * b[column][k];
            sums[row][column] = sum;
        }
    for (int lane = 0; lane < 32; ++lane) {
        float* const c = static_cast<Product*>(lanes[lane])->c;
        for (int i = 0; i < 4; ++i) c[i] += sums[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
    }
}

void multiply_bf16_together(void* const (&lanes)[32]) {
    multiply_together<16>(lanes, [](uint32_t bits, int t, int half, float* row) {
        for (int i = 0; i < 2; ++i) row[8 * half + 2 * t + i] = from_bf16(bits, i);
    });
}

void multiply_tf32_together(void* const (&lanes)[32]) {
    multiply_together<8>(lanes, [](uint32_t bits, int t, int half, float* row) {
        row[4 * half + t] = std::bit_cast<float>(bits & ~0x1FFFu);
    });
}

}  // namespace

void copy_async(void* to, const void* from, bool zero) {
    require_shared(to, "copies to");
    if (!zero && reinterpret_cast<uintptr_t>(from) % copy_bytes != 0)
        throw Error("[emulation] " + who() + " copies from an address that is no multiple of 16");
    std::memset(to, 0xFF, copy_bytes);
    copies().open.push_back({to, zero ? nullptr : from});
}

void commit_copies() {
    Copies& mine = copies();
    mine.groups.push_back(std::exchange(mine.open, {}));
}

void wait_for_copies_but(int pending) {
    auto& groups = copies().groups;
    const size_t kept = static_cast<size_t>(pending);
    if (groups.size() <= kept) return;
    const auto end = groups.end() - pending;
    for (auto group = groups.begin(); group != end; ++group)
        for (const Copy& copy : *group)
            if (copy.from)
                std::memcpy(copy.to, copy.from, copy_bytes);
            else
                std::memset(copy.to, 0, copy_bytes);
    groups.erase(groups.begin(), end);
}

void load_matrices(const void* row, uint32_t (&to)[4], bool transposed) {
    require_shared(row, "loads a matrix from");
    Load mine{row, &to};
    emulation::together_in_warp(&mine, transposed ? load_together<true> : load_together<false>);
}

void multiply_add_bf16(const uint32_t (&a)[4], const uint32_t (&b)[2], float (&c)[4]) {
    Product mine{a, b, c};
    emulation::together_in_warp(&mine, multiply_bf16_together);
}

void multiply_add_tf32(const uint32_t (&a)[4], const uint32_t (&b)[2], float (&c)[4]) {
    Product mine{a, b, c};
    emulation::together_in_warp(&mine, multiply_tf32_together);
}

uint32_t to_tf32(uint32_t bits) {
    const bool finite = (bits & 0x7F800000u) != 0x7F800000u;
    return finite ? (bits + 0x1000u) & ~0x1FFFu : bits;
}

namespace emulation {

void forget_copies() {
    if (!block_copies) return;
    for (Copies& of_thread : copies_of) of_thread = {};
    block_copies = false;
}

void require_no_copies() {
    if (!block_copies) return;
    for (size_t thread = 0; thread < copies_of.size(); ++thread) {
        const Copies& left = copies_of[thread];
        size_t count = left.open.size();
        for (const auto& group : left.groups) count += group.size();
        if (count == 0) continue;
        forget_copies();
        throw Error("[emulation] thread " + std::to_string(thread) + " of block (" +
                    std::to_string(blockIdx.x) + ", " + std::to_string(blockIdx.y) +
                    ") returned without waiting for " + std::to_string(count) + " of its copies");
    }
    forget_copies();
}

}  // namespace emulation
}  // namespace mdn
