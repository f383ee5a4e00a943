
#include <algorithm>

#include "engine/allocator.h"
#include "engine/files/safetensors.h"
#include "engine/kernels.h"
#include "engine/threads.h"
#include "model/summary.h"
#include "train/batch_hint.h"
#include "train/bench.h"
#include "train/checkpoints/checkpoint.h"
#include "train/commands/command.h"
#include "train/load_model.h"
#include "train/output/format.h"
#include "train/output/log.h"
#include "train/output/profile_report.h"
#include "train/output/profile_trace.h"
#include "train/output/progress.h"
#include "train/output_paths.h"

namespace mdn {

namespace {

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const size_t half = values.size() / 2;
    return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

constexpr const char* short_names[] = {"forward", "train", "head"};  // by BenchMode

class BenchCommand final : public Command {
    ModelFlags model_;
    MachineFlags machine_;
    BenchOptions bench_;
    int64_t clips_ = 1, seed_ = 0;
    std::string input_, output_;
    bool json_ = false, profile_ = false, recompute_ = false;
    ProfileTraceFlags trace_;

    /// The logits of a pass in evaluation mode, to compare with another program's.
    void write_logits(MicroDualNet& model, const TraceInput& input) const {
        for (const auto& [name, tensor] : trace(model, input, {}))
            if (name == "logits") write_safetensors(output_, {{name, tensor}});
    }

  public:
    void declare(CommandLine& options) override {
        model_.declare(options, "safetensors file with the weights; without it they are random");
        options.choice("--mode", bench_.mode,
                       Choices<BenchMode>{{"forward", BenchMode::forward},
                                          {"train", BenchMode::train},
                                          {"head", BenchMode::head}},
                       "what to time: a forward pass; a whole training step; or (head) the forward "
                       "and backward pass of what follows the backbone");
        options.integer("--clips", clips_, 1, 4096,
                        "clips per batch; with --input, the file decides");
        options.integer("--repeats", bench_.repeats, 1, 100000, "timed runs, after a warm-up");
        options.choice(
            "--optimizer", bench_.optimizer,
            Choices<OptimizerKind>{{"sgd", OptimizerKind::sgd}, {"adamw", OptimizerKind::adamw}},
            "optimizer of the training step");
        options.flag("--recompute", recompute_,
                     "a training step as train --recompute makes it: less memory, more time");
        options.integer("--seed", seed_, 0, INT64_MAX, "seed of random weights and random input");
        options.text("--input", input_, "FILE",
                     "safetensors file with frames, boxes (or joints) and labels; without it the "
                     "input is random");
        options.reads("--input");
        options.text("--output", output_, "FILE",
                     "safetensors file to write the logits to, computed before any training step");
        options.flag("--profile", profile_,
                     "also print how the time divides among kernels and among modules");
        trace_.declare(options, "runs");
        options.flag("--json", json_, "print one JSON object on one line");
        machine_.declare(options);
        machine_.declare_precision(options);
        machine_.declare_recording(options);
    }

    void run(const CommandLine& options, std::ostream& out, std::ostream& notes) override {
        machine_.apply();
        trace_.check(options);
        trace_.prepare(machine_);
        if (model_.weights.empty() && model_.config.empty() && model_.preset.empty())
            model_.preset = "tiny";
        check_outputs({{"--output", output_}, {"--profile-trace", trace_.file}},
                      model_.inputs_with({{"--input", input_}}));
        bench_.record = !machine_.no_recording;
        if (recompute_ && bench_.mode != BenchMode::train)
            throw Error(
                "--recompute has no effect: only a training step has convolutions to "
                "compute again",
                "give --mode train, or leave it out");
        if (recompute_) bench_.recompute = Recompute::convolutions;
        LoadedModel loaded;
        if (model_.weights.empty()) {
            loaded.model =
                make_model(model_.resolve(nullptr), static_cast<uint64_t>(seed_), machine_);
        } else {
            loaded = load_model(model_, machine_, "", notes);
        }
        const Config& config = loaded.model->config();
        if (bench_.mode == BenchMode::head && !config.has_frames())
            throw Error("--mode head times what follows the backbone, but modality pose has none",
                        "--mode train times the whole step");
        const TraceInput input = input_.empty()
                                     ? random_input(config, clips_, static_cast<uint64_t>(seed_))
                                     : read_trace_input(input_, config);
        if (bench_.mode != BenchMode::forward && !input.labels.defined())
            throw Error("--input " + input_ + " has no labels to train with",
                        "add `labels` [B] i64 to the file, or give --mode forward");
        BatchWork batch{.config = config,
                        .machine = machine_,
                        .clips = input.inputs.clips(),
                        .option = input_.empty() ? "--clips" : ""};
        if (bench_.mode != BenchMode::forward) batch.trained_with = bench_.optimizer;
        batch.recompute = bench_.recompute;
        batch.offers_recompute = bench_.mode == BenchMode::train;
        TimedRuns runs;
        with_batch_hint(batch, [&] {
            if (!output_.empty()) write_logits(*loaded.model, input);
            runs = time_model(*loaded.model, input, bench_, trace_);
        });
        const bool on_cpu = machine_.device == Device::cpu;
        const int64_t memory = on_cpu ? peak_resident_bytes()
                                      : allocator(machine_.device).stats().reserved_bytes +
                                            allocator(machine_.device).outside_bytes();
        const int64_t clips = input.inputs.clips();
        const double seconds = median(runs.seconds);
        const double gflops = operations(config, clips) / seconds * 1e-9;
        // What Winograd saves counts as work done above, but keeps no multiply-add unit busy.
        const double performed = gflops - runs.saved_operations / seconds * 1e-9;
        const double gemm = measure_gemm_peak(machine_.device, machine_.activations());
        MachinePeaks peaks{.gemm_gflops = gemm};
        KernelProfile profile;
        if (profile_) {
            peaks.copy_gbps = measure_copy_bandwidth(machine_.device);
            profile = profile_model(*loaded.model, input, bench_);
        }
        // What no program can exceed is known of the CPU only.
        const double fma = on_cpu ? measure_fma_peak() : gemm;
        if (json_) {
            LogFields line = {
                {"framework", "microdualnet"},
                {"device", to_string(machine_.device)},
                {"chip", kernels(machine_.device).device_name()},
                {"threads", threads()},
                {"mode", short_names[static_cast<int>(bench_.mode)]},
                {"preset", config.preset},
                {"clips", clips},
                {"median_s", seconds},
                {"min_s", *std::min_element(runs.seconds.begin(), runs.seconds.end())},
                {"times", runs.seconds},
                {"gflops", gflops},
                {"performed_gflops", performed},
                {"fma_peak_gflops", fma},
                {"gemm_gflops", gemm},
                {"peak_rss_mib", static_cast<double>(memory) / (1 << 20)}};
            if (profile_) add_profile(profile, peaks, line);
            out << json_line(line) << "\n";
            return;
        }
        out << format("%s, %lld clips, %s: %.4f s (median of %lld)\n", config.preset.c_str(),
                      static_cast<long long>(clips), mode_name().c_str(), seconds,
                      static_cast<long long>(bench_.repeats));
        if (bench_.mode != BenchMode::head) {
            out << format("%.1f GFLOP/s: %.0f %% of a large matrix product (%.1f)", gflops,
                          100 * gflops / gemm, gemm);
            if (on_cpu)
                out << format(", %.0f %% of the multiply-add peak (%.1f)", 100 * gflops / fma, fma);
            out << "\n";
            if (runs.saved_operations > 0)
                out << format(
                    "%.1f GFLOP/s (%.0f %% of the peak) without what Winograd's convolutions "
                    "save\n",
                    performed, 100 * performed / fma);
        }
        if (!on_cpu) out << "on " << kernels(machine_.device).device_name() << "\n";
        out << (on_cpu ? "peak resident memory: " : "memory held on the GPU: ")
            << bytes_text(memory) << "\n";
        if (profile_) out << profile_report(profile, bench_.repeats, peaks);
    }

  private:
    std::string mode_name() const {
        switch (bench_.mode) {
            case BenchMode::forward:
                return "forward pass";
            case BenchMode::train:
                return "training step";
            case BenchMode::head:
                return "head, forward and backward";
        }
        return "";
    }

    /// What profile_report says, of one run.
    void add_profile(const KernelProfile& profile, const MachinePeaks& peaks,
                     LogFields& line) const {
        line.push_back({"copy_gbps", peaks.copy_gbps});
        const auto runs = static_cast<double>(bench_.repeats);
        for (const KernelFamily& family : profile.families) {
            const auto add = [&](const char* what, double value) {
                line.push_back({"profile." + family.name + "." + what, value / runs});
            };
            add("launches", static_cast<double>(family.launches));
            add("seconds", family.seconds);
            add("product_seconds", family.product_seconds);
            add("bytes", family.bytes);
            add("operations", family.operations);
        }
        for (const ModuleRow& module : module_rows(profile.modules)) {
            const std::string name = module.module.empty() ? "outside" : module.module;
            line.push_back({"module." + name + ".forward_seconds", module.forward_seconds / runs});
            line.push_back(
                {"module." + name + ".backward_seconds", module.backward_seconds / runs});
        }
    }

    /// The backward pass makes two products for each of the forward's. Not known of the head alone.
    double operations(const Config& config, int64_t clips) const {
        if (bench_.mode == BenchMode::head) return 0;
        return 2.0 * static_cast<double>(summarize(config).total.macs) *
               static_cast<double>(clips) * (bench_.mode == BenchMode::train ? 3 : 1);
    }
};

}  // namespace

const CommandEntry bench_command = {
    "bench", "time a forward pass or a training step on this machine",
    "Without --preset, --config or --weights the model is `tiny`.\n"
    "Each multiply-add of `summary` counts as two operations in a forward pass and as six in a\n"
    "training step.\n\n"
    "Example: microdualnet bench --preset paper-ma52 --clips 2 --mode train --repeats 3\n",
    [] { return std::unique_ptr<Command>(new BenchCommand); }};

}  // namespace mdn
