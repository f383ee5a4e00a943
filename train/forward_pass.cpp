#include "train/forward_pass.h"

#include "engine/autograd.h"
#include "engine/slices.h"
#include "train/load_model.h"

namespace mdn {

ForwardPass::ForwardPass(MicroDualNet& model, bool record)
    : model_(model),
      record_(record),
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
    return {.logits = outputs.logits, .alpha = outputs.alpha};
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
            .alpha = on_device(started_.alpha, Device::cpu)};
}

}  // namespace mdn
