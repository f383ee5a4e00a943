// The inputs of a model: frames and boxes, or joints.
#pragma once

#include <vector>

#include "engine/tensor.h"

namespace mdn {

/// A batch of clips, all on one device; what the model's modality does not read may be undefined.
struct Inputs {
    Tensor frames = {};  // [B,T,S,S,3], normalised
    Tensor boxes = {};   // [B,T,K,4], pixels of S×S
    Tensor joints = {};  // [B,T,K,J,3], units of the body

    /// Those that are given, in this order.
    std::vector<Tensor> given() const {
        std::vector<Tensor> tensors;
        each([&](const Tensor& x) {
            tensors.push_back(x);
            return x;
        });
        return tensors;
    }
    /// B; 0 when nothing is given.
    int64_t clips() const { return given().empty() ? 0 : given().front().dim(0); }
    /// What `change` makes of each tensor that is given.
    template <class Change>
    Inputs each(Change&& change) const {
        const auto of = [&](const Tensor& x) { return x.defined() ? change(x) : Tensor(); };
        return {.frames = of(frames), .boxes = of(boxes), .joints = of(joints)};
    }
};

}  // namespace mdn
