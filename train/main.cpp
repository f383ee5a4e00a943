// The program: everything it does is in run_command.
#include <unistd.h>
#include <cstdlib>
#include <iostream>

#include "train/command.h"

namespace {

/// Lets OpenMP's threads sleep, not spin, while they wait: decoding threads need the cores, and on
/// a machine with other work spinning costs far more than it saves. The OpenMP library reads its
/// environment before main() starts, so the program starts itself once more. A policy the user
/// set is kept; where the system cannot say which program this is, nothing changes.
void let_waiting_threads_sleep(char** argv) {
    if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
    setenv("OMP_WAIT_POLICY", "passive", 1);
    execv("/proc/self/exe", argv);
}

}  // namespace

int main(int argc, char** argv) {
    let_waiting_threads_sleep(argv);
    return mdn::run_command({argv + 1, argv + argc}, std::cout, std::cerr);
}
