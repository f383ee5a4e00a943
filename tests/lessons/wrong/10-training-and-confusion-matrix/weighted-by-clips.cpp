// Task 4 says: f1_macro is
// Each class counts as often as it has clips.
#define scored right_scored
#include "tests/lessons/solutions/10-training-and-confusion-matrix.cpp"
#undef scored

namespace mdn::lesson {

Scores scored(const std::vector<int64_t>& truth, const std::vector<int64_t>& predicted,
              int64_t classes) {
    Scores scores = right_scored(truth, predicted, classes);
    const auto count = [&](int64_t t, int64_t p) {
        return static_cast<double>(scores.confusion.data<int64_t>()[t * classes + p]);
    };

    scores.f1_macro = 0;
    for (int64_t c = 0; c < classes; ++c) {
        double clips = 0, answers = 0;
        for (int64_t j = 0; j < classes; ++j) {
            clips += count(c, j);
            answers += count(j, c);
        }
        if (clips + answers > 0)
            scores.f1_macro +=
                200 * count(c, c) / (clips + answers) * clips / static_cast<double>(truth.size());
    }
    return scores;
}

}  // namespace mdn::lesson
