#include "train/output/report.h"

#include <algorithm>

#include "train/output/format.h"

namespace mdn {

namespace {

constexpr int cell = 22;          // pixels, side of a square
constexpr int label_width = 200;  // room for class names to the left
constexpr int head_height = 150;  // room for slanted names above

std::string escaped(const std::string& text) {
    std::string result;
    for (char c : text) {
        if (c == '&')
            result.append("&amp;");
        else if (c == '<')
            result.append("&lt;");
        else if (c == '>')
            result.append("&gt;");
        else if (c == '"')
            result.append("&quot;");
        else
            result.push_back(c);
    }
    return result;
}

/// From white (0) to a colour (1).
std::string tint(double strength, int r, int g, int b) {
    const auto mix = [&](int channel) {
        return 255 - static_cast<int>(strength * (255 - channel) + 0.5);
    };
    return format("rgb(%d,%d,%d)", mix(r), mix(g), mix(b));
}

/// Blue where the ST path weighs more, orange where the TS path does, white where both weigh ½.
std::string routing_colour(double alpha_st) {
    return alpha_st >= 0.5 ? tint(2 * alpha_st - 1, 31, 119, 180)
                           : tint(1 - 2 * alpha_st, 230, 120, 20);
}

std::string square(int column, int row, const std::string& colour, const std::string& tip,
                   const std::string& text) {
    const int x = label_width + column * cell, y = head_height + row * cell;
    std::string svg =
        format("<g><rect x='%d' y='%d' width='%d' height='%d' fill='%s' stroke='#ddd'/>", x, y,
               cell, cell, colour.c_str());
    svg.append("<title>").append(escaped(tip)).append("</title>");
    if (!text.empty())
        svg += format("<text x='%d' y='%d' class='n'>", x + cell / 2, y + cell / 2 + 4) + text +
               "</text>";
    return svg + "</g>\n";
}

/// An empty grid with its names; squares follow, then "</svg>".
std::string grid(const std::vector<std::string>& rows, const std::vector<std::string>& columns) {
    const auto width = static_cast<int>(columns.size()) * cell + label_width + head_height;
    const auto height = static_cast<int>(rows.size()) * cell + head_height + 2;
    std::string svg =
        format("<svg width='%d' height='%d' viewBox='0 0 %d %d'>\n", width, height, width, height);
    for (size_t i = 0; i < rows.size(); ++i)
        svg += format("<text x='%d' y='%d' text-anchor='end'>", label_width - 6,
                      head_height + static_cast<int>(i) * cell + cell / 2 + 4) +
               escaped(rows[i]) + "</text>\n";
    for (size_t i = 0; i < columns.size(); ++i) {
        const int x = label_width + static_cast<int>(i) * cell + cell / 2 + 4, y = head_height - 6;
        svg += format("<text x='%d' y='%d' transform='rotate(-45 %d %d)'>", x, y, x, y) +
               escaped(columns[i]) + "</text>\n";
    }
    return svg;
}

std::vector<std::string> class_names(const Metrics& metrics) {
    std::vector<std::string> names;
    for (const ClassMetrics& c : metrics.classes) names.push_back(c.name);
    return names;
}

std::string rates(const Metrics& m) {
    std::string rows =
        format("<tr><th>action</th><td>%.2f</td><td>%.2f</td><td>%.2f</td><td>%.2f</td></tr>\n",
               m.top1, m.top5, m.action.macro, m.action.micro);
    if (m.has_body)
        rows += format("<tr><th>body</th><td>%.2f</td><td></td><td>%.2f</td><td>%.2f</td></tr>\n",
                       m.body_top1, m.body.macro, m.body.micro);
    const std::string mean =
        m.has_body ? format("<p>F1mean %.2f: the mean of the four F1 scores.</p>\n", m.f1_mean)
                   : "";
    return "<table><tr><th></th><th>Top-1</th><th>Top-5</th><th>F1 macro</th><th>F1 micro</th></tr>"
           "\n" +
           rows + "</table>\n" + mean;
}

/// Entities by classes, the last row being all clips.
std::string routing(const Metrics& m, const std::vector<std::string>& entities) {
    std::vector<std::string> rows = class_names(m);
    rows.push_back("all clips");
    std::string svg = grid(rows, entities);
    for (size_t r = 0; r < rows.size(); ++r) {
        const auto& alpha = r < m.classes.size() ? m.classes[r].alpha_st : m.alpha_st;
        for (size_t k = 0; k < alpha.size(); ++k)
            svg += square(static_cast<int>(k), static_cast<int>(r), routing_colour(alpha[k]),
                          rows[r] + ", " + entities[k] + format(": ST %.3f, TS ", alpha[k]) +
                              format("%.3f", 1 - alpha[k]),
                          format("%.0f", 100 * alpha[k]));
    }
    return "<h2>Which path each body part chose</h2>\n<p>Mean weight of the ST path in percent. "
           "Blue: "
           "the ST path (the body first, then time). Orange: the TS path (time first).</p>\n" +
           svg + "</svg>\n";
}

std::string confusion(const Metrics& m) {
    const std::vector<std::string> names = class_names(m);
    std::string svg = grid(names, names);
    for (size_t t = 0; t < names.size(); ++t)
        for (size_t p = 0; p < names.size(); ++p) {
            const int64_t count = m.confusion[t][p];
            const double share = static_cast<double>(count) /
                                 static_cast<double>(std::max<int64_t>(m.classes[t].clips, 1));
            const std::string colour = t == p ? tint(share, 44, 140, 60) : tint(share, 200, 40, 40);
            svg += square(static_cast<int>(p), static_cast<int>(t), colour,
                          names[t] + " taken for " + names[p] + ": " + std::to_string(count),
                          count > 0 ? std::to_string(count) : "");
        }
    return "<h2>Confusion</h2>\n<p>Numbers of clips. Each row is a true class, each column a "
           "predicted one.</p>\n" +
           svg + "</svg>\n";
}

}  // namespace

std::string report_html(const Metrics& metrics, const std::vector<std::string>& entities,
                        const std::string& title) {
    std::string html =
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>" + escaped(title) +
        "</title>\n<style>body{font:14px sans-serif;margin:2em;color:#222;background:#fff}"
        "svg text{font:12px sans-serif;fill:#222}svg text.n{font-size:10px;text-anchor:middle}"
        "td,th{padding:.2em .8em;text-align:right}</style></head>\n<body><h1>" +
        escaped(title) + "</h1>\n<p>" + std::to_string(metrics.clips) + " clips" +
        format(", loss %.4f; rates in percent.</p>\n", metrics.loss) + rates(metrics);
    if (!metrics.alpha_st.empty()) html += routing(metrics, entities);
    return html + confusion(metrics) + "</body></html>\n";
}

}  // namespace mdn
