#include "engine/files/onnx/functions.h"
#include "engine/files/onnx/write.h"
#include "train/checkpoints/export_onnx.h"
#include "train/commands/command.h"
#include "train/load_model.h"
#include "train/output/progress.h"
#include "train/output_paths.h"

namespace mdn {

namespace {

class ExportCommand final : public Command {
    ModelFlags model_;
    std::string onnx_;
    bool functions_ = false;

    /// "frames f32 [clips, 8, 112, 112, 3]"
    static std::string described(const onnx::Value& value) {
        std::string text = value.name + " " + to_string(value.type.dtype) + " [" + value.type.per;
        for (size_t axis = 1; axis < value.type.shape.size(); ++axis)
            text += ", " + std::to_string(value.type.shape[axis]);
        return text + "]";
    }

  public:
    void declare(CommandLine& options) override {
        model_.declare(options, "safetensors file, for example a run's best.safetensors");
        options.require("--weights");
        options.text("--onnx", onnx_, "FILE", "ONNX file to write");
        options.require("--onnx");
        options.flag("--functions", functions_,
                     "write every module as an ONNX function, which Netron shows as one node that "
                     "can be opened; ONNX Runtime runs this, OpenVINO does not");
    }

    void run(const CommandLine&, std::ostream& out, std::ostream& notes) override {
        check_outputs({{"--onnx", onnx_}}, model_.inputs_with({}));
        const LoadedModel loaded = load_model(model_, MachineFlags(), "", notes);
        onnx::Model graph = export_onnx(*loaded.model, loaded.stored);
        if (functions_) graph = onnx::with_functions(graph);
        int64_t bytes = 0;
        {
            Progress progress(out);
            bytes = onnx::write(onnx_, graph, [&](int64_t done, int64_t total) {
                progress.update("writing " + bytes_text(done) + " of " + bytes_text(total));
            });
        }
        for (const onnx::Value& value : graph.inputs) out << "input:  " << described(value) << "\n";
        for (const onnx::Value& value : graph.outputs)
            out << "output: " << described(value) << "\n";
        out << graph.nodes.size() << " nodes";
        if (functions_) out << " and " << graph.functions.size() << " functions";
        out << " of opset " << onnx::opset_version << ", " << bytes_text(bytes) << "\nwrote "
            << onnx_ << "\n";
    }
};

}  // namespace

const CommandEntry export_command = {
    "export", "write a trained model as an ONNX file for other programs",
    "The file holds the model for evaluation, with its weights. Inputs, as far as the model has\n"
    "them, for any number of clips:\n"
    "  frames [clips,T,S,S,3] f32    pixels, RGB in 0..255; the graph normalises them\n"
    "  boxes [clips,T,K,4] f32       x1 y1 x2 y2 in pixels\n"
    "  joints [clips,T,K,12,3] f32   instead of frames and boxes, in modality pose\n"
    "Outputs:\n"
    "  logits [clips,classes] f32    scores before softmax\n"
    "  alpha [clips,K,2] f32         weights of the paths ST and TS, where there is a router\n"
    "The metadata has the config, the names of the classes, and how the inputs are made from\n"
    "frames and keypoints. docs/export.md shows how the file is used.\n\n"
    "Example: microdualnet export --weights runs/mine/best.safetensors --onnx mine.onnx\n",
    [] { return std::unique_ptr<Command>(new ExportCommand); }};

}  // namespace mdn
