// The program: everything it does is in run_command.
#include <unistd.h>
#include <filesystem>
#include <iostream>
#include <string>

#include "train/commands/command.h"
#include "train/stop.h"

namespace {

/// Runs the program built for a GPU, where there is one beside this, when a GPU is asked for.
/// Loading cuBLAS takes 200 MB and a tenth of a second, which the CPU has no use for.
void hand_over_to_cuda(int argc, char** argv) {
    bool asked = false;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        asked |= argument == "--device=cuda" ||
                 (argument == "--device" && i + 1 < argc && std::string(argv[i + 1]) == "cuda");
    }
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (asked && !error) execv((self.string() + "-cuda").c_str(), argv);
}

}  // namespace

int main(int argc, char** argv) {
    hand_over_to_cuda(argc, argv);
    mdn::handle_stop_signals();
    return mdn::run_command({argv + 1, argv + argc}, std::cout, std::cerr);
}
