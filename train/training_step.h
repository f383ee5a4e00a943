// One step of training: forward, backward and update of a batch, recorded and replayed on a device
// that can (a CUDA graph), or shared by several processes.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "engine/optim.h"
#include "model/micro_dualnet.h"
#include "train/parallel/gradient_sums.h"
#include "train/recorded_work.h"

namespace mdn {

/// What one step is told: host tensors as MicroDualNet::forward takes them, and numbers.
struct StepInput {
    Inputs inputs;
    Tensor labels;
    int64_t seed = 0, step = 0;  // of dropout; step counts from 0
    double learning_rate = 0;
    /// Of the batch, with StepRanks: the clips of each rank. `inputs` and `labels` hold this
    /// rank's, which may be none.
    std::vector<int64_t> clips_of_ranks = {};
};

/// The processes that share each step. Their batches together are the step's batch: the gradient is
/// that of its mean loss, whatever the number of ranks.
struct StepRanks {
    Communicator* over = nullptr;                      // null: one process
    bool sync_batch_norm = false, gather_mac = false;  // as in RanksOptions
    BucketSizes buckets = {};
};

/// Of the whole batch.
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
    /// `label_smoothing` and `recompute` are those of ForwardOptions.
    /// With ranks, which start from the same parameters and statistics, all ranks make each call,
    /// and have the same afterwards; steps are recorded where the ranks' devices are joined, which
    /// must be so before.
    TrainingStep(MicroDualNet& model, Optimizer& optimizer, bool record, double label_smoothing = 0,
                 Recompute recompute = Recompute::outputs, const StepRanks& ranks = {});

    /// Starts to bring the next step's input to the device.
    void bring(const StepInput& input);
    /// Starts the step on what was brought; a GPU returns at once. The parameters' gradients are
    /// this step's from then on.
    void start();
    /// Waits for the step that was started, which there must be. Throws NonFinite if the loss or a
    /// gradient is not finite; a gradient that is not leaves the parameters as they were.
    StepResult finish();

  private:
    /// Everything of one batch size, and with ranks of one share of it. Recorded work reads and
    /// writes these very tensors.
    struct Work {
        Inputs inputs;
        Tensor labels, seed_and_step;
        Tensor loss = {}, loss_ce = {}, loss_mac = {}, logits = {};
        RecordedWork recorded;
        // Parameters and where the recording leaves their gradients.
        std::vector<std::pair<Tensor, Tensor>> gradients = {};
    };

    void run(Work& work);
    void compute(Work& work);
    void average_running_statistics();
    void show_gradients(Work& work) const;
    StepResult own_result() const;
    StepResult result_of_ranks() const;

    MicroDualNet& model_;
    Optimizer& optimizer_;
    bool record_;
    double label_smoothing_;
    Recompute recompute_;
    std::unique_ptr<Uploader> uploader_;
    StepRanks ranks_;
    DeviceRanks* devices_ = nullptr;             // where the ranks' are joined
    std::map<std::vector<int64_t>, Work> work_;  // by number of clips, of each rank
    std::vector<int64_t> brought_;               // clips of the input on its way, of each rank
    const Work* started_ = nullptr;              // what finish() waits for
    std::unique_ptr<GradientSums> sums_;         // null in one process
    Tensor statistics_;                          // all running ones, for their mean over the ranks
    BatchShare brought_share_, started_share_;   // of what is on its way, and of `started_`
};

}  // namespace mdn
