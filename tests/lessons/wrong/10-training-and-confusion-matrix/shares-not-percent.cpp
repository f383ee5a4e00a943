// Task 4 says: accuracy[
// Shares from 0 to 1 where percent were asked for.
#define scored right_scored
#include "tests/lessons/solutions/10-training-and-confusion-matrix.cpp"
#undef scored

namespace mdn::lesson {

Scores scored(const std::vector<int64_t>& truth, const std::vector<int64_t>& predicted,
              int64_t classes) {
    Scores scores = right_scored(truth, predicted, classes);

    for (int64_t c = 0; c < classes; ++c) scores.accuracy.data<double>()[c] /= 100;
    scores.f1_macro /= 100;
    scores.f1_micro /= 100;
    return scores;
}

}  // namespace mdn::lesson
