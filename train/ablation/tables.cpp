#include "train/ablation/tables.h"

#include <algorithm>

#include "train/output/format.h"
#include "train/version.h"

namespace mdn {

namespace {

using Json = nlohmann::ordered_json;
using Cells = std::vector<std::string>;

/// How many columns a UTF-8 text takes, as far as one character takes one.
size_t width_of(const std::string& text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
    }));
}

/// A table in Markdown whose columns are aligned: the first `left` to the left, the others right.
std::string table(const std::vector<Cells>& rows, size_t left) {
    std::vector<size_t> widths(rows.front().size(), 3);
    for (const Cells& row : rows)
        for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width_of(row[c]));
    std::string text;
    for (const Cells& row : rows) {
        for (size_t c = 0; c < row.size(); ++c) {
            const std::string blanks(widths[c] - width_of(row[c]), ' ');
            text.append("| ").append(c < left ? row[c] + blanks : blanks + row[c]).append(" ");
        }
        text += "|\n";
        if (&row != &rows.front()) continue;
        for (size_t c = 0; c < row.size(); ++c)
            text.append("|")
                .append(c < left ? ":" : "-")
                .append(std::string(widths[c], '-'))
                .append(c < left ? "-" : ":");
        text += "|\n";
    }
    return text;
}

/// A name in a cell of a table.
std::string cell(const std::string& name) {
    std::string text;
    for (const char byte : name) text.append(byte == '|' ? "\\" : "").push_back(byte);
    return text;
}

std::string rate(double x) { return format("%.2f", x); }
std::string points(double x) { return format("%+.2f", x); }
std::string range(double low, double high, std::string (*text)(double)) {
    return text(low) + " to " + text(high);
}

std::string deviation(const OverSeeds& over) {
    return over.deviation ? rate(*over.deviation) : "?";
}

std::string pair_name(const AblationAnswers& answers, size_t row, size_t other) {
    return answers.rows[row].title + " minus " + answers.rows[other].title;
}

std::string seeds_text(const std::vector<int64_t>& seeds) {
    std::string text = seeds.size() == 1 ? "seed " : "seeds ";
    for (size_t i = 0; i < seeds.size(); ++i)
        text.append(i == 0 ? "" : ", ").append(std::to_string(seeds[i]));
    return text;
}

double published_of(const AblationRow& row, Published whose) {
    return whose == Published::ma52 ? row.ma52_top1 : row.imigue_top1;
}

std::string rows_table(const AblationAnswers& answers, const AblationResult& result,
                       const AblationOrigin& origin) {
    const bool body = result.rates.front().f1_mean.has_value();
    std::vector<Cells> rows = {
        {"row", "Top-1", "deviation", "lowest to highest", "F1 macro", "deviation"}};
    if (body) rows[0].insert(rows[0].end(), {"F1mean", "deviation"});
    if (origin.published != Published::none)
        rows[0].push_back(origin.published == Published::ma52 ? "paper, MA-52" : "paper, iMiGUE");
    for (size_t r = 0; r < answers.rows.size(); ++r) {
        const RowRates& rates = result.rates[r];
        Cells& row = rows.emplace_back();
        row = {answers.rows[r].title,     rate(rates.top1.mean),
               deviation(rates.top1),     range(rates.top1.low, rates.top1.high, rate),
               rate(rates.f1_macro.mean), deviation(rates.f1_macro)};
        if (body) row.insert(row.end(), {rate(rates.f1_mean->mean), deviation(*rates.f1_mean)});
        if (origin.published != Published::none)
            row.push_back(rate(published_of(answers.rows[r], origin.published)));
    }
    return table(rows, 1);
}

/// What the rows of the table have for themselves, a line for each row; empty of none.
std::string row_settings_text(const AblationAnswers& answers, const AblationOrigin& origin) {
    std::string text;
    for (const AblationRow& row : answers.rows) {
        const auto own = origin.row_settings.find(row.name);
        if (own == origin.row_settings.end()) continue;
        std::string values;
        for (const auto& [name, value] : own->second)
            values.append(values.empty() ? "" : ", ")
                .append("--" + name + " " + value + " (not " + origin.settings.at(name) + ")");
        text.append("- " + row.title + " was trained with " + values + ".\n");
    }
    return text.empty() ? "" : "\n" + text;
}

std::string differences_table(const AblationAnswers& answers, const AblationResult& result) {
    std::vector<Cells> rows = {{"difference of Top-1", "mean", "of each seed", "same sign",
                                "95 %: other clips", "95 %: other clips and seeds"}};
    for (const RowDifference& difference : result.differences) {
        std::string each;
        for (const double x : difference.points.values)
            each.append(each.empty() ? "" : " ").append(points(x));
        rows.push_back({pair_name(answers, difference.row, difference.other),
                        points(difference.points.mean), each,
                        format("%lld of %zu", static_cast<long long>(difference.same_sign),
                               answers.seeds.size()),
                        range(difference.clips.low, difference.clips.high, points),
                        difference.clips_and_seeds ? range(difference.clips_and_seeds->low,
                                                           difference.clips_and_seeds->high, points)
                                                   : "?"});
    }
    return table(rows, 1);
}

std::string classes_table(const AblationAnswers& answers, const AblationResult& result) {
    const bool compared = answers.rows.size() > 1;
    std::vector<Cells> rows = {{"class", "clips"}};
    for (const AblationRow& row : answers.rows) rows[0].push_back(row.title);
    if (compared)
        rows[0].insert(rows[0].end(),
                       {pair_name(answers, answers.rows.size() - 1, 0), "lowest to highest"});
    for (const ClassRecall& of_class : result.classes) {
        Cells& row = rows.emplace_back();
        row = {cell(answers.classes.names[static_cast<size_t>(of_class.index)]),
               std::to_string(of_class.clips)};
        for (const double recall : of_class.recall) row.push_back(rate(recall));
        if (compared)
            row.insert(row.end(),
                       {points(of_class.difference.mean),
                        range(of_class.difference.low, of_class.difference.high, points)});
    }
    return table(rows, 1);
}

Json json_of(const OverSeeds& over) {
    return {{"mean", over.mean},
            {"deviation", over.deviation ? Json(*over.deviation) : Json()},
            {"lowest", over.low},
            {"highest", over.high},
            {"of_seeds", over.values}};
}

Json json_of(const Interval& interval) { return Json{interval.low, interval.high}; }

}  // namespace

std::string ablation_markdown(const AblationAnswers& answers, const AblationResult& result,
                              const AblationOrigin& origin) {
    const size_t seeds = answers.seeds.size();
    std::string text = "# Ablation\n\n";
    text +=
        format("%s on %s, %s: %zu clips. %zu %s, each with %s.\n\n", origin.model.c_str(),
               origin.data.c_str(), origin.split.c_str(), answers.truth.size(), answers.rows.size(),
               answers.rows.size() == 1 ? "row" : "rows", seeds_text(answers.seeds).c_str());
    text += rows_table(answers, result, origin);
    text += row_settings_text(answers, origin);
    text +=
        seeds == 1
            ? "\nIn percent. One seed was trained, so no spread is known: another seed may "
              "change any figure\nand any difference.\n"
            : format("\nIn percent, mean over %zu seeds with their standard deviation.\n", seeds);
    if (!result.differences.empty()) {
        text.append("\n").append(differences_table(answers, result));
        text +=
            "\nIn points. Both rows of a pair answered the same clips, and share order, "
            "augmentation and the\nbackbone's first values where they share a seed. Interval for "
            "other clips: of these seeds. For other\nclips and seeds: ";
        text += seeds == 1
                    ? "not known from one seed.\n"
                    : format(
                          "Student's t of %zu differences beside the clips. Seeds are few, so "
                          "it is wide.\n",
                          seeds);
    }
    text.append("\n").append(classes_table(answers, result));
    text += seeds == 1 ? "\nRecall in percent.\n" : "\nRecall in percent, mean over seeds.\n";
    if (answers.rows.size() > 1)
        text += "Differences in points; their range is that of the seeds.\n";
    return text;
}

Json ablation_json(const AblationAnswers& answers, const AblationResult& result,
                   const AblationOrigin& origin) {
    Json json = {{"program", std::string("microdualnet ") + program_version},
                 {"model", origin.model},
                 {"data", origin.data},
                 {"split", origin.split},
                 {"clips", answers.truth.size()},
                 {"seeds", answers.seeds},
                 {"settings", origin.settings},
                 {"rows", Json::array()},
                 {"differences", Json::array()},
                 {"classes", Json::array()}};
    for (size_t r = 0; r < answers.rows.size(); ++r) {
        const AblationRow& row = answers.rows[r];
        Json entry = {{"name", row.name},
                      {"title", row.title},
                      {"top1", json_of(result.rates[r].top1)},
                      {"f1_macro", json_of(result.rates[r].f1_macro)}};
        if (result.rates[r].f1_mean) entry["f1_mean"] = json_of(*result.rates[r].f1_mean);
        if (const auto own = origin.row_settings.find(row.name); own != origin.row_settings.end())
            entry["settings"] = own->second;
        if (origin.published != Published::none)
            entry["published_top1"] = published_of(row, origin.published);
        json["rows"].push_back(entry);
    }
    for (const RowDifference& difference : result.differences)
        json["differences"].push_back(
            {{"row", answers.rows[difference.row].name},
             {"minus", answers.rows[difference.other].name},
             {"top1", json_of(difference.points)},
             {"same_sign", difference.same_sign},
             {"interval_clips", json_of(difference.clips)},
             {"interval_clips_and_seeds",
              difference.clips_and_seeds ? json_of(*difference.clips_and_seeds) : Json()}});
    for (const ClassRecall& of_class : result.classes) {
        Json entry = {{"name", answers.classes.names[static_cast<size_t>(of_class.index)]},
                      {"clips", of_class.clips},
                      {"recall", of_class.recall}};
        if (!of_class.difference.values.empty()) entry["difference"] = json_of(of_class.difference);
        json["classes"].push_back(entry);
    }
    return json;
}

}  // namespace mdn
