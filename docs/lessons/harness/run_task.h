// Runs one task of a check program in a process of its own, under limits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace mdn::lesson {

/// What a task may use. Enough for ten times what the solutions need. Code that computes is judged
/// by its processor time, which is the same on a busy machine; the clock judges code that waits.
struct Limits {
    double processor_seconds = 10;
    double waiting_seconds = 60;   // by the clock: after these, it may not wait any more
    double longest_seconds = 900;  // by the clock, whatever it does
    int64_t memory_bytes = int64_t{1} << 30;
    int64_t file_bytes = int64_t{1} << 20;
};

enum class Outcome { pass, wrong, not_done, broken };

struct TaskResult {
    Outcome outcome = Outcome::broken;
    std::string message;  // what is wrong: empty for a pass
    std::string printed;  // the first part of what the code itself printed
    double seconds = 0;
};

/// Runs task `number` of `program`. Whatever the code does (a crash, a loop without end, exit(),
/// too much memory, a daemon) becomes the result. Throws Error where the system gives no process.
TaskResult run_task(const std::filesystem::path& program, int number, const std::string& seed,
                    const Limits& limits = {});

}  // namespace mdn::lesson
