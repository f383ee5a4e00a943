#include <sstream>

#include "engine/files/atomic_file.h"
#include "train/batch_hint.h"
#include "train/bench.h"
#include "train/commands/command.h"
#include "train/commands/trace_input_flags.h"
#include "train/graph/draw.h"
#include "train/load_model.h"
#include "train/output/format.h"

namespace mdn {

namespace {

class GraphCommand final : public Command {
    ModelFlags model_;
    MachineFlags machine_;
    TraceInputFlags input_;
    std::string output_, open_;
    int64_t seed_ = 0, clips_ = 2;

    enum class Format { text, svg, dot };

    Format format_of_output() const {
        if (output_.empty()) return Format::text;
        if (output_.ends_with(".svg")) return Format::svg;
        if (output_.ends_with(".dot") || output_.ends_with(".gv")) return Format::dot;
        throw Error("--output " + output_ + " has no extension that says what to write",
                    "end it in .svg for a picture, or in .dot for Graphviz");
    }

    std::set<std::string> opened(const StepGraph& graph) const {
        if (open_ == "all") return modules_of(graph);
        std::set<std::string> modules;
        std::istringstream names(open_);
        for (std::string name; std::getline(names, name, ',');)
            if (!name.empty()) modules.insert(name);
        return modules;
    }

    std::string title(const Config& config, const StepGraph& graph, int64_t clips) const {
        int64_t ops = 0;
        for (const GraphValue& value : graph) ops += value.kind == ValueKind::result;
        return (model_.weights.empty() ? config.preset : config.preset + ", " + model_.weights) +
               format(": one training step on %lld clip%s, %lld ops", static_cast<long long>(clips),
                      clips == 1 ? "" : "s", static_cast<long long>(ops));
    }

  public:
    void declare(CommandLine& options) override {
        model_.declare_or_initial(options);
        input_.declare_optional(options);
        options.integer("--clips", clips_, 1, 4096, "clips of the random batch");
        options.integer("--seed", seed_, 0, INT64_MAX,
                        "seed of the initial parameters and of the random batch");
        options.text(
            "--open", open_, "MODULES",
            "show what is in these modules, with commas between them: backbone,st.spatial; "
            "all: every op");
        options.text("--output", output_, "FILE",
                     "file to draw to: .svg is a picture, .dot is for Graphviz; without it the "
                     "graph is printed as a table");
        machine_.declare(options);
    }

    void run(const CommandLine& options, std::ostream& out, std::ostream& notes) override {
        machine_.apply();
        const Format format = format_of_output();
        const bool random = input_.input.empty() && input_.dataset.empty() && input_.clip.empty();
        if (!random) {
            input_.check(options);
            if (options.given("--clips"))
                throw Error("--clips has no effect: the batch is given",
                            "leave out --clips, or --input and --dataset");
        } else {
            input_.reading.refuse_given(options, "the batch is random",
                                        "it goes with --dataset and --clip");
        }
        input_.check_kept({"--output", output_}, model_);
        const LoadedModel loaded =
            load_or_initialize_model(model_, machine_, seed_, input_.dataset, notes);
        const Config& config = loaded.model->config();
        const TraceInput input = random ? random_input(config, clips_, static_cast<uint64_t>(seed_))
                                        : input_.read(options, loaded);
        const int64_t clips = input.inputs.clips();
        StepGraph graph;
        with_batch_hint({.config = config,
                         .machine = machine_,
                         .clips = clips,
                         .trained_with = OptimizerKind::sgd,
                         .offers_bf16 = false,
                         .option = random ? "--clips" : ""},
                        [&] { graph = record_step_graph(*loaded.model, input); });
        const Diagram diagram = collapse(graph, opened(graph));
        const std::string heading = title(config, graph, clips);
        if (format == Format::text) {
            out << heading << "\n\n" << diagram_text(diagram);
            return;
        }
        write_file(output_, format == Format::svg ? diagram_svg(diagram, heading)
                                                  : diagram_dot(diagram, heading));
        notes << "wrote " << diagram.boxes.size() << " boxes to " << output_ << "\n";
    }
};

}  // namespace

const CommandEntry graph_command = {
    "graph", "draw the autograd graph of one training step, with its gradients",
    "Runs forward and backward of one training step on a random batch, or on one that is given.\n"
    "A box is a module: its ops, its parameters, and the norm of their gradient. A wire is a\n"
    "tensor: its shape, and the norm of the loss's gradient with respect to it. --open shows what\n"
    "is in a module: the modules in it, and the ops of its own. Ops that only give a tensor\n"
    "another shape are drawn as the wire that they are.\n"
    "An .svg is drawn by this program. A .dot is for Graphviz: dot -Tpdf graph.dot -o graph.pdf\n\n"
    "Example: microdualnet graph --preset tiny --open st,st.spatial --output graph.svg\n",
    [] { return std::unique_ptr<Command>(new GraphCommand); }};

}  // namespace mdn
