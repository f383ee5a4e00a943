// What a lesson's check.cpp is written with. A task is checked in a process of its own
// (runner.cpp), so a check stops at its first finding: every function here throws when something is
// wrong.
//
//     TASK(2, "shift", 2) {                         // number, name, points
//         const Tensor x = random().normal_tensor({6, 2, 3, 16});
//         input("x = " + describe(x) + ", frames = 3");
//         expect_tensor("y", shift(x, 3), temporal_shift(x, 3));
//     }
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/random.h"
#include "engine/tensor.h"

namespace mdn::lesson {

/// A finding about the student's code: what the task's message says.
struct Wrong {
    std::string message;
};

/// Says which input comes next. Every later message begins with it, also where the code crashes,
/// never returns or throws.
void input(const std::string& what);

/// The task's random numbers: others for another SEED=, the same in every run with one.
Random& random();

/// "f32 [2, 3]", or "an undefined Tensor".
std::string describe(const Tensor& x);

/// Throws Wrong with `message` unless `condition` holds.
void expect(bool condition, const std::string& message);

/// `got` is `want`: defined, then the shape, then the dtype, then every value. The message names
/// the first value that differs by its index, both numbers, and how many differ. Values may differ
/// by `tolerance`·max(1, |want|): 1e-5 for f32 and 1e-10 for f64 where it is not given; integers
/// are equal. A NaN differs from everything.
void expect_tensor(const std::string& name, const Tensor& got, const Tensor& want,
                   double tolerance = -1);

/// Equal length, then equal numbers.
void expect_numbers(const std::string& name, const std::vector<int64_t>& got,
                    const std::vector<int64_t>& want);
void expect_number(const std::string& name, int64_t got, int64_t want);

/// An input still has the values that it had `before` the call, bit for bit.
void expect_unchanged(const std::string& name, const Tensor& now, const Tensor& before);

/// From here on, the task may take this much memory beside what it has.
void allow_memory(int64_t bytes);

/// Leaves memory behind that is not 0, of the size of a tensor that the task will make: whatever
/// code forgets to set there, it then gets wrong each time.
void leave_traces(const Shape& shape, DType dtype);

/// Gradients of ⟨f(inputs), dy⟩ that the engine's own autograd finds, one per input.
std::vector<Tensor> engine_gradients(
    const std::function<Tensor(const std::vector<Tensor>& inputs)>& f,
    const std::vector<Tensor>& inputs, const Tensor& dy);

/// Registers a task before main() runs.
struct RegisteredTask {
    RegisteredTask(int number, void (*check)());
};

}  // namespace mdn::lesson

/// A task's checks. The line must begin with TASK(: the runner reads number, name and points from
/// the text of check.cpp, not from the program that holds the student's code.
#define TASK(number, name, points)                                                               \
    static_assert((number) >= 1 && (points) >= 1 && sizeof(name) > 1);                           \
    static void check_task_##number();                                                           \
    static const ::mdn::lesson::RegisteredTask registered_##number(number, check_task_##number); \
    static void check_task_##number()
