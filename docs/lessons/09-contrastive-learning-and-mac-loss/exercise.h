// What the exercise of lesson 9 and its checks share.
#pragma once

#include "engine/tensor.h"

namespace mdn::lesson {

struct MacLoss {
    Tensor loss;      // [1]
    Tensor gradient;  // [N,N]: of the loss, with respect to the cosines
};

}  // namespace mdn::lesson
