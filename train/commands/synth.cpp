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
        options.text("--out", synth_.out, "DIR", "folder to make");
        options.require("--out");
        options.integer("--subjects", synth_.subjects, 3, 1000,
                        "people; a fifth are kept for val, a fifth for test");
        options.integer("--clips-per-class", synth_.clips_per_class, 1, 1'000'000,
                        "clips of each of the 16 actions, spread over all people");
        options.integer("--seed", seed_, 0, std::numeric_limits<int64_t>::max(),
                        "the same seed gives the same bytes");
        options.integer("--size", synth_.size, 32, 2048, "side of the square pictures, pixels");
        options.integer("--min-frames", synth_.min_frames, 1, 1000,
                        "shortest clip, at 30 a second");
        options.integer("--max-frames", synth_.max_frames, 1, 1000, "longest clip");
    }

    void run(const CommandLine&, std::ostream& out, std::ostream&) override {
        synth_.seed = static_cast<uint64_t>(seed_);
        SynthSummary summary;
        {
            Progress progress(out);
            const Stopwatch watch;
            synth_.progress = [&](int64_t done, int64_t total) {
                progress.update(count_text("rendering clip", done, total, watch.seconds()));
            };
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
    "The real datasets are licensed and do not ship. This one has their form and their difficulty\n"
    "in small: some actions differ only in where they happen, some only in how they move, and\n"
    "nobody is in two splits.\n\n"
    "Example: microdualnet synth --out data/synthetic --subjects 20 --clips-per-class 60 --seed "
    "1\n",
    [] { return std::unique_ptr<Command>(new SynthCommand); }};

}  // namespace mdn
