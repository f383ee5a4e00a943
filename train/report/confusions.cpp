#include "train/report/confusions.h"

#include <algorithm>
#include <numeric>

#include "train/output/counted.h"
#include "train/output/format.h"

namespace mdn {

namespace {

std::string quoted(const std::string& name) { return "“" + name + "”"; }

}  // namespace

std::vector<Confusion> largest_confusions(const std::vector<std::vector<int64_t>>& matrix,
                                          int64_t most) {
    std::vector<int64_t> of;
    for (const std::vector<int64_t>& row : matrix)
        of.push_back(std::accumulate(row.begin(), row.end(), int64_t{0}));
    std::vector<Confusion> confusions;
    for (int64_t truth = 0; truth < std::ssize(matrix); ++truth)
        for (int64_t given = 0; given < std::ssize(matrix); ++given)
            if (truth != given && matrix[truth][given] > 0)
                confusions.push_back({.truth = truth,
                                      .predicted = given,
                                      .clips = matrix[truth][given],
                                      .of = of[truth],
                                      .back = matrix[given][truth],
                                      .back_of = of[given]});
    // Stable: equal pairs stay in the order of their classes.
    std::stable_sort(confusions.begin(), confusions.end(),
                     [](const Confusion& a, const Confusion& b) {
                         return a.clips != b.clips ? a.clips > b.clips : a.of < b.of;
                     });
    if (std::ssize(confusions) > most) confusions.resize(most);
    return confusions;
}

void add_evidence(std::vector<Confusion>& confusions,
                  const std::vector<ClipPrediction>& predictions) {
    for (Confusion& pair : confusions) {
        pair.second = 0;
        pair.given = pair.right = 0;
        for (const ClipPrediction& clip : predictions) {
            if (clip.label != pair.truth) continue;
            const std::vector<int64_t> top = top_classes(clip.probabilities, 2);
            if (top.front() != pair.predicted) continue;
            pair.second += top[1] == clip.label;
            pair.given += clip.probabilities[pair.predicted] / static_cast<double>(pair.clips);
            pair.right += clip.probabilities[pair.truth] / static_cast<double>(pair.clips);
            if (clip.st_alone < 0) continue;
            pair.st_right = std::max<int64_t>(pair.st_right, 0) + (clip.st_alone == clip.label);
            pair.ts_right = std::max<int64_t>(pair.ts_right, 0) + (clip.ts_alone == clip.label);
        }
    }
}

std::string confusion_text(const Confusion& c, const ClassNames& names) {
    const std::string truth = quoted(names.names[c.truth]),
                      given = quoted(names.names[c.predicted]);
    std::string text = truth + " is taken for " + given + " in " + std::to_string(c.clips) +
                       " of its " + counted(c.of, "clip") +
                       format(" (%.0f\u00a0%%)", percent(c.clips, c.of));
    text += c.back > 0 ? ", and the other way round in " + std::to_string(c.back) + " of " +
                             std::to_string(c.back_of) + "."
                       : "; never the other way round.";
    if (!names.body_of.empty()) {
        const int64_t a = names.body_of[c.truth], b = names.body_of[c.predicted];
        text +=
            a == b
                ? " Both are movements of the body-level class " + quoted(names.body_names[a]) + "."
                : " They belong to different body-level classes, " + quoted(names.body_names[a]) +
                      " and " + quoted(names.body_names[b]) + ".";
    }
    if (c.second < 0) return text;
    text += format(
        " On average the model gave %.0f\u00a0%% to the wrong class and %.0f\u00a0%% to the right "
        "one",
        100 * c.given, 100 * c.right);
    text += ", which came second in " + std::to_string(c.second) + " of them.";
    if (c.st_right >= 0)
        text += " Of these clips the ST path alone gets " + std::to_string(c.st_right) +
                " right, the TS path alone " + std::to_string(c.ts_right) + ".";
    return text;
}

}  // namespace mdn
