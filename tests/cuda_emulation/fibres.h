// A thread block on the CPU: its threads are fibres that run one at a time, each until it waits for
// the others. Many kernels run with their threads taken in several orders (set_thread_order), so
// that a missing barrier shows as a wrong number in at least one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace mdn::emulation {

enum class ThreadOrder { ascending, descending, shuffled };

/// Which thread of a block goes first whenever several could.
void set_thread_order(ThreadOrder order);

/// Runs `thread` as every thread of one block of `threads` (a multiple of 32). Calls `enter(i)`
/// whenever thread i goes on. Throws Error when some threads wait for others that never come, and
/// says which; rethrows what a thread throws.
void run_block(int threads, const std::function<void(int)>& enter,
               const std::function<void()>& thread);

// ---- called by threads
// ---------------------------------------------------------------------------
/// __syncthreads.
void wait_for_block();
/// Gives `bits` to the other threads of the warp, waits for all of them and returns those of lane
/// `source`.
uint64_t exchange_in_warp(uint64_t bits, int source);
/// Gives `mine` to the warp and waits until all its lanes have given theirs; then `work` runs once
/// for all of them. Throws Error where lanes ask for different work.
void together_in_warp(void* mine, void (*work)(void* const (&lanes)[32]));
/// This thread's place in its block, and in its warp.
int thread_number();
int lane();
/// Barriers that all threads of the block have passed.
int barriers_passed();

}  // namespace mdn::emulation
