#include "engine/rounded_weights.h"

#include <mutex>
#include <unordered_map>

#include "engine/kernels.h"

namespace mdn {

namespace {

/// All copies there are, by the memory of their weights.
struct Copies {
    std::mutex mutex;
    std::unordered_map<const void*, Tensor> of;
};

Copies& copies() {
    static Copies& all = *new Copies;  // never destroyed: models may live as long as the program
    return all;
}

}  // namespace

RoundedWeights::~RoundedWeights() {
    Copies& all = copies();
    const std::lock_guard lock(all.mutex);
    for (const Tensor& weight : weights_) all.of.erase(weight.raw());
}

void RoundedWeights::add(const Tensor& weight) {
    const Tensor copy = Tensor::empty(weight.shape(), DType::bf16, weight.device());
    weights_.push_back(weight);
    copies_.push_back(copy);
    Copies& all = copies();
    const std::lock_guard lock(all.mutex);
    all.of[weight.raw()] = copy;
}

void RoundedWeights::update() const {
    if (!weights_.empty()) kernels(weights_[0]).cast_all(weights_, copies_);
}

Tensor rounded_copy_of(const Tensor& weight) {
    Copies& all = copies();
    const std::lock_guard lock(all.mutex);
    const auto found = all.of.find(weight.raw());
    return found != all.of.end() && found->second.shape() == weight.shape() ? found->second
                                                                            : Tensor();
}

}  // namespace mdn
