// What the exercise of lesson 7 and its checks share.
#pragma once

#include "engine/tensor.h"

namespace mdn::lesson {

struct AttentionGradients {
    Tensor q, k, v;
};

}  // namespace mdn::lesson
