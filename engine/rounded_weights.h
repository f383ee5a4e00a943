// bf16 copies of f32 weights. Matrix products with bf16 activations read the copy instead of
// rounding the weight anew at each use.
#pragma once

#include <vector>

#include "engine/tensor.h"

namespace mdn {

/// Owns the copies of some weights, all on one GPU. Products find them while it lives.
class RoundedWeights {
  public:
    RoundedWeights() = default;
    ~RoundedWeights();
    RoundedWeights(RoundedWeights&&) = default;
    RoundedWeights& operator=(RoundedWeights&&) = delete;

    bool empty() const { return weights_.empty(); }
    /// Makes memory for the copy of an f32 weight.
    void add(const Tensor& weight);
    /// Rounds all weights as they are now, in one pass.
    void update() const;

  private:
    std::vector<Tensor> weights_, copies_;
};

/// The copy of a weight, as it was last updated; undefined where there is none.
Tensor rounded_copy_of(const Tensor& weight);

}  // namespace mdn
