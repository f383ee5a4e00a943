// Lesson 10, training and the confusion matrix. Replace each not_done(…) by your code;
// `make lesson N=10` checks it. Write the loops: the engine's loss, optimizer and schedule are
// refused.
#include "docs/lessons/10-training-and-confusion-matrix/exercise.h"

#include <vector>

#include "docs/lessons/harness/exercise.h"

namespace mdn::lesson {

// Task 1. The cross-entropy of a batch, and its gradient:
//   loss = 1/N · Σ_n −log p[n, label[n]]        p[n,c] = exp(x[n,c]) / Σ_j exp(x[n,j])
// It must be finite for logits of a thousand.
//
//   logits   x [N,C], f32 or f64
//   labels   i64 [N], each 0 … C−1
//   returns  the loss [1] and ∂loss/∂x [N,C], of the dtype of the logits
CrossEntropy cross_entropy(const Tensor& logits, const Tensor& labels) { not_done(logits, labels); }

// Task 2. One update of AdamW (the page has the five lines).
//
//   parameter   its value, both moments and the count of updates change; the tensors keep their
//               memory (a Tensor is a handle: write into the elements)
//   gradient    of the shape and dtype of parameter.value, f32 or f64; it keeps its values
void adamw_step(Trained& parameter, const Tensor& gradient, const AdamW& options) {
    not_done(parameter, gradient, options);
}

// Task 3. The learning rate of an update: it rises in even steps to `base` within the first
// warmup_steps updates, falls along half a cosine, and is `floor` from total_steps on.
//
//   step      0, 1, …; may be total_steps or more
//   schedule  0 ≤ warmup_steps ≤ total_steps
double rate_at(const WarmupCosine& schedule, int64_t step) { not_done(schedule, step); }

// Task 4. What a model got right and what it took for what.
//   confusion   [truth][prediction]: how many clips of one class were given the other
//   accuracy    per class, of its clips those that were right, in percent; 0 for a class without
//               clips
//   f1_macro    the mean of F1 = 2·TP / (2·TP + FP + FN) over the classes that are the truth or the
//               prediction of at least one clip, in percent
//   f1_micro    the same F1 from TP, FP and FN summed over all classes first, in percent
//
//   truth, predicted   one class 0 … classes−1 per clip; at least one clip
Scores scored(const std::vector<int64_t>& truth, const std::vector<int64_t>& predicted,
              int64_t classes) {
    not_done(truth, predicted, classes);
}

}  // namespace mdn::lesson
