#include "data/synth/synth.h"

#include <limits>

#include "train/commands/command.h"
#include "train/output/progress.h"

namespace mdn {

namespace {

class SynthCommand final : public Command {
    SynthOptions synth_;
    int64_t seed_ = 0;

  public:
    void declare(CommandLine& options) override {
        options.text("--out", synth_.out, "DIR", "folder to create");
        options.require("--out");
        options.integer("--subjects", synth_.subjects, 3, 1000,
                        "number of people; one fifth are kept for val, one fifth for test");
        options.integer("--clips-per-class", synth_.clips_per_class, 1, 1'000'000,
                        "clips of each of the 16 actions, spread over all people");
        options.integer("--seed", seed_, 0, std::numeric_limits<int64_t>::max(),
                        "the same seed gives the same bytes");
        options.integer("--size", synth_.size, 32, 2048, "side of the square frames, in pixels");
        options.integer("--min-frames", synth_.min_frames, 1, 1000,
                        "frames of the shortest clip, at 30 frames per second");
        options.integer("--max-frames", synth_.max_frames, 1, 1000, "frames of the longest clip");
    }

    void run(const CommandLine&, std::ostream& out, std::ostream&) override {
        synth_.seed = static_cast<uint64_t>(seed_);
        SynthSummary summary;
        {
            Progress progress(out);
            synth_.progress = count_progress(progress, "rendering clip");
            summary = write_synthetic_dataset(synth_);
        }
        out << "wrote " << summary.clips << " clips (" << summary.frames << " frames) of "
            << summary.classes << " actions to " << synth_.out << "\n";
        const char* splits[] = {"train", "val", "test"};
        for (size_t i = 0; i < 3; ++i)
            out << "  " << splits[i] << ": " << summary.split_subjects[i]
                << (summary.split_subjects[i] == 1 ? " person, " : " people, ")

                << summary.split_clips[i] << " clips\n";
    }
};

}  // namespace

const CommandEntry synth_command = {
    "synth", "render a dataset of seated people performing 16 micro-actions",
    "The real datasets are licensed and cannot be shipped with this program. The rendered dataset\n"
    "has their form and, on a small scale, their difficulty: some actions differ only in where\n"
    "they happen, some only in how they move, and nobody is in two splits.\n\n"
    "Example: microdualnet synth --out data/synthetic --subjects 20 --clips-per-class 60 --seed "
    "1\n",
    [] { return std::unique_ptr<Command>(new SynthCommand); }};

}  // namespace mdn
