// The program with MPI: joins the ranks that a launcher started, and leaves them with one message,
// whatever happens on which rank.
#include "train/parallel/mpi/join.h"

#include <mpi.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

#include "engine/processors.h"
#include "engine/threads.h"
#include "train/parallel/launch.h"
#include "train/parallel/mpi/mpi_ranks.h"
#include "train/parallel/share_processors.h"

namespace mdn {

namespace {

/// Open MPI binds each of one or two ranks to a single core, and of more to a socket, where it was
/// not told how: on one core, all threads of a rank take turns.
void undo_default_binding() {
    const bool bound = std::getenv("OMPI_MCA_orte_bound_at_launch") != nullptr;
    const bool asked = std::getenv("OMPI_MCA_hwloc_base_binding_policy") != nullptr ||
                       std::getenv("OMPI_MCA_rmaps_base_mapping_policy") != nullptr;
    if (!bound || asked) return;
    cpu_set_t all;
    CPU_ZERO(&all);
    for (int processor = 0; processor < CPU_SETSIZE; ++processor) CPU_SET(processor, &all);
    // The system grants what this process may use of it.
    sched_setaffinity(0, sizeof all, &all);
}

/// The ranks of a host share its processors evenly, unless the user has said how many threads.
std::string share_processors(MpiRanks& ranks) {
    undo_default_binding();
    AllowedProcessors allowed;
    size_t own = 0;
    const std::vector<std::string> all = ranks.gather_text(own_processors());
    for (int64_t rank = 0; rank < ranks.ranks(); ++rank) {
        if (!ranks.is_here(rank)) continue;
        if (rank == ranks.rank()) own = allowed.size();
        allowed.push_back(all[static_cast<size_t>(rank)]);
    }
    const int64_t granted = usable_processors(), here = std::ssize(allowed);
    const bool asked = std::getenv("OMP_NUM_THREADS") != nullptr;
    if (!asked) set_threads(threads_for_rank(allowed, own, granted));
    int64_t processors = processors_of(allowed);
    if (granted < processors_of({allowed[own]})) processors = granted;  // a container's limit
    std::ostringstream text;
    text << ranks.ranks() << " ranks on "
         << (ranks.hosts() == 1 ? "1 host" : std::to_string(ranks.hosts()) + " hosts");
    if (!asked && here > processors)
        text << "; " << here << " of them share " << processors
             << (processors == 1 ? " processor" : " processors");
    return text.str();
}

/// Takes what ranks other than 0 print.
class Nothing final : public std::streambuf {
  protected:
    int overflow(int character) override { return traits_type::not_eof(character); }
};

/// mpirun of another MPI starts processes that do not find each other.
bool found_each_other(const Launch& launch, int64_t ranks) {
    if (launch.ranks == ranks) return true;
    if (launch.rank == 0)
        std::cerr << "error: " << launch.variable << " says that " << launch.ranks
                  << " processes were started together, but MPI finds " << ranks
                  << "\nhint: start the program with the mpirun of the MPI that it was built with "
                     "(Open MPI: mpirun --version says so), or with srun --mpi=pmix\n";
    return false;
}

}  // namespace

int join_ranks(const std::function<int(std::ostream& out, std::ostream& err)>& command) {
    const Launch launch = launch_from([](const char* name) { return std::getenv(name); });
    int level = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level);
    int count = 1;
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    int code = 2;
    if (!found_each_other(launch, count)) {
        MPI_Finalize();
        return code;
    }
    if (count == 1) {
        code = command(std::cout, std::cerr);
        MPI_Finalize();
        return code;
    }
    {
        MpiRanks ranks;
        set_program_ranks(&ranks);
        const std::string who = share_processors(ranks);
        Nothing nothing;
        // Not std::cout itself: mpirun gives every rank a terminal, whatever it writes to itself,
        // so that lines which rewrite themselves would end up in files.
        std::ostream out(is_first_rank() ? std::cout.rdbuf() : &nothing);
        std::ostringstream said;  // of what goes wrong, until it is known who says it
        out << who << std::endl;
        code = command(out, said);
        // Where all fail, for the same reason, rank 0 says it. Where one fails, the others wait for
        // it elsewhere: it says so itself, and ends them.
        // After a stop rank 0 may still be saving.
        const bool failed = code != 0 && code <= 128;
        const bool together = ranks.all_leave(failed ? 2 : 600);
        std::string text = said.str();
        if (!together && code != 0) {
            std::cerr << ("error: " + ranks.name(ranks.rank()) + " ends the run\n" + text)
                      << std::flush;
            ranks.end_all(code);
        }
        if (is_first_rank()) std::cerr << text << std::flush;
        set_program_ranks(nullptr);
    }
    MPI_Finalize();
    return code;
}

}  // namespace mdn
