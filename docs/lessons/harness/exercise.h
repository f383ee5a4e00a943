// What an exercise is written against: tensors, and the mark of a task that is not done yet.
// Lessons that build on the engine's ops include engine/ops.h as well.
#pragma once

#include "engine/tensor.h"

namespace mdn::lesson {

/// Thrown by a task that nobody has solved yet.
struct NotDone {};

/// The body of an unsolved task. It takes the task's parameters only so that no compiler calls them
/// unused. Replace the whole line.
template <class... Parameters>
[[noreturn]] void not_done(const Parameters&...) {
    throw NotDone{};
}

}  // namespace mdn::lesson
