// The program: everything it does is in run_command.
#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include "train/commands/command.h"
#include "train/parallel/launch.h"
#include "train/stop.h"
#ifdef MDN_MPI
#include "train/parallel/mpi/join.h"
#endif

namespace {

mdn::Launch launch() {
    return mdn::launch_from([](const char* name) { return std::getenv(name); });
}

#ifdef MDN_MPI

int run(const std::vector<std::string>& arguments) {
    return mdn::join_ranks([&](std::ostream& out, std::ostream& err) {
        return mdn::run_command(arguments, out, err);
    });
}

void hand_over(int, char**) {}

#else

int run(const std::vector<std::string>& arguments) {
    return mdn::run_command(arguments, std::cout, std::cerr);
}

bool asks_for_gpu(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--device=cuda") return true;
        if (argument == "--device" && i + 1 < argc && std::string(argv[i + 1]) == "cuda")
            return true;
    }
    return false;
}

/// Runs the program built for what is asked for, where there is one beside this. Loading cuBLAS
/// takes 200 MB and a tenth of a second, which the CPU has no use for; a process of its own needs
/// no MPI.
void hand_over(int argc, char** argv) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return;
    const mdn::Launch started = launch();
    std::string other = self.string();
    if (asks_for_gpu(argc, argv) && !other.ends_with("-cuda")) other += "-cuda";
    if (started.ranks > 1) other += "-mpi";
    if (other != self.string()) execv(other.c_str(), argv);
    if (started.ranks == 1) return;
    // As many processes that each take themselves for the whole run would write the same files.
    if (started.rank == 0)
        std::cerr
            << "error: " << started.variable << " says that " << started.ranks
            << " processes were started together, but there is no " << other
            << "\nhint: build it with make MPI=1, which needs libopenmpi-dev and openmpi-bin; "
               "or start the program once, without mpirun\n";
    std::exit(2);
}

#endif

}  // namespace

int main(int argc, char** argv) {
    hand_over(argc, argv);
    mdn::handle_stop_signals(launch().rank == 0);
    return run({argv + 1, argv + argc});
}
