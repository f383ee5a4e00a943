#include "train/output/journey_report.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "train/evaluate.h"
#include "train/output/format.h"

namespace mdn {

namespace {

/// `text` and spaces up to `width` characters, which UTF-8 writes in one byte or more.
std::string padded(const std::string& text, int64_t width) {
    const int64_t characters = std::count_if(
        text.begin(), text.end(), [](unsigned char byte) { return (byte & 0xC0) != 0x80; });
    return text + std::string(static_cast<size_t>(std::max<int64_t>(width - characters, 0)), ' ');
}

std::string row(const std::string& stage, const std::string& symbol, const std::string& section,
                const std::string& shape) {
    return padded(stage, 21) + padded(symbol, 15) + padded(section, 3) + padded(shape, 21);
}

}  // namespace

std::string journey_table(const std::vector<JourneyStage>& stages) {
    std::string text = row("stage", "symbol", "§", "shape");
    text += format("%10s%10s%10s%10s\n", "mean", "spread", "min", "max");
    for (const JourneyStage& stage : stages) {
        text += row(stage.stage, stage.symbol, stage.section, to_string(stage.shape));
        if (stage.not_finite < element_count(stage.shape))
            text += format("%10.3g%10.3g%10.3g%10.3g", stage.mean, stage.spread, stage.least,
                           stage.most);
        text += "\n";
        if (stage.not_finite > 0)
            text += format("  warning: %lld of these elements are not finite numbers\n",
                           static_cast<long long>(stage.not_finite));
    }
    return text;
}

std::string routing_text(const Tensor& alpha, const std::vector<std::string>& entities) {
    const int64_t clips = alpha.dim(0), count = alpha.dim(1);
    size_t width = 6;
    for (const std::string& entity : entities) width = std::max(width, entity.size());
    std::string text = format("%-*s  α_st   α_ts", static_cast<int>(width), "entity");
    text += clips > 1 ? format("   (mean over %lld clips)\n", static_cast<long long>(clips)) : "\n";
    for (int64_t k = 0; k < count; ++k) {
        double st = 0, ts = 0;
        for (int64_t b = 0; b < clips; ++b) {
            const float* const pair = alpha.data<float>() + (b * count + k) * 2;
            st += pair[0] / static_cast<double>(clips);
            ts += pair[1] / static_cast<double>(clips);
        }
        text += format("%-*s  %5.3f  %5.3f\n", static_cast<int>(width),
                       entities[static_cast<size_t>(k)].c_str(), st, ts);
    }
    return text;
}

std::string answer_text(const Tensor& logits, const Tensor& labels,
                        const std::vector<std::string>& names) {
    const int64_t clips = logits.dim(0), classes = logits.dim(1);
    const auto name = [&](int64_t c) {
        const std::string number = std::to_string(c);
        return c < std::ssize(names) ? number + " " + names[static_cast<size_t>(c)] : number;
    };
    std::string text;
    for (int64_t b = 0; b < clips; ++b) {
        if (clips > 1) text += format("clip %lld\n", static_cast<long long>(b));
        if (labels.defined() && labels.data<int64_t>()[b] >= 0)
            text += "labelled " + name(labels.data<int64_t>()[b]) + "\n";
        const float* const scores = logits.data<float>() + b * classes;
        if (!std::all_of(scores, scores + classes, [](float x) { return std::isfinite(x); })) {
            text += "its logits are not all finite numbers: no class can be told\n";
            continue;
        }
        const std::vector<double> probability = probabilities_of(scores, classes);
        std::vector<int64_t> order(static_cast<size_t>(classes));
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t c) {
            return probability[static_cast<size_t>(a)] > probability[static_cast<size_t>(c)];
        });
        order.resize(static_cast<size_t>(std::min<int64_t>(classes, 5)));
        for (const int64_t c : order)
            text +=
                format("%7.2f %%  ", 100 * probability[static_cast<size_t>(c)]) + name(c) + "\n";
    }
    return text;
}

}  // namespace mdn
