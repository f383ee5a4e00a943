#include "tests/cuda_emulation/fibres.h"

#include <ucontext.h>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "engine/error.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace mdn::emulation {

namespace {

constexpr size_t stack_bytes = 128 << 10;
constexpr int warp_size = 32;

/// A stack and the place where its run was left. Under AddressSanitizer every switch is announced,
/// or it would take the stacks for one.
class Stack {
  public:
    explicit Stack(void (*entry)()) : memory_(new char[stack_bytes]) {
        getcontext(&context_);
        context_.uc_stack.ss_sp = memory_.get();
        context_.uc_stack.ss_size = stack_bytes;
        context_.uc_link = nullptr;
        makecontext(&context_, entry, 0);
    }
    Stack() = default;  // the scheduler's own: the stack it is called on

    void switch_to(Stack& next) {
#if defined(__SANITIZE_ADDRESS__)
        void* fake = nullptr;
        const void* bottom = next.memory_ ? next.memory_.get() : host_bottom;
        __sanitizer_start_switch_fiber(&fake, bottom, next.memory_ ? stack_bytes : host_size);
        swapcontext(&context_, &next.context_);
        arrived(fake);
#else
        swapcontext(&context_, &next.context_);
#endif
    }

    /// To be called first on a new stack, and after every switch.
    static void arrived([[maybe_unused]] void* fake) {
#if defined(__SANITIZE_ADDRESS__)
        const void* bottom = nullptr;
        size_t size = 0;
        __sanitizer_finish_switch_fiber(fake, &bottom, &size);
        if (size != stack_bytes) {
            host_bottom = bottom;
            host_size = size;
        }
#endif
    }

  private:
    [[maybe_unused]] inline static const void* host_bottom = nullptr;
    [[maybe_unused]] inline static size_t host_size = 0;
    ucontext_t context_;
    std::unique_ptr<char[]> memory_;
};

enum class State { not_started, ready, waits_for_block, waits_for_warp, returned };

struct Thread {
    State state = State::not_started;
    int fibre = -1;  // the stack it is on, once it has had to wait
    int exchanges = 0;
    std::array<uint64_t, 2> given{};  // to the warp, by turns: a late reader still finds the last
};

struct Block {
    std::vector<Thread> threads;
    std::vector<int> order;  // in which threads are tried
    size_t started = 0;      // of `order`
    const std::function<void(int)>* enter = nullptr;
    const std::function<void()>* body = nullptr;
    int current = 0;        // thread
    int current_fibre = 0;  // stack
    int barriers = 0;       // passed
    std::exception_ptr failure = nullptr;
};

Block block;
Stack scheduler;
std::vector<std::unique_ptr<Stack>> stacks;
std::vector<int> idle;  // stacks on which no thread waits
ThreadOrder thread_order = ThreadOrder::ascending;

void enter(int thread) {
    block.current = thread;
    (*block.enter)(thread);
}

/// What every stack runs: threads that have not started, one after another. A thread that has to
/// wait keeps the stack; the scheduler then goes on with another one.
void fibre_main() {
    Stack::arrived(nullptr);
    for (;;) {
        while (block.started < block.order.size() && !block.failure) {
            const int thread = block.order[block.started++];
            block.threads[thread].fibre = block.current_fibre;
            enter(thread);
            try {
                (*block.body)();
            } catch (...) {
                block.failure = std::current_exception();
            }
            block.threads[block.current].state = State::returned;
        }
        idle.push_back(block.current_fibre);
        stacks[block.current_fibre]->switch_to(scheduler);
    }
}

void resume(int fibre) {
    block.current_fibre = fibre;
    scheduler.switch_to(*stacks[fibre]);
}

void wait(State why) {
    block.threads[block.current].state = why;
    stacks[block.current_fibre]->switch_to(scheduler);
}

int take_idle_stack() {
    if (idle.empty()) {
        stacks.push_back(std::make_unique<Stack>(fibre_main));
        return static_cast<int>(stacks.size()) - 1;
    }
    const int fibre = idle.back();
    idle.pop_back();
    return fibre;
}

/// Lets threads go on that all wait for one another; false if there are none.
bool release_waiting() {
    const int count = static_cast<int>(block.threads.size());
    bool released = false;
    for (int first = 0; first < count; first += warp_size) {
        const auto begin = block.threads.begin() + first, end = begin + warp_size;
        if (!std::all_of(begin, end, [](auto& t) { return t.state == State::waits_for_warp; }))
            continue;
        std::for_each(begin, end, [](auto& t) { t.state = State::ready; });
        released = true;
    }
    if (released) return true;
    const auto waits = [](auto& t) { return t.state == State::waits_for_block; };
    if (!std::all_of(block.threads.begin(), block.threads.end(), waits)) return false;
    for (Thread& thread : block.threads) thread.state = State::ready;
    ++block.barriers;
    return true;
}

/// Which thread waits in vain, and for which: one of its warp, or of the block.
std::string stuck_text() {
    const auto waits = [](auto& t) { return t.state != State::returned; };
    const auto begin = block.threads.begin(), end = block.threads.end();
    // A shuffle waits for the fewest, so it is named first.
    auto waiting =
        std::find_if(begin, end, [](auto& t) { return t.state == State::waits_for_warp; });
    auto from = begin, to = end;
    if (waiting == end) {
        waiting = std::find_if(begin, end, waits);
    } else {
        from = begin + (waiting - begin) / warp_size * warp_size;
        to = from + warp_size;
    }
    const auto missing = std::find_if(from, to, [&](auto& t) { return t.state != waiting->state; });
    const auto does = [](const Thread& thread) {
        return thread.state == State::returned          ? " has returned"
               : thread.state == State::waits_for_block ? " waits at __syncthreads()"
                                                        : " waits at a shuffle of its warp";
    };
    return "thread " + std::to_string(waiting - begin) + does(*waiting) + ", but thread " +
           std::to_string(missing - begin) + does(*missing);
}

std::vector<int> ordered(int threads) {
    static std::mt19937 shuffler(1);
    std::vector<int> order(threads);
    std::iota(order.begin(), order.end(), 0);
    if (thread_order == ThreadOrder::descending) std::reverse(order.begin(), order.end());
    if (thread_order == ThreadOrder::shuffled) std::shuffle(order.begin(), order.end(), shuffler);
    return order;
}

}  // namespace

void set_thread_order(ThreadOrder order) { thread_order = order; }

void run_block(int threads, const std::function<void(int)>& enter,
               const std::function<void()>& body) {
    if (threads % warp_size != 0)
        throw Error("[emulation] a block of " + std::to_string(threads) +
                    " threads is not made of whole warps");
    block = {.threads = std::vector<Thread>(threads),
             .order = ordered(threads),
             .enter = &enter,
             .body = &body};
    for (;;) {
        while (block.started < block.order.size() && !block.failure) resume(take_idle_stack());
        if (block.failure) {  // threads that wait are abandoned, and their stacks with them
            stacks.clear();
            idle.clear();
            std::rethrow_exception(block.failure);
        }
        if (std::all_of(block.threads.begin(), block.threads.end(),
                        [](auto& t) { return t.state == State::returned; }))
            return;
        if (!release_waiting()) {
            const std::string who = stuck_text();
            stacks.clear();
            idle.clear();
            throw Error("[emulation] some threads of a block wait for others that never come: " +
                        who);
        }
        for (const int thread : block.order) {
            if (block.threads[thread].state != State::ready) continue;
            ::mdn::emulation::enter(thread);
            resume(block.threads[thread].fibre);
            if (block.failure) break;
        }
    }
}

void wait_for_block() { wait(State::waits_for_block); }

int lane() { return block.current % warp_size; }

int barriers_passed() { return block.barriers; }

uint64_t exchange_in_warp(uint64_t bits, int source) {
    const int self = block.current, turn = block.threads[self].exchanges++ % 2;
    block.threads[self].given[turn] = bits;
    wait(State::waits_for_warp);
    return block.threads[self / warp_size * warp_size + source].given[turn];
}

}  // namespace mdn::emulation
