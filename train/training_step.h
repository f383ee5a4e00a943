// One step of training: forward, backward and update of a batch, recorded and replayed on a device
// that can (a CUDA graph).
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "engine/optim.h"
#include "model/micro_dualnet.h"
#include "train/recorded_work.h"

namespace mdn {

/// What one step is told: host tensors as MicroDualNet::forward takes them, and numbers.
struct StepInput {
    Inputs inputs;
    Tensor labels;
    int64_t seed = 0, step = 0;  // of dropout; step counts from 0
    double learning_rate = 0;
};

struct StepResult {
    double loss, loss_ce, loss_mac;
    double gradient_norm;  // before clipping
    double top1;           // percent of the batch whose best class, in training mode, was right
};

/// bring(); start(); (bring() the next); finish(); start(); … so that a GPU takes in one batch
/// while it computes on another, and the host waits only for results.
class TrainingStep {
  public:
    /// With `record`, steps of a batch size seen before are recorded once and replayed; the model's
    /// activations must stay of one dtype.
    /// `label_smoothing` is that of the loss: see ForwardOptions.
    TrainingStep(MicroDualNet& model, Optimizer& optimizer, bool record,
                 double label_smoothing = 0);

    /// Starts to bring the next step's input to the device.
    void bring(const StepInput& input);
    /// Starts the step on what was brought; a GPU returns at once. The parameters' gradients are
    /// this step's from then on.
    void start();
    /// Waits for the step that was started, which there must be. Throws NonFinite if the loss or a
    /// gradient is not finite; a gradient that is not leaves the parameters as they were.
    StepResult finish();

  private:
    /// Everything of one batch size. Recorded work reads and writes these very tensors.
    struct Work {
        Inputs inputs;
        Tensor labels, seed_and_step;
        Tensor loss = {}, loss_ce = {}, loss_mac = {}, logits = {};
        RecordedWork recorded;
        // Parameters and where the recording leaves their gradients.
        std::vector<std::pair<Tensor, Tensor>> gradients = {};
    };

    void run(Work& work);
    void show_gradients(Work& work) const;

    MicroDualNet& model_;
    Optimizer& optimizer_;
    bool record_;
    double label_smoothing_;
    std::unique_ptr<Uploader> uploader_;
    std::map<int64_t, Work> work_;   // by number of clips
    int64_t brought_ = 0;            // clips of the input on its way
    const Work* started_ = nullptr;  // what finish() waits for
};

}  // namespace mdn
