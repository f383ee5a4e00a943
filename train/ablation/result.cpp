#include "train/ablation/result.h"

#include <algorithm>
#include <cmath>

#include "train/metrics.h"

namespace mdn {

namespace {

RowRates rates_of(const AblationAnswers& answers, size_t row) {
    const std::vector<int64_t>& body_of = answers.classes.body_of;
    const auto body = [&](std::vector<int64_t> classes) {
        for (int64_t& c : classes) c = body_of[c];
        return classes;
    };
    std::vector<double> top1, macro, mean;
    for (const std::vector<int64_t>& predicted : answers.predicted[row]) {
        const F1 action = f1_scores(answers.truth, predicted);
        top1.push_back(action.micro);
        macro.push_back(action.macro);
        if (!body_of.empty())
            mean.push_back(f1_mean(action, f1_scores(body(answers.truth), body(predicted))));
    }
    RowRates rates{over_seeds(top1), over_seeds(macro), std::nullopt};
    if (!mean.empty()) rates.f1_mean = over_seeds(mean);
    return rates;
}

/// Rows whose difference is told, with the row that each is compared with.
std::vector<std::pair<size_t, size_t>> pairs_of(size_t rows) {
    std::vector<std::pair<size_t, size_t>> pairs;
    for (size_t row = 1; row < rows; ++row) pairs.emplace_back(row, row - 1);
    if (rows > 2) pairs.emplace_back(rows - 1, 0);
    return pairs;
}

/// The interval of a mean over few seeds, added to that over clips.
Interval with_seeds(const Interval& clips, const OverSeeds& points) {
    const auto n = static_cast<double>(points.values.size());
    const double seeds =
        student_t(std::ssize(points.values) - 1) * *points.deviation / std::sqrt(n);
    return {points.mean - std::hypot(points.mean - clips.low, seeds),
            points.mean + std::hypot(clips.high - points.mean, seeds)};
}

std::vector<RowDifference> differences_of(const AblationAnswers& answers) {
    const auto pairs = pairs_of(answers.rows.size());
    if (pairs.empty()) return {};
    const size_t clips = answers.truth.size(), seeds = answers.seeds.size();
    std::vector<RowDifference> differences;
    // [pair][clip]: the seeds in which `row` alone is right, less those in which `other` alone is.
    std::vector<std::vector<int64_t>> gains;
    for (const auto& [row, other] : pairs) {
        std::vector<int64_t>& gain = gains.emplace_back(clips);
        std::vector<double> points;
        for (size_t seed = 0; seed < seeds; ++seed) {
            int64_t of_seed = 0;
            for (size_t i = 0; i < clips; ++i) {
                const int64_t more = (answers.predicted[row][seed][i] == answers.truth[i]) -
                                     (answers.predicted[other][seed][i] == answers.truth[i]);
                gain[i] += more;
                of_seed += more;
            }
            points.push_back(percent(of_seed, std::ssize(answers.truth)));
        }
        RowDifference& difference = differences.emplace_back();
        difference.row = row;
        difference.other = other;
        difference.points = over_seeds(points);
        for (const double x : points) difference.same_sign += x * difference.points.mean > 0;
    }
    const auto means = [&](const std::vector<int64_t>& times) {
        std::vector<double> result;
        for (const std::vector<int64_t>& gain : gains) {
            int64_t sum = 0;
            for (size_t i = 0; i < clips; ++i) sum += gain[i] * times[i];
            result.push_back(percent(sum, static_cast<int64_t>(clips * seeds)));
        }
        return result;
    };
    const std::vector<Interval> intervals = bootstrap(static_cast<int64_t>(clips), means);
    for (size_t pair = 0; pair < differences.size(); ++pair) {
        RowDifference& difference = differences[pair];
        difference.clips = intervals[pair];
        if (seeds > 1) difference.clips_and_seeds = with_seeds(difference.clips, difference.points);
    }
    return differences;
}

std::vector<ClassRecall> classes_of(const AblationAnswers& answers) {
    std::vector<ClassRecall> classes;
    for (int64_t c = 0; c < answers.classes.count(); ++c) {
        const int64_t clips = std::count(answers.truth.begin(), answers.truth.end(), c);
        if (clips == 0) continue;
        const auto recall = [&](size_t row, size_t seed) {
            int64_t correct = 0;
            for (size_t i = 0; i < answers.truth.size(); ++i)
                correct += answers.truth[i] == c && answers.predicted[row][seed][i] == c;
            return percent(correct, clips);
        };
        ClassRecall& of_class = classes.emplace_back();
        of_class.index = c;
        of_class.clips = clips;
        std::vector<double> first, last;
        for (size_t row = 0; row < answers.rows.size(); ++row) {
            last.clear();
            for (size_t seed = 0; seed < answers.seeds.size(); ++seed)
                last.push_back(recall(row, seed));
            if (row == 0) first = last;
            of_class.recall.push_back(over_seeds(last).mean);
        }
        if (answers.rows.size() < 2) continue;
        for (size_t seed = 0; seed < last.size(); ++seed) last[seed] -= first[seed];
        of_class.difference = over_seeds(last);
    }
    std::stable_sort(classes.begin(), classes.end(),
                     [](const ClassRecall& a, const ClassRecall& b) {
                         return a.difference.mean > b.difference.mean;
                     });
    return classes;
}

}  // namespace

OverSeeds over_seeds(const std::vector<double>& values) {
    OverSeeds result;
    result.values = values;
    const auto n = static_cast<double>(values.size());
    for (const double x : values) result.mean += x / n;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    result.low = *low;
    result.high = *high;
    if (values.size() < 2) return result;
    double squares = 0;
    for (const double x : values) squares += (x - result.mean) * (x - result.mean);
    result.deviation = std::sqrt(squares / (n - 1));
    return result;
}

AblationResult ablation_result(const AblationAnswers& answers) {
    AblationResult result;
    for (size_t row = 0; row < answers.rows.size(); ++row)
        result.rates.push_back(rates_of(answers, row));
    result.differences = differences_of(answers);
    result.classes = classes_of(answers);
    return result;
}

}  // namespace mdn
