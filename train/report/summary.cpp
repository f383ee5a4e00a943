#include "train/report/summary.h"

#include <algorithm>

#include "train/output/counted.h"
#include "train/output/format.h"
#include "train/report/bootstrap.h"

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

/// Of the Top-1 rate, in percent.
struct RateInterval {
    bool of_samples;  // the bootstrap's; Wilson's where all clips are right or all wrong
    double low, high;
};

RateInterval top1_interval(const Json& evaluation) {
    const Json& top1 = evaluation["metrics"][0];
    const double value = top1["value"].get<double>();
    // Older programs wrote an interval without width for 0 and 100 %.
    const Interval interval =
        share_interval({top1["low"].get<double>(), top1["high"].get<double>()}, value,
                       evaluation["rates"]["clips"].get<int64_t>());
    return {value > 0 && value < 100, interval.low, interval.high};
}

std::string accuracy_text(const Json& evaluation) {
    const Json& top1 = evaluation["metrics"][0];
    const int64_t clips = evaluation["rates"]["clips"].get<int64_t>();
    const RateInterval interval = top1_interval(evaluation);
    std::string text = "The model names the right action in " + percent_text(top1["value"]) +
                       " of " + counted(clips, "clip") + " (Top-1). Guessing would reach " +
                       percent_text(top1["chance"]) +
                       ", and always naming the most frequent class " +
                       percent_text(top1["frequent"]) + ". How sure is that? ";
    text += interval.of_samples
                ? "As many other clips of the same kind would give another rate: the 95\u00a0% "
                  "interval reaches from "
                : "Samples of these clips cannot say it, because all had one outcome; Wilson's "
                  "95\u00a0% interval reaches from ";
    text += percent_text(interval.low) + " to " + percent_text(interval.high);
    return text +
           ". Another training run is not in it: another seed, or another machine, trains another "
           "model, which may lie outside.";
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
    add(st, "mostly ST");
    add(ts, "mostly TS");
    add(between, "both about equally");
    std::string text =
        "Two paths read each body part. ST compares the body parts of a frame first, and then the "
        "moments of each; TS compares the moments first, "
        "and then the body parts. A router weighs them per clip. The mean "
        "weight of ST is in brackets (1: ST alone, 0: TS alone): ";
    for (size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : "; ") + parts[i];
    return text + ".";
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

std::string model_text(const Json& evaluation) {
    const Json config = evaluation.value("config", Json());
    if (!config.is_object()) return "";
    // A run of an older program may lack a key.
    const auto is = [&](const char* key, const char* value) {
        return config.value(key, std::string()) == value;
    };
    if (is("regions", "none"))
        return "It has no body parts and looks at the picture as a whole (a TSM network).";
    if (is("paths", "st")) return "It reads each body part on one path, ST.";
    if (is("paths", "ts")) return "It reads each body part on one path, TS.";
    return std::string("It reads each body part on two paths, ST and TS, and ") +
           (is("fusion", "mean") ? "takes the mean of both." : "a router weighs them.");
}

std::string rate_text(const Json& evaluation) {
    const RateInterval interval = top1_interval(evaluation);
    return percent_text(evaluation["metrics"][0]["value"]) + " of " +
           counted(evaluation["rates"]["clips"].get<int64_t>(), "clip") + " (Top-1; " +
           (interval.of_samples ? "" : "Wilson's ") + "95\u00a0% interval " +
           percent_text(interval.low) + " to " + percent_text(interval.high) + ")";
}

std::vector<std::string> summary_of(const Json& evaluation) {
    std::vector<std::string> statements = {accuracy_text(evaluation)};
    if (!evaluation["routing"].is_null()) {
        statements.push_back(routing_text(evaluation));
        if (const std::string text = dependence_text(evaluation); !text.empty())
            statements.push_back(text);
    } else if (const std::string text = model_text(evaluation); !text.empty()) {
        statements.push_back(text);
    }
    if (!evaluation["paths"].is_null()) statements.push_back(paths_text(evaluation));
    if (!evaluation["confusions"].empty())
        statements.push_back("The largest confusion: " +
                             evaluation["confusions"][0]["text"].get<std::string>());
    return statements;
}

}  // namespace mdn
