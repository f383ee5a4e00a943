// Ranks that are processes of one machine, which meet in shared memory: each has an emulated GPU of
// its own, and so they can be joined as GPUs are.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/communicator.h"

namespace mdn::test {

/// What a rank of processes has come to.
struct RankEnded {
    int code = 0;                    // 0: body returned; 2: the ranks ended the run
    std::string said = {};           // what body threw, or why the run ended
    std::vector<float> result = {};  // what body returned
};

/// Calls body(communicator) in each of `ranks` processes, forked from this one. They wait for a
/// silent rank for `patience` seconds at most, and then say which one it is.
std::vector<RankEnded> with_processes(int64_t ranks,
                                      const std::function<std::vector<float>(Communicator&)>& body,
                                      double patience = 120);

/// The results of all. Throws Error for what went wrong in one.
std::vector<std::vector<float>> results_of_processes(
    int64_t ranks, const std::function<std::vector<float>(Communicator&)>& body);

}  // namespace mdn::test
