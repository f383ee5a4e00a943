#include "train/report/rates.h"

#include <algorithm>
#include <numeric>

namespace mdn {

namespace {

/// Counts per class, for F1 in one pass over the clips.
struct Counts {
    std::vector<int64_t> correct, present, predicted;

    explicit Counts(int64_t classes) : correct(classes), present(classes), predicted(classes) {}
    void add(int64_t truth, int64_t guess, int64_t times) {
        present[truth] += times;
        predicted[guess] += times;
        if (truth == guess) correct[truth] += times;
    }
    F1 f1() const {
        F1 scores;
        int64_t met = 0;
        for (size_t c = 0; c < correct.size(); ++c) {
            scores.macro += percent(2 * correct[c], present[c] + predicted[c]);
            met += present[c] + predicted[c] > 0;
        }
        scores.macro /= static_cast<double>(std::max<int64_t>(met, 1));
        scores.micro = percent(std::accumulate(correct.begin(), correct.end(), int64_t{0}),
                               std::accumulate(present.begin(), present.end(), int64_t{0}));
        return scores;
    }
};

int64_t count_of(const std::vector<int64_t>& body_of) {
    return body_of.empty() ? 0 : 1 + *std::max_element(body_of.begin(), body_of.end());
}

/// The rates of a sample, in the order of `names_of`.
std::vector<double> rates_of(const std::vector<Answer>& answers, const std::vector<int64_t>& times,
                             int64_t classes, const RateOptions& options) {
    const std::vector<int64_t>& body_of = options.body_of;
    Counts actions(classes), bodies(count_of(body_of));
    int64_t in_top5 = 0, clips = 0;
    for (size_t i = 0; i < answers.size(); ++i) {
        const auto& [truth, predicted, top5] = answers[i];
        actions.add(truth, predicted, times[i]);
        if (!body_of.empty()) bodies.add(body_of[truth], body_of[predicted], times[i]);
        in_top5 += top5 * times[i];
        clips += times[i];
    }
    const F1 action = actions.f1(), body = bodies.f1();
    std::vector<double> rates = {action.micro};
    if (options.top5) rates.push_back(percent(in_top5, clips));
    rates.push_back(action.macro);
    if (!body_of.empty()) rates.insert(rates.end(), {body.micro, f1_mean(action, body)});
    return rates;
}

std::vector<std::string> names_of(const RateOptions& options) {
    std::vector<std::string> names = {"Top-1"};
    if (options.top5) names.push_back("Top-5");
    names.push_back("F1 macro");
    if (!options.body_of.empty()) names.insert(names.end(), {"body Top-1", "F1mean"});
    return names;
}

/// Each clip answered with the most frequent class; its five best are the five most frequent.
std::vector<Answer> most_frequent(const std::vector<Answer>& answers, int64_t classes) {
    std::vector<double> frequency(static_cast<size_t>(classes));
    for (const Answer& answer : answers) ++frequency[answer.truth];
    const std::vector<int64_t> top = top_classes(frequency, 5);
    std::vector<Answer> constant;
    for (const Answer& answer : answers)
        constant.push_back({answer.truth, top.front(),
                            std::find(top.begin(), top.end(), answer.truth) != top.end()});
    return constant;
}

/// Of a class drawn evenly, where that is simple.
std::optional<double> chance_of(const std::string& rate, const std::vector<Answer>& answers,
                                int64_t classes, const std::vector<int64_t>& body_of) {
    if (rate == "Top-1") return percent(1, classes);
    if (rate == "Top-5") return percent(std::min<int64_t>(5, classes), classes);
    if (rate != "body Top-1") return std::nullopt;
    // Of the actions, those of the clip's body-level class are right.
    double sum = 0;
    for (const Answer& answer : answers)
        sum += percent(std::count(body_of.begin(), body_of.end(), body_of[answer.truth]), classes);
    return sum / static_cast<double>(answers.size());
}

}  // namespace

std::vector<Answer> answers_of(const std::vector<ClipPrediction>& predictions) {
    std::vector<Answer> answers;
    for (const ClipPrediction& clip : predictions) {
        const std::vector<int64_t> top = top_classes(clip.probabilities, 5);
        answers.push_back(
            {clip.label, top.front(), std::find(top.begin(), top.end(), clip.label) != top.end()});
    }
    return answers;
}

std::vector<Rate> rates_with_intervals(const std::vector<Answer>& answers, int64_t classes,
                                       const RateOptions& options) {
    const std::vector<int64_t> once(answers.size(), 1);
    const std::vector<double> values = rates_of(answers, once, classes, options);
    const std::vector<double> frequent =
        rates_of(most_frequent(answers, classes), once, classes, options);
    const std::vector<Interval> intervals =
        bootstrap(std::ssize(answers), [&](const std::vector<int64_t>& times) {
            return rates_of(answers, times, classes, options);
        });
    std::vector<Rate> rates;
    for (const std::string& name : names_of(options)) {
        const size_t i = rates.size();
        const std::optional<double> chance = chance_of(name, answers, classes, options.body_of);
        // The F1 rates are no shares of the clips, and what chance always reaches is sure.
        const bool share = chance && *chance < 100;
        rates.push_back(
            {name, values[i],
             share ? share_interval(intervals[i], values[i], std::ssize(answers)) : intervals[i],
             chance, frequent[i]});
    }
    return rates;
}

}  // namespace mdn
