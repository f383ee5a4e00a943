#include "tests/cuda_emulation/fibres.h"

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "engine/error.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(__x86_64__)
// Leaves the registers that a call keeps on this stack, its pointer in *from, and takes those that
// lie on the stack `to`.
extern "C" void mdn_switch_stack(void** from, void* to);
asm(R"(
    .text
    .globl mdn_switch_stack
    .type mdn_switch_stack, @function
mdn_switch_stack:
    endbr64
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size mdn_switch_stack, .-mdn_switch_stack
)");
#endif

namespace mdn::emulation {

namespace {

constexpr size_t stack_bytes = 128 << 10;
constexpr int warp_size = 32;

#if defined(__x86_64__)
/// Where a run was left: its stack's pointer, with the registers that a call keeps above it. The
/// system's swapcontext also keeps the mask of signals, which takes a system call at each switch.
class Context {
  public:
    Context() = default;
    Context(char* stack, size_t bytes, void (*entry)()) {
        auto** const top = reinterpret_cast<void**>(stack + bytes);
        top[-1] = nullptr;  // where entry would return to; it starts as after a call
        top[-2] = reinterpret_cast<void*>(entry);
        pointer_ = top - 2 - registers;
        std::fill(top - 2 - registers, top - 2, nullptr);
    }
    void switch_to(Context& next) { mdn_switch_stack(&pointer_, next.pointer_); }

  private:
    static constexpr int registers = 6;
    void* pointer_ = nullptr;
};
#else
class Context {
  public:
    Context() = default;
    Context(char* stack, size_t bytes, void (*entry)()) {
        getcontext(&context_);
        context_.uc_stack.ss_sp = stack;
        context_.uc_stack.ss_size = bytes;
        context_.uc_link = nullptr;
        makecontext(&context_, entry, 0);
    }
    void switch_to(Context& next) { swapcontext(&context_, &next.context_); }

  private:
    ucontext_t context_;
};
#endif

/// A stack and the place where its run was left. Under AddressSanitizer every switch is announced,
/// or it would take the stacks for one.
class Stack {
  public:
    explicit Stack(void (*entry)())
        : memory_(new char[stack_bytes]), context_(memory_.get(), stack_bytes, entry) {}
    Stack() = default;  // the scheduler's own: the stack it is called on

    void switch_to(Stack& next) {
#if defined(__SANITIZE_ADDRESS__)
        void* fake = nullptr;
        const void* bottom = next.memory_ ? next.memory_.get() : host_bottom;
        __sanitizer_start_switch_fiber(&fake, bottom, next.memory_ ? stack_bytes : host_size);
        context_.switch_to(next.context_);
        arrived(fake);
#else
        context_.switch_to(next.context_);
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
    std::unique_ptr<char[]> memory_;
    Context context_;
};

enum class State { not_started, ready, waits_for_block, waits_for_warp, returned };

struct Thread {
    State state = State::not_started;
    int fibre = -1;  // the stack it is on, once it has had to wait
    int exchanges = 0;
    std::array<uint64_t, 2> given{};  // to the warp, by turns: a late reader still finds the last
    void* share = nullptr;            // of what the warp does together
    void (*work)(void* const (&lanes)[32]) = nullptr;  // null once it is done
};

struct Block {
    std::vector<Thread> threads;
    std::vector<int> order;          // in which threads are tried
    std::vector<int> order_by_warp;  // the same, a warp's threads together
    size_t started = 0;              // of `order`
    const std::function<void(int)>* enter = nullptr;
    const std::function<void()>* body = nullptr;
    int current = 0;        // thread
    int current_fibre = 0;  // stack
    int barriers = 0;       // passed
    int warp = 0;           // that went on last
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

/// The threads of the order's w-th warp, in their order.
std::span<const int> warp_in_order(int w) {
    return {block.order_by_warp.data() + w * warp_size, warp_size};
}

/// Lets threads go on that all wait for one another, and returns them; none if there are none. A
/// warp runs as far as it can before another does, so that one that needs a barrier between them
/// and has none comes too early.
std::span<const int> release_waiting() {
    const int warps = static_cast<int>(block.threads.size()) / warp_size;
    for (int i = 0; i < warps; ++i) {
        const std::span<const int> warp = warp_in_order((block.warp + i) % warps);
        if (!std::all_of(warp.begin(), warp.end(), [](int thread) {
                return block.threads[thread].state == State::waits_for_warp;
            }))
            continue;
        for (const int thread : warp) block.threads[thread].state = State::ready;
        block.warp = (block.warp + i) % warps;
        return warp;
    }
    const auto waits = [](auto& t) { return t.state == State::waits_for_block; };
    if (!std::all_of(block.threads.begin(), block.threads.end(), waits)) return {};
    for (Thread& thread : block.threads) thread.state = State::ready;
    ++block.barriers;
    block.warp = 0;
    return block.order;
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
               : thread.work                            ? " waits at an operation of its whole warp"
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

/// Warps in the order of their first threads.
std::vector<int> by_warp(const std::vector<int>& order) {
    std::vector<int> place(order.size() / warp_size, -1);
    int warps = 0;
    for (const int thread : order)
        if (int& at = place[thread / warp_size]; at < 0) at = warps++;
    std::vector<int> grouped = order;
    std::stable_sort(grouped.begin(), grouped.end(),
                     [&](int a, int b) { return place[a / warp_size] < place[b / warp_size]; });
    return grouped;
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
             .order_by_warp = {},
             .enter = &enter,
             .body = &body};
    block.order_by_warp = by_warp(block.order);
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
        const std::span<const int> released = release_waiting();
        if (released.empty()) {
            const std::string who = stuck_text();
            stacks.clear();
            idle.clear();
            throw Error("[emulation] some threads of a block wait for others that never come: " +
                        who);
        }
        for (const int thread : released) {
            ::mdn::emulation::enter(thread);
            resume(block.threads[thread].fibre);
            if (block.failure) break;
        }
    }
}

void wait_for_block() { wait(State::waits_for_block); }

int thread_number() { return block.current; }

int lane() { return block.current % warp_size; }

int barriers_passed() { return block.barriers; }

uint64_t exchange_in_warp(uint64_t bits, int source) {
    const int self = block.current, turn = block.threads[self].exchanges++ % 2;
    block.threads[self].given[turn] = bits;
    wait(State::waits_for_warp);
    return block.threads[self / warp_size * warp_size + source].given[turn];
}

void together_in_warp(void* mine, void (*work)(void* const (&lanes)[32])) {
    Thread& self = block.threads[block.current];
    self.share = mine;
    self.work = work;
    wait(State::waits_for_warp);
    if (!self.work) return;  // the first lane to go on has done it
    void* lanes[warp_size];
    Thread* const warp = &block.threads[block.current / warp_size * warp_size];
    for (int i = 0; i < warp_size; ++i) {
        if (warp[i].work != work)
            throw Error("[emulation] thread " + std::to_string(block.current) + " and thread " +
                        std::to_string(block.current / warp_size * warp_size + i) +
                        " of a warp wait in different operations of the whole warp");
        lanes[i] = warp[i].share;
    }
    for (int i = 0; i < warp_size; ++i) warp[i].work = nullptr;
    work(lanes);
}

}  // namespace mdn::emulation
