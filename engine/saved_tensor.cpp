#include "engine/saved_tensor.h"

#include "engine/autograd.h"

namespace mdn {

const Tensor& Recipe::get() {
    if (!held_.defined()) held_ = compute_();
    return held_;
}

Tensor Recipe::take() {
    get();
    return std::move(held_);
}

SavedTensor::SavedTensor(const Tensor& x) {
    const auto& meta = autograd_meta(x);
    if (meta && meta->node) recipe_ = meta->node->recipe;
    if (!recipe_) kept_ = x.detach();
}

SavedTensor::SavedTensor(const Tensor& y, ForBackward what, std::function<Tensor()> compute) {
    if (what == ForBackward::recompute && grad_enabled())
        recipe_ = std::make_shared<Recipe>(std::move(compute));
    else
        kept_ = y.detach();
}

}  // namespace mdn
