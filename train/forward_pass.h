// Forward passes in evaluation mode, one batch after another, recorded and replayed on a device
// that can (a CUDA graph).
#pragma once

#include <map>
#include <memory>

#include "model/micro_dualnet.h"
#include "train/recorded_work.h"

namespace mdn {

/// What a model says of a batch, on the host.
struct Answers {
    Tensor logits;  // [B,classes], of the parameters' dtype
    Tensor alpha;   // [B,K,2]; undefined without two paths
    /// [B,classes] of each path alone; only where that is asked for and there are two paths.
    Tensor st_logits = {}, ts_logits = {};
};

/// bring(); start(); (bring() the next); finish(); start(); … so that a GPU takes in one batch
/// while it computes on another, and the host waits only for answers.
class ForwardPass {
  public:
    /// With `record`, passes over a batch size seen before are recorded once and replayed. The
    /// parameters may be given other values between passes, in place; the model's activations must
    /// stay of one dtype. `paths_alone`: answers hold those of each path alone.
    ForwardPass(MicroDualNet& model, bool record, bool paths_alone = false);

    /// Starts to bring the next batch (host tensors) to the device.
    void bring(const Inputs& inputs);
    /// Starts the pass over what was brought; a GPU returns at once. Throws as
    /// MicroDualNet::forward does.
    void start();
    /// Waits for the pass that was started, which there must be.
    Answers finish();

  private:
    /// Everything of one batch size. Recorded work reads and writes these very tensors.
    struct Work {
        Inputs inputs;
        Answers answers = {};  // on the device
        RecordedWork recorded;
    };

    Answers answer(const Inputs& inputs);

    MicroDualNet& model_;
    bool record_, paths_alone_;
    std::unique_ptr<Uploader> uploader_;
    std::map<int64_t, Work> work_;  // by number of clips
    int64_t brought_ = 0;           // clips of the batch on its way
    Inputs in_place_;               // on the CPU: that batch itself
    Answers started_;               // what finish() waits for
};

}  // namespace mdn
