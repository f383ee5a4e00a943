#include "train/forward_pass.h"

#include "engine/autograd.h"
#include "engine/slices.h"
#include "train/load_model.h"

namespace mdn {

ForwardPass::ForwardPass(MicroDualNet& model, bool record, bool paths_alone)
    : model_(model),
      record_(record),
      paths_alone_(paths_alone && model.config().has_both_paths()),
      uploader_(backend(model.parameters().device()).make_uploader()) {}

void ForwardPass::bring(const Inputs& inputs) {
    const Device device = model_.parameters().device();
    if (device == Device::cpu) {
        in_place_ = inputs;  // nothing to overlap, and nothing to copy
        return;
    }
    brought_ = inputs.clips();
    if (!work_.contains(brought_)) {
        const auto place_for = [&](const Tensor& x) {
            return Tensor::empty(x.shape(), x.dtype(), device);
        };
        work_.emplace(brought_, Work{.inputs = inputs.each(place_for),
                                     .recorded = RecordedWork(device, record_)});
    }
    uploader_->start(inputs.given());
}

Answers ForwardPass::answer(const Inputs& inputs) {
    const NoGrad no_grad;
    const Outputs outputs = model_.forward(inputs, Tensor());
    Answers answers{.logits = outputs.logits, .alpha = outputs.alpha};
    if (paths_alone_) {
        answers.st_logits = model_.logits_of_path(outputs, Paths::st);
        answers.ts_logits = model_.logits_of_path(outputs, Paths::ts);
    }
    return answers;
}

void ForwardPass::start() {
    const Slice slice("forward pass");
    if (model_.parameters().device() == Device::cpu) {
        started_ = answer(in_place_);
        in_place_ = {};
        return;
    }
    Work& work = work_.at(brought_);
    uploader_->finish(work.inputs.given());
    work.recorded.run([&] { work.answers = answer(work.inputs); });
    started_ = work.answers;
}

Answers ForwardPass::finish() {
    return {.logits = on_device(started_.logits, Device::cpu),
            .alpha = on_device(started_.alpha, Device::cpu),
            .st_logits = on_device(started_.st_logits, Device::cpu),
            .ts_logits = on_device(started_.ts_logits, Device::cpu)};
}

}  // namespace mdn
