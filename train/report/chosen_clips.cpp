#include "train/report/chosen_clips.h"

#include <algorithm>
#include <map>
#include <set>

namespace mdn {

namespace {

int64_t best_class(const ClipPrediction& clip) { return top_classes(clip.probabilities, 1)[0]; }

double best_probability(const ClipPrediction& clip) {
    return *std::max_element(clip.probabilities.begin(), clip.probabilities.end());
}

/// By how much the best class leads.
double lead(const ClipPrediction& clip) {
    const std::vector<int64_t> top = top_classes(clip.probabilities, 2);
    return clip.probabilities[top.front()] - clip.probabilities[top.back()];
}

/// Positions in the order of a value, the least first.
template <class Value>
std::vector<int64_t> ordered(std::vector<int64_t> clips, Value value) {
    std::stable_sort(clips.begin(), clips.end(),
                     [&](int64_t a, int64_t b) { return value(a) < value(b); });
    return clips;
}

std::vector<int64_t> surest_right(const std::vector<ClipPrediction>& predictions, int64_t most) {
    std::map<int64_t, int64_t> surest;  // of each class
    for (int64_t i = 0; i < std::ssize(predictions); ++i) {
        const ClipPrediction& clip = predictions[i];
        if (best_class(clip) != clip.label) continue;
        const auto [place, is_first] = surest.emplace(clip.label, i);
        if (!is_first && best_probability(clip) > best_probability(predictions[place->second]))
            place->second = i;
    }
    std::vector<int64_t> all;
    for (const auto& [label, clip] : surest) all.push_back(clip);
    const int64_t count = std::min(most, std::ssize(all));
    std::vector<int64_t> spread;
    for (int64_t i = 0; i < count; ++i) spread.push_back(all[i * std::ssize(all) / count]);
    return spread;
}

}  // namespace

std::vector<int64_t> surest_mistakes(const std::vector<ClipPrediction>& predictions, int64_t most) {
    std::vector<int64_t> wrong;
    for (int64_t i = 0; i < std::ssize(predictions); ++i)
        if (best_class(predictions[i]) != predictions[i].label) wrong.push_back(i);
    wrong = ordered(std::move(wrong), [&](int64_t i) { return -best_probability(predictions[i]); });
    if (std::ssize(wrong) > most) wrong.resize(most);
    return wrong;
}

std::vector<ChosenClip> choose_clips(const std::vector<ClipPrediction>& predictions, int64_t each) {
    std::vector<int64_t> all;
    for (int64_t i = 0; i < std::ssize(predictions); ++i) all.push_back(i);
    const std::vector<int64_t> unsure =
        ordered(std::move(all), [&](int64_t i) { return lead(predictions[i]); });
    const std::pair<const char*, std::vector<int64_t>> groups[] = {
        {"mistake", surest_mistakes(predictions, each)},
        {"right", surest_right(predictions, each)},
        {"unsure", {unsure.begin(), unsure.begin() + std::min(each, std::ssize(unsure))}}};
    std::vector<ChosenClip> chosen;
    std::set<int64_t> taken;
    for (int64_t i = 0; i < each; ++i)
        for (const auto& [group, clips] : groups)
            if (i < std::ssize(clips) && taken.insert(clips[i]).second)
                chosen.push_back({clips[i], group});
    return chosen;
}

}  // namespace mdn
