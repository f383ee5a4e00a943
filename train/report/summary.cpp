#include "train/report/summary.h"

#include <algorithm>

#include "train/output/counted.h"
#include "train/output/format.h"

namespace mdn {

namespace {

using Json = nlohmann::ordered_json;

/// With one digit behind the point; small rates, as chance is one, with two.
std::string percent_text(const Json& rate) {
    const double value = rate.get<double>();
    return format(value < 10 ? "%.2f\u00a0%%" : "%.1f\u00a0%%", value);
}

std::string listed(const std::vector<std::string>& items) {
    std::string text;
    for (size_t i = 0; i < items.size(); ++i)
        text += (i == 0 ? "" : i + 1 == items.size() ? " and " : ", ") + items[i];
    return text;
}

std::string entity_text(std::string name) {
    std::replace(name.begin(), name.end(), '_', ' ');
    return name;
}

std::string accuracy_text(const Json& evaluation) {
    const Json& top1 = evaluation["metrics"][0];
    return "The model names the right action of " + percent_text(top1["value"]) + " of " +
           counted(evaluation["rates"]["clips"].get<int64_t>(), "clip") +
           " (Top-1). So many clips tell its rate on all clips of this kind only roughly: "
           "the "
           "95\u00a0% interval reaches from " +
           percent_text(top1["low"]) + " to " + percent_text(top1["high"]) +
           ". Guessing would reach " + percent_text(top1["chance"]) +
           ", and always naming the most frequent class " + percent_text(top1["frequent"]) +
           ". The interval counts which clips were drawn, not which run: another seed, or another "
           "machine, trains another model, which may lie outside it.";
}

/// Which entities lean to which path: α of ST above 0.6, below 0.4, or between.
std::string routing_text(const Json& evaluation) {
    const Json& entities = evaluation["routing"]["entities"];
    std::vector<std::string> st, ts, between;
    for (size_t k = 0; k < entities.size(); ++k) {
        const double mean = entities[k]["mean"].get<double>();
        (mean > 0.6   ? st
         : mean < 0.4 ? ts
                      : between)
            .push_back(entity_text(evaluation["entities"][k].get<std::string>()) +
                       format(" (%.2f)", mean));
    }
    std::vector<std::string> parts;
    const auto add = [&](const std::vector<std::string>& entities, const char* what) {
        if (!entities.empty())
            parts.push_back(listed(entities) + (entities.size() == 1 ? " takes " : " take ") +
                            what);
    };
    add(st, "mostly the ST path (body first, then time)");
    add(ts, "mostly the TS path (time first, then body)");
    add(between, "both paths about equally");
    return "Which path by the router, with α in brackets, the mean weight of ST (1: ST alone, 0: "
           "TS "
           "alone): " +
           listed(parts) + ".";
}

/// Of the entities, the one whose mean α differs most between classes.
std::string dependence_text(const Json& evaluation) {
    const Json& classes = evaluation["routing"]["classes"];
    double widest = 0;
    std::string text;
    for (size_t k = 0; k < evaluation["entities"].size(); ++k) {
        size_t low = 0, high = 0;
        bool any = false;
        const auto mean = [&](size_t c) { return classes[c][k]["mean"].get<double>(); };
        for (size_t c = 0; c < classes.size(); ++c) {
            if (classes[c].is_null()) continue;
            if (!any) low = high = c;
            any = true;
            if (mean(c) < mean(low)) low = c;
            if (mean(c) > mean(high)) high = c;
        }
        if (!any || mean(high) - mean(low) <= widest) continue;
        widest = mean(high) - mean(low);
        const auto name = [&](size_t c) {
            return "“" + evaluation["rates"]["classes"][c]["name"].get<std::string>() + "”";
        };
        text = "The choice depends on the action most for the " +
               entity_text(evaluation["entities"][k].get<std::string>()) + ": from " +
               format("%.2f", mean(low)) + " of ST in " + name(low) + " to " +
               format("%.2f", mean(high)) + " in " + name(high) + ".";
    }
    return text;
}

std::string paths_text(const Json& evaluation) {
    const Json& top1 = evaluation["paths"]["top1"];
    return "When every body part must take one path, the same model gets " +
           percent_text(top1[1]["value"]) + " with ST alone and " + percent_text(top1[2]["value"]) +
           " with TS alone, against " + percent_text(top1[0]["value"]) +
           (evaluation["routing"].is_null() ? " with the mean of both"
                                            : " with the router's weights") +
           ". It was not trained to answer with one path.";
}

}  // namespace

std::vector<std::string> summary_of(const Json& evaluation) {
    std::vector<std::string> statements = {accuracy_text(evaluation)};
    if (!evaluation["routing"].is_null()) {
        statements.push_back(routing_text(evaluation));
        if (const std::string text = dependence_text(evaluation); !text.empty())
            statements.push_back(text);
    }
    if (!evaluation["paths"].is_null()) statements.push_back(paths_text(evaluation));
    if (!evaluation["confusions"].empty())
        statements.push_back("The largest confusion: " +
                             evaluation["confusions"][0]["text"].get<std::string>());
    return statements;
}

}  // namespace mdn
