#include "train/graph/draw.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "train/graph/layered_layout.h"
#include "train/output/format.h"

namespace mdn {

namespace {

std::string scalars_text(int64_t scalars) {
    const auto count = static_cast<double>(scalars);
    if (scalars >= 1'000'000) return format("%.1f M", count * 1e-6);
    if (scalars >= 10'000) return format("%.0f k", count * 1e-3);
    return std::to_string(scalars);
}

/// "∇ 0.0123"; empty where no gradient came back.
std::string gradient_text(double norm) { return std::isnan(norm) ? "" : format("∇ %.3g", norm); }

std::string ops_text(int64_t ops) { return std::to_string(ops) + (ops == 1 ? " op" : " ops"); }

/// What stands in a box, the name first.
std::vector<std::string> lines_of(const GraphBox& box) {
    std::vector<std::string> lines = {box.name};
    if (box.kind == BoxKind::module) lines.push_back(ops_text(box.ops));
    if (box.scalars > 0) lines.push_back(scalars_text(box.scalars) + " parameters");
    if (const std::string gradient = gradient_text(box.gradient_norm); !gradient.empty())
        lines.push_back(gradient);
    return lines;
}

std::vector<std::string> lines_of(const GraphWire& wire) {
    std::vector<std::string> lines = {to_string(wire.shape)};
    if (const std::string gradient = gradient_text(wire.gradient_norm); !gradient.empty())
        lines.push_back(gradient);
    return lines;
}

int64_t characters(const std::string& text) {
    return std::count_if(text.begin(), text.end(),
                         [](unsigned char byte) { return (byte & 0xC0) != 0x80; });
}

constexpr double font = 12, character = 7.3, line = 15, margin = 8;

double text_width(const std::vector<std::string>& lines) {
    int64_t longest = 0;
    for (const std::string& text : lines) longest = std::max(longest, characters(text));
    return static_cast<double>(longest) * character;
}

std::string escaped(const std::string& text) {
    std::string result;
    for (const char c : text)
        result += c == '&'   ? "&amp;"
                  : c == '<' ? "&lt;"
                  : c == '>' ? "&gt;"
                  : c == '"' ? "&quot;"
                             : std::string(1, c);
    return result;
}

/// Each module at the top has a colour, which all that stands in it shares. They are Paul Tol's
/// light scheme, which the colour-blind can tell apart.
const char* colour_of(const GraphBox& box) {
    constexpr std::pair<const char*, const char*> colours[] = {
        {"backbone", "#77aadd"}, {"sem", "#eedd88"},        {"pose", "#eedd88"},
        {"st", "#ee8866"},       {"ts", "#99ddff"},         {"router", "#ffaabb"},
        {"fusion", "#ffaabb"},   {"classifier", "#44bb99"}, {"loss", "#bbcc33"}};
    const std::string& path = box.kind == BoxKind::module ? box.name : box.module;
    const std::string top = path.substr(0, path.find('.'));
    for (const auto& [name, colour] : colours)
        if (top == name) return colour;
    return "#dddddd";
}

std::string text_at(double x, double y, const std::string& text, const char* style) {
    return format("<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, style) + escaped(text) +
           "</text>\n";
}

std::string curve(const std::vector<LayoutPoint>& points, double right, double down) {
    std::string path = format("M%.1f %.1f", points.front().x + right, points.front().y + down);
    for (size_t i = 1; i < points.size(); ++i) {
        const LayoutPoint from{points[i - 1].x + right, points[i - 1].y + down};
        const LayoutPoint to{points[i].x + right, points[i].y + down};
        const double halfway = (from.y + to.y) / 2;
        path +=
            format(" C%.1f %.1f %.1f %.1f %.1f %.1f", from.x, halfway, to.x, halfway, to.x, to.y);
    }
    return path;
}

/// The wires that leave each box, side by side in this order.
std::vector<std::vector<size_t>> wires_from(const Diagram& diagram, const Layout& layout) {
    std::vector<std::vector<size_t>> leaving(diagram.boxes.size());
    for (size_t w = 0; w < diagram.wires.size(); ++w) leaving[diagram.wires[w].from].push_back(w);
    const auto target = [&](size_t wire) {
        double sum = 0;
        for (const auto& path : layout.paths[wire]) sum += path[1].x;
        return sum / static_cast<double>(layout.paths[wire].size());
    };
    for (auto& wires : leaving)
        std::stable_sort(wires.begin(), wires.end(),
                         [&](size_t a, size_t b) { return target(a) < target(b); });
    return leaving;
}

}  // namespace

std::string diagram_svg(const Diagram& diagram, const std::string& title) {
    // A box is as wide as what stands in it and the tensors that leave it, side by side.
    std::vector<BoxSize> sizes;
    std::vector<double> label_width(diagram.boxes.size(), 0);
    for (const GraphWire& wire : diagram.wires)
        label_width[wire.from] += text_width(lines_of(wire)) + 16;
    // The tensors stand in a strip at the bottom, which the wires leave.
    const double strip = 2 * line + margin;
    for (size_t box = 0; box < diagram.boxes.size(); ++box) {
        const auto lines = lines_of(diagram.boxes[box]);
        sizes.push_back({std::max(text_width(lines) + 2 * margin, label_width[box]),
                         static_cast<double>(lines.size()) * line + 2 * margin +
                             (label_width[box] > 0 ? strip : 0)});
    }
    Layout layout = lay_out(diagram, sizes);

    const double left = 24, header = 62;
    const std::string legend =
        "[…]: shape of a tensor.  ∇: norm of the loss's gradient, of a box's parameters or a "
        "tensor.";
    const double width = std::max({layout.width + 2 * left, text_width({title}) * 1.35 + 2 * left,
                                   text_width({legend}) + 2 * left});
    const double right = left + (width - 2 * left - layout.width) / 2;
    const double height = layout.height + header + left;
    std::string svg = format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
        "viewBox=\"0 0 %.0f %.0f\" font-family=\"ui-monospace, DejaVu Sans Mono, Menlo, Consolas, "
        "monospace\" font-size=\"%.0f\">\n",
        width, height, width, height, font);
    svg += "<title>" + escaped(title) + "</title>\n";
    svg +=
        "<style>text{fill:#111} .box{text-anchor:middle} .name{text-anchor:middle;font-weight:700} "
        ".wire{text-anchor:middle;font-size:11px} .strip{fill:#fff;stroke-width:0.6} "
        "path{fill:none;stroke:#667;stroke-width:1.3} rect{stroke:#445;stroke-width:1}</style>\n"
        "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
        "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" "
        "style=\"fill:#667;stroke:none\"/></marker></defs>\n";
    svg += format("<rect width=\"%.0f\" height=\"%.0f\" style=\"fill:#fff;stroke:none\"/>\n", width,
                  height);
    svg += format("<text x=\"%.0f\" y=\"26\" font-size=\"16\" font-weight=\"700\">", left) +
           escaped(title) + "</text>\n";
    svg += format("<text x=\"%.0f\" y=\"46\">", left) + escaped(legend) + "</text>\n";

    std::string labels;
    const auto leaving = wires_from(diagram, layout);
    for (size_t box = 0; box < leaving.size(); ++box) {
        double x = layout.centres[box].x - label_width[box] / 2;
        for (const size_t w : leaving[box]) {
            const auto lines = lines_of(diagram.wires[w]);
            const double share = text_width(lines) + 16;
            const double port = x + share / 2;
            x += share;
            for (auto& path : layout.paths[w]) {
                path.front().x = port;
                svg +=
                    "<path marker-end=\"url(#arrow)\" d=\"" + curve(path, right, header) + "\"/>\n";
            }
            const double bottom = layout.centres[box].y + sizes[box].height / 2 + header;
            const double middle = bottom - strip / 2 - 2;
            for (size_t i = 0; i < lines.size(); ++i)
                labels += text_at(port + right,
                                  middle + line * (static_cast<double>(i) -
                                                   static_cast<double>(lines.size()) / 2 + 0.78),
                                  lines[i], "wire");
        }
    }
    for (size_t box = 0; box < diagram.boxes.size(); ++box) {
        const BoxSize& size = sizes[box];
        const double x = layout.centres[box].x + right, y = layout.centres[box].y + header;
        const bool op = diagram.boxes[box].kind == BoxKind::op;
        svg += format(
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%d\" "
            "fill=\"%s\">",
            x - size.width / 2, y - size.height / 2, size.width, size.height, op ? 14 : 4,
            colour_of(diagram.boxes[box]));
        const std::string& module = diagram.boxes[box].module;
        svg += "<title>" + escaped(module.empty() ? diagram.boxes[box].name : "in " + module) +
               "</title></rect>\n";
        if (label_width[box] > 0)
            svg += format(
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%d\" "
                "class=\"strip\"/>\n",
                x - size.width / 2 + 4, y + size.height / 2 - strip, size.width - 8, strip - 4,
                op ? 10 : 3);
        const auto lines = lines_of(diagram.boxes[box]);
        for (size_t i = 0; i < lines.size(); ++i)
            svg += text_at(x, y - size.height / 2 + margin + line * (static_cast<double>(i) + 0.8),
                           lines[i], i == 0 ? "name" : "box");
    }
    return svg + labels + "</svg>\n";
}

namespace {

std::string quoted(const std::vector<std::string>& lines) {
    std::string text = "\"";
    for (size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) text += "\\n";
        for (const char c : lines[i])
            text += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    return text + "\"";
}

/// The boxes of a module and, as clusters, of the modules in it that are open.
std::string cluster(const std::map<std::string, std::vector<std::string>>& boxes,
                    const std::string& module, const std::string& indent) {
    std::string text;
    if (const auto found = boxes.find(module); found != boxes.end())
        for (const std::string& box : found->second) text += indent + box;
    // The next module in order that stands in this one opens a cluster for all that it holds.
    const std::string prefix = module.empty() ? "" : module + ".";
    for (auto next = boxes.upper_bound(module); next != boxes.end();) {
        if (!next->first.starts_with(prefix)) break;
        const std::string child = next->first.substr(0, next->first.find('.', prefix.size()));
        text += indent + "subgraph " + quoted({"cluster_" + child}) + " {\n" + indent +
                "  label=" + quoted({child}) + "; color=\"#888888\";\n" +
                cluster(boxes, child, indent + "  ") + indent + "}\n";
        // Past all that stands in the child; '/' follows '.'.
        next = boxes.lower_bound(child + "/");
    }
    return text;
}

}  // namespace

std::string diagram_dot(const Diagram& diagram, const std::string& title) {
    std::string text = "digraph step {\n  label=" + quoted({title}) +
                       "; labelloc=t;\n"
                       "  node [shape=box, style=\"filled,rounded\", fontname=\"monospace\"];\n"
                       "  edge [fontname=\"monospace\", fontsize=10];\n";
    std::map<std::string, std::vector<std::string>> boxes;
    for (size_t box = 0; box < diagram.boxes.size(); ++box)
        boxes[diagram.boxes[box].module].push_back(
            format("b%zu [fillcolor=\"%s\", label=", box, colour_of(diagram.boxes[box])) +
            quoted(lines_of(diagram.boxes[box])) + "];\n");
    text += cluster(boxes, "", "  ");
    for (const GraphWire& wire : diagram.wires)
        for (const size_t to : wire.to)
            text +=
                format("  b%zu -> b%zu [label=", wire.from, to) + quoted(lines_of(wire)) + "];\n";
    return text + "}\n";
}

std::string diagram_text(const Diagram& diagram) {
    size_t width = 6;
    for (const GraphBox& box : diagram.boxes) width = std::max(width, box.name.size());
    std::string text = format("%-*s %6s %11s %10s   %s\n", static_cast<int>(width), "module", "ops",
                              "parameters", "gradient", "gives: shape, norm of its gradient");
    for (size_t b = 0; b < diagram.boxes.size(); ++b) {
        const GraphBox& box = diagram.boxes[b];
        std::string gives;
        for (const GraphWire& wire : diagram.wires) {
            if (wire.from != b) continue;
            if (!gives.empty()) gives += "; ";
            gives += to_string(wire.shape);
            if (!std::isnan(wire.gradient_norm)) gives += format(" %.3g", wire.gradient_norm);
        }
        text +=
            format("%-*s %6lld %11s %10s   ", static_cast<int>(width), box.name.c_str(),
                   static_cast<long long>(box.ops),
                   box.scalars > 0 ? scalars_text(box.scalars).c_str() : "",
                   std::isnan(box.gradient_norm) ? "" : format("%.3g", box.gradient_norm).c_str()) +
            gives + "\n";
    }
    return text;
}

}  // namespace mdn
