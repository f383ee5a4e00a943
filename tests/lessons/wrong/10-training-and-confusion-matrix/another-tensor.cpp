// Task 2 says: parameter.value is another tensor now
// The new values go into a new tensor, which the model does not know.
#define adamw_step right_adamw_step
#include "tests/lessons/solutions/10-training-and-confusion-matrix.cpp"
#undef adamw_step

namespace mdn::lesson {

void adamw_step(Trained& parameter, const Tensor& gradient, const AdamW& options) {
    parameter.value = parameter.value.clone();
    right_adamw_step(parameter, gradient, options);
}

}  // namespace mdn::lesson
