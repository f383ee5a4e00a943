// How many processors this process may use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace mdn {

/// The processors that this process may run on, or fewer where a control group (a container) grants
/// less of their time: `docker run --cpus 2.5` grants that of 2.5 processors, which is 3 threads.
/// At least 1. `root` stands for /.
int64_t usable_processors(const std::filesystem::path& root = "/");

/// The number of threads that a value of OMP_NUM_THREADS asks for: from 1 to 1024, and of a list
/// ("4,2", one number per level of nesting) the first. Throws Error naming the value if it is none.
int64_t threads_asked_for(const std::string& value);

}  // namespace mdn
