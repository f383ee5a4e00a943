#include <omp.h>

#include <algorithm>
#include <cstdio>

#include "engine/safetensors.h"
#include "model/summary.h"
#include "train/bench.h"
#include "train/checkpoint.h"
#include "train/command.h"
#include "train/log.h"
#include "train/model_options.h"
#include "train/progress.h"

namespace mdn {

namespace {

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const size_t half = values.size() / 2;
    return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

class BenchCommand final : public Command {
    enum class Mode { forward, train };

    ModelOptions model_;
    MachineOptions machine_;
    BenchOptions bench_;
    Mode mode_ = Mode::forward;
    int64_t clips_ = 1, seed_ = 0;
    std::string input_, output_;
    bool json_ = false;

    /// The logits of a pass in evaluation mode, to compare with another program's.
    void write_logits(MicroDualNet& model, const TraceInput& input) const {
        for (const auto& [name, tensor] : trace(model, input, {}))
            if (name == "logits") write_safetensors(output_, {{name, tensor}});
    }

  public:
    void declare(Options& options) override {
        model_.declare(options, "safetensors to start from; random otherwise");
        options.choice("--mode", mode_,
                       Choices<Mode>{{"forward", Mode::forward}, {"train", Mode::train}},
                       "a forward pass, or a whole training step");
        options.integer("--clips", clips_, 1, 4096, "clips at a time, unless --input says");
        options.integer("--repeats", bench_.repeats, 1, 100000,
                        "timed runs, after one that is not");
        options.choice(
            "--optimizer", bench_.optimizer,
            Choices<OptimizerKind>{{"sgd", OptimizerKind::sgd}, {"adamw", OptimizerKind::adamw}},
            "of the training step");
        options.integer("--seed", seed_, 0, INT64_MAX, "of random weights and input");
        options.text("--input", input_, "FILE",
                     "safetensors with frames, boxes, labels; random otherwise");
        options.text("--output", output_, "FILE", "safetensors to write: logits, before any step");
        options.flag("--json", json_, "print one JSON object on one line");
        machine_.declare(options);
    }

    void run(const Options&, std::ostream& out, std::ostream& notes) override {
        machine_.apply();
        if (model_.weights.empty() && model_.config.empty() && model_.preset.empty())
            model_.preset = "tiny";
        bench_.training = mode_ == Mode::train;
        bench_.record = !machine_.no_recording;
        LoadedModel loaded;
        if (model_.weights.empty()) {
            loaded.model = std::make_unique<MicroDualNet>(
                model_.resolve(nullptr), static_cast<uint64_t>(seed_), DType::f32, machine_.device);
            machine_.prepare(*loaded.model);
        } else {
            loaded = load_model(model_, machine_, notes);
        }
        const Config& config = loaded.model->config();
        const TraceInput input = input_.empty()
                                     ? random_input(config, clips_, static_cast<uint64_t>(seed_))
                                     : read_trace_input(input_, config);
        if (bench_.training && !input.labels.defined())
            throw Error(input_ + " has no labels to train with");
        if (!output_.empty()) write_logits(*loaded.model, input);

        const std::vector<double> times = time_model(*loaded.model, input, bench_);
        const int64_t resident = peak_resident_bytes();
        const int64_t clips = input.frames.dim(0);
        // The backward pass makes two products for each of the forward's.
        const double work = 2.0 * static_cast<double>(summarize(config).total.macs) *
                            static_cast<double>(clips) * (bench_.training ? 3 : 1);
        const double seconds = median(times), gflops = work / seconds * 1e-9;
        const double fma = measure_fma_peak(), gemm = measure_gemm_peak();
        if (json_) {
            out << json_line({{"framework", "microdualnet"},
                              {"device", to_string(machine_.device)},
                              {"threads", omp_get_max_threads()},
                              {"mode", bench_.training ? "train" : "forward"},
                              {"preset", config.preset},
                              {"clips", clips},
                              {"median_s", seconds},
                              {"min_s", *std::min_element(times.begin(), times.end())},
                              {"times", times},
                              {"gflops", gflops},
                              {"fma_peak_gflops", fma},
                              {"gemm_gflops", gemm},
                              {"peak_rss_mib", static_cast<double>(resident) / (1 << 20)}})
                << "\n";
            return;
        }
        char text[320];
        std::snprintf(text, sizeof text,
                      "%s, %lld clips, %s: %.4f s (median of %lld)\n"
                      "%.1f GFLOP/s: %.0f %% of the multiply-add peak (%.1f), %.0f %% of a 1024 "
                      "matrix product (%.1f)\npeak resident memory: %s\n",
                      config.preset.c_str(), static_cast<long long>(clips),
                      bench_.training ? "training step" : "forward pass", seconds,
                      static_cast<long long>(bench_.repeats), gflops, 100 * gflops / fma, fma,
                      100 * gflops / gemm, gemm, bytes_text(resident).c_str());
        out << text;
    }
};

}  // namespace

const CommandEntry bench_command = {
    "bench", "time a forward pass or a training step on this machine",
    "Operations are two a multiply-add of `summary`, three times as many for a training step.\n\n"
    "Example: microdualnet bench --preset paper-ma52 --clips 2 --mode train --repeats 3\n",
    [] { return std::unique_ptr<Command>(new BenchCommand); }};

}  // namespace mdn
