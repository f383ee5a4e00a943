#include "train/output/evaluation_output.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/formats/list_file.h"
#include "train/output/format.h"

namespace mdn {

namespace {

using Json = nlohmann::ordered_json;

Json by_entity(const std::vector<double>& alpha, const std::vector<std::string>& entities) {
    if (alpha.empty()) return nullptr;
    Json object = Json::object();
    for (size_t k = 0; k < alpha.size(); ++k) object[entities[k]] = alpha[k];
    return object;
}

}  // namespace

std::string metrics_table(const Metrics& m, const std::vector<std::string>& entities) {
    std::string text =
        format("%lld clips, loss %.4f\n", static_cast<long long>(m.clips), m.loss) +
        format("action  Top-1 %6.2f %%   Top-5 %6.2f %%   F1 macro %6.2f   F1 micro %6.2f\n",
               m.top1, m.top5, m.action.macro, m.action.micro);
    if (m.has_body)
        text +=
            format("body    Top-1 %6.2f %%                    F1 macro %6.2f   F1 micro %6.2f\n",
                   m.body_top1, m.body.macro, m.body.micro) +
            format("F1mean  %.2f\n", m.f1_mean);

    size_t width = 5;
    for (const ClassMetrics& c : m.classes) width = std::max(width, c.name.size());
    const bool routed = !m.alpha_st.empty();
    const auto alphas = [&](const std::vector<double>& alpha) {
        std::string row;
        for (size_t k = 0; k < entities.size(); ++k)
            row += alpha.empty() ? format("  %10s", "-") : format("  %10.3f", alpha[k]);
        return row;
    };
    text += format("\n%-*s  %6s  %9s  %6s  %6s", static_cast<int>(width), "class", "clips",
                   "precision", "recall", "F1");
    if (routed)
        for (const std::string& entity : entities) text += format("  %10s", entity.c_str());
    text += routed ? "   (weight of the ST path)\n" : "\n";
    for (const ClassMetrics& c : m.classes) {
        text += format("%-*s  %6lld  %9.2f  %6.2f  %6.2f", static_cast<int>(width), c.name.c_str(),
                       static_cast<long long>(c.clips), c.precision, c.recall, c.f1);
        if (routed) text += alphas(c.alpha_st);
        text += "\n";
    }
    if (routed)
        text += format("%-*s  %6lld  %9s  %6s  %6s", static_cast<int>(width), "all",
                       static_cast<long long>(m.clips), "", "", "") +
                alphas(m.alpha_st) + "\n";
    return text;
}

std::string metrics_json(const Metrics& m, const std::vector<std::string>& entities) {
    Json root = {{"clips", m.clips},
                 {"loss", m.loss},
                 {"action",
                  {{"top1", m.top1},
                   {"top5", m.top5},
                   {"f1_macro", m.action.macro},
                   {"f1_micro", m.action.micro}}}};
    if (m.has_body) {
        root["body"] = {
            {"top1", m.body_top1}, {"f1_macro", m.body.macro}, {"f1_micro", m.body.micro}};
        root["f1_mean"] = m.f1_mean;
    }
    if (!m.alpha_st.empty()) root["alpha_st"] = by_entity(m.alpha_st, entities);
    root["classes"] = Json::array();
    for (const ClassMetrics& c : m.classes) {
        Json entry = {{"name", c.name},
                      {"clips", c.clips},
                      {"predicted", c.predicted},
                      {"correct", c.correct},
                      {"precision", c.precision},
                      {"recall", c.recall},
                      {"f1", c.f1}};
        if (!m.alpha_st.empty()) entry["alpha_st"] = by_entity(c.alpha_st, entities);
        root["classes"].push_back(entry);
    }
    root["confusion"] = m.confusion;
    return root.dump(2) + "\n";
}

std::string confusion_csv(const Metrics& m) {
    std::string text = "truth";
    for (const ClassMetrics& c : m.classes) text.append(",").append(csv_field(c.name));
    text += "\n";
    for (size_t t = 0; t < m.classes.size(); ++t) {
        text += csv_field(m.classes[t].name);
        for (int64_t count : m.confusion[t]) text.append(",").append(std::to_string(count));
        text += "\n";
    }
    return text;
}

}  // namespace mdn
