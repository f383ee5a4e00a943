// What the backward pass reads of the forward pass: kept, or computed again.
//
// Tensors that wait for the backward pass are most of a training step's memory. An op may leave a
// recipe of its output instead. Nothing then holds the output once the forward pass has read it.
// The first closure that reads it computes it again, from what is kept anyway, with the same
// kernels and so with the same bits; closures that read it later find it there.
#pragma once

#include <functional>
#include <memory>

#include "engine/tensor.h"

namespace mdn {

/// What the backward pass finds of an op's output that it reads.
enum class ForBackward { keep, recompute };

/// How to compute a tensor again. A recipe may read tensors that have a recipe themselves: the
/// chain from one that is kept must be short, for all of it is computed and held at once.
class Recipe {
  public:
    explicit Recipe(std::function<Tensor()> compute) : compute_(std::move(compute)) {}
    /// The tensor, computed if it is not there; held until the recipe dies or take() is called.
    const Tensor& get();
    /// The same, which the recipe no longer holds.
    Tensor take();

  private:
    std::function<Tensor()> compute_;
    Tensor held_;
};

/// What a closure captures of a tensor that it will read. All give it outside the graph.
class SavedTensor {
  public:
    SavedTensor() = default;
    /// Keeps x, or the recipe that its op has left.
    explicit SavedTensor(const Tensor& x);
    /// For the output y of an op under way: keeps it, or `compute`, which gives the same bits.
    SavedTensor(const Tensor& y, ForBackward what, std::function<Tensor()> compute);

    Tensor get() const { return recipe_ ? recipe_->get() : kept_; }
    /// For who reads it last: its memory is free when nobody else holds the result.
    Tensor take() { return recipe_ ? recipe_->take() : std::move(kept_); }
    /// For record(); null where the tensor is kept.
    const std::shared_ptr<Recipe>& recipe() const { return recipe_; }

  private:
    Tensor kept_;
    std::shared_ptr<Recipe> recipe_;
};

}  // namespace mdn
