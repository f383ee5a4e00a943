#include <algorithm>

#include "model/summary.h"
#include "train/commands/command.h"
#include "train/load_model.h"
#include "train/output/format.h"
#include "train/output/progress.h"

namespace mdn {

namespace {

class SummaryCommand final : public Command {
    ModelFlags model_;
    int64_t batch_ = 1;
    OptimizerKind optimizer_ = OptimizerKind::adamw;
    Precision precision_ = Precision::f32;

    static void row(std::ostream& out, size_t width, const LayerSummary& layer) {
        out << format("%-*s  %-24s %14lld %14.3f\n", static_cast<int>(width), layer.name.c_str(),
                      to_string(layer.shape).c_str(), static_cast<long long>(layer.parameters),
                      static_cast<double>(layer.macs) * 1e-6);
    }

  public:
    void declare(CommandLine& options) override {
        model_.declare(options, "");
        options.integer("--batch", batch_, 1, 4096,
                        "clips of the training step whose memory is estimated");
        options.choice(
            "--optimizer", optimizer_,
            Choices<OptimizerKind>{{"sgd", OptimizerKind::sgd}, {"adamw", OptimizerKind::adamw}},
            "optimizer whose state is counted");
        options.choice("--precision", precision_,
                       Choices<Precision>{{"f32", Precision::f32}, {"bf16", Precision::bf16}},
                       "precision of the activations");
    }

    void run(const CommandLine&, std::ostream& out, std::ostream&) override {
        if (model_.config.empty() && model_.preset.empty()) model_.preset = "paper-ma52";
        const Config config = model_.resolve(nullptr);
        const ModelSummary summary = summarize(config);
        size_t width = 0;
        for (const LayerSummary& layer : summary.layers) width = std::max(width, layer.name.size());
        out << format("%-*s  %-24s %14s %14s\n", static_cast<int>(width), "layer (one clip)",
                      "output", "parameters", "MMAC");
        for (const LayerSummary& layer : summary.layers) row(out, width, layer);
        row(out, width, summary.total);
        if (summary.tsm) {
            out << format("\n%s alone, with its linear classifier: %.1f M parameters, %.1f GMAC\n",
                          summary.tsm->name.c_str(),
                          static_cast<double>(summary.tsm->parameters) * 1e-6,
                          static_cast<double>(summary.tsm->macs) * 1e-9);
        }

        const bool bf16 = precision_ == Precision::bf16;
        const auto memory_of = [&](Recompute recompute) {
            return estimate_training_memory(config, batch_, optimizer_,
                                            bf16 ? DType::bf16 : DType::f32, recompute);
        };
        const TrainingMemory memory = memory_of(Recompute::outputs);
        out << "\nmemory of a training step of " << batch_ << (batch_ == 1 ? " clip" : " clips")
            << " in " << (bf16 ? "bfloat16" : "float32") << ":\n";
        const std::pair<const char*, int64_t> parts[] = {
            {"parameters", memory.parameters},
            {"optimizer", memory.optimizer},
            {"gradients", memory.gradients},
            {"activations", memory.activations},
            {"inputs", memory.inputs},
            {"peak", memory.peak},
            {"peak with --recompute", memory_of(Recompute::convolutions).peak}};
        for (const auto& [name, bytes] : parts)
            out << format("  %-21s %12s\n", name, bytes_text(bytes).c_str());
    }
};

}  // namespace

const CommandEntry summary_command = {"summary",
                                      "list layers, parameters, multiply-adds and training memory",
                                      "Computed from the config; no model is allocated. Without "
                                      "--config or --preset\nthe model is `paper-ma52`.\n\n"
                                      "Example: microdualnet summary --preset tiny --batch 16\n",
                                      [] { return std::unique_ptr<Command>(new SummaryCommand); }};

}  // namespace mdn
