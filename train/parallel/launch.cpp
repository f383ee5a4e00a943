#include "train/parallel/launch.h"

#include <charconv>
#include <string_view>

namespace mdn {

namespace {

struct Names {
    const char *ranks, *rank;
};
constexpr Names launchers[] = {{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
                               {"PMI_SIZE", "PMI_RANK"},
                               {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID"}};

/// A whole number from 0 on; -1 for anything else.
int64_t number_of(const char* text) {
    if (!text) return -1;
    const std::string_view digits = text;
    int64_t number = -1;
    const auto [rest, status] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return status == std::errc() && rest == digits.data() + digits.size() ? number : -1;
}

Communicator* ranks_of_program = nullptr;

}  // namespace

Launch launch_from(const Environment& environment) {
    for (const auto& [ranks, rank] : launchers) {
        const int64_t count = number_of(environment(ranks)), own = number_of(environment(rank));
        if (count > 0 && own >= 0 && own < count)
            return {.ranks = count, .rank = own, .variable = ranks};
    }
    return {};
}

Communicator* program_ranks() { return ranks_of_program; }
void set_program_ranks(Communicator* ranks) { ranks_of_program = ranks; }
bool is_first_rank() { return !ranks_of_program || ranks_of_program->rank() == 0; }

}  // namespace mdn
