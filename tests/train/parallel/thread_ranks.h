// Ranks that are threads of one process: what several processes compute together, in one test, on
// any machine.
#pragma once

#include <functional>

#include "engine/communicator.h"

namespace mdn::test {

/// Calls body(communicator) on each of `ranks` threads, which take turns, exchange through memory
/// and add in the order of the ranks. Throws what a rank threw; the others, which then wait in
/// vain, throw an Error of their own.
void with_ranks(int64_t ranks, const std::function<void(Communicator&)>& body);

}  // namespace mdn::test
