#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <set>

#include "engine/autograd.h"
#include "tests/torch_checkpoints/fresh.h"
#include "tests/train/program.h"
#include "train/bench.h"
#include "train/graph/draw.h"
#include "train/graph/layered_layout.h"

using namespace mdn;
using namespace mdn::test;

namespace {

Config small_config(const std::string& keys = "") {
    std::string json = small_config_json;
    json.pop_back();
    return parse_config(json + (keys.empty() ? "}" : "," + keys + "}"), "test");
}

StepGraph graph_of(const Config& config, uint64_t seed = 3) {
    MicroDualNet model(config, seed);
    return record_step_graph(model, random_input(config, 2, 5));
}

const GraphBox* find_box(const Diagram& diagram, const std::string& name) {
    for (const GraphBox& box : diagram.boxes)
        if (box.name == name) return &box;
    return nullptr;
}

/// "backbone>sem": who hands something to whom.
std::set<std::string> links(const Diagram& diagram) {
    std::set<std::string> result;
    for (const GraphWire& wire : diagram.wires)
        for (const size_t to : wire.to)
            result.insert(diagram.boxes[wire.from].name + ">" + diagram.boxes[to].name);
    return result;
}

int64_t ops_of(const StepGraph& graph) {
    return std::count_if(graph.begin(), graph.end(),
                         [](const GraphValue& value) { return value.kind == ValueKind::result; });
}

int64_t count(const std::string& text, const std::string& part) {
    int64_t result = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++result;
    return result;
}

}  // namespace

TEST_SUITE("train/graph") {
    TEST_CASE("the graph has every parameter that the loss depends on, with its gradient's norm") {
        const Config config = small_config();
        MicroDualNet model(config, 3);
        const StepGraph graph = record_step_graph(model, random_input(config, 2, 5));
        std::map<std::string, double> norms;
        for (const GraphValue& value : graph)
            if (value.kind == ValueKind::parameter) norms[value.name] = value.gradient_norm;
        int64_t trained = 0;
        for (const Parameter& parameter : model.parameters().all()) {
            if (!parameter.trained()) continue;
            ++trained;
            INFO(parameter.name);
            double squares = 0;
            for (const float x : parameter.value.grad().to_vector<float>())
                squares += double{x} * x;
            REQUIRE(norms.contains(parameter.name));
            CHECK(norms.at(parameter.name) == doctest::Approx(std::sqrt(squares)));
        }
        CHECK(std::ssize(norms) == trained);
        // The loss comes last, and its gradient is 1.
        CHECK(graph.back().shape == Shape{1});
        CHECK(graph.back().gradient_norm == 1);
        for (size_t i = 0; i < graph.size(); ++i)
            for (const size_t input : graph[i].inputs) CHECK(input < i);
    }

    TEST_CASE("a tensor's gradient is that of a difference quotient") {
        // Of one element of the classifier's last bias: d loss / d bias is d loss / d logits,
        // summed over clips; the wire that leaves the classifier carries the latter.
        const Config config = small_config(R"("head_dropout":0,"dropout":0)");
        MicroDualNet model(config, 3);
        const TraceInput input = random_input(config, 2, 5);
        const Diagram diagram = collapse(record_step_graph(model, input), {});
        const NoGrad no_grad;
        const Tensor logits = model.forward(input.inputs, input.labels, {.training = true}).logits;
        double squares = 0;
        for (int64_t b = 0; b < 2; ++b) {
            double total = 0;
            for (int64_t c = 0; c < 3; ++c) total += std::exp(logits.data<float>()[3 * b + c]);
            for (int64_t c = 0; c < 3; ++c) {
                const double p = std::exp(logits.data<float>()[3 * b + c]) / total;
                const double dy = (p - (input.labels.data<int64_t>()[b] == c)) / 2;
                squares += dy * dy;
            }
        }
        bool seen = false;
        for (const GraphWire& wire : diagram.wires)
            if (diagram.boxes[wire.from].name == "classifier") {
                seen = true;
                CHECK(wire.shape == Shape{2, 3});
                CHECK(wire.gradient_norm == doctest::Approx(std::sqrt(squares)).epsilon(1e-4));
            }
        CHECK(seen);
    }

    TEST_CASE("collapsed, the modules are wired as SPEC §1 draws them") {
        const auto dual = links(collapse(graph_of(small_config()), {}));
        for (const char* link :
             {"frames>backbone", "backbone>sem", "backbone>pooling", "sem>st", "sem>ts",
              "st>router", "ts>router", "router>fusion", "st>fusion", "ts>fusion",
              "pooling>classifier", "fusion>classifier", "classifier>loss", "st>loss", "ts>loss"})
            CHECK_MESSAGE(dual.contains(link), std::string(link));
        CHECK(dual.size() == 15);
        CHECK(links(collapse(graph_of(small_config(R"("regions":"none")")), {})) ==
              std::set<std::string>{"frames>backbone", "backbone>pooling", "pooling>classifier",
                                    "classifier>loss"});
        CHECK(links(collapse(graph_of(small_config(R"("modality":"pose","paths":"ts")")), {})) ==
              std::set<std::string>{"joints>pose", "pose>ts", "ts>fusion", "fusion>classifier",
                                    "classifier>loss"});
    }

    TEST_CASE("opened or not, every op and parameter is counted once, but ops that only reshape") {
        const Config config = small_config();
        const StepGraph graph = graph_of(config);
        const MicroDualNet model(config, 3);
        const auto totals = [&](const std::set<std::string>& open) {
            int64_t ops = 0, scalars = 0;
            for (const GraphBox& box : collapse(graph, open).boxes) {
                ops += box.ops;
                scalars += box.scalars;
            }
            return std::pair(ops, scalars);
        };
        const auto reshapes = std::count_if(graph.begin(), graph.end(), [](const GraphValue& v) {
            return v.kind == ValueKind::result && v.name == "reshape";
        });
        for (const std::set<std::string>& open :
             {std::set<std::string>{}, {"st.spatial.layers.0"}, {"backbone", "loss"}}) {
            const auto seen = totals(open);
            CHECK(seen.first <= ops_of(graph));
            CHECK(seen.first >= ops_of(graph) - reshapes);
            CHECK(seen.second == model.parameters().trained_count());
        }
        const auto whole = totals(modules_of(graph));
        CHECK(whole.first == ops_of(graph) - reshapes);
        CHECK(whole.second == model.parameters().trained_count());

        const Diagram opened = collapse(graph, {"st.spatial.layers.0"});
        CHECK(find_box(opened, "st") == nullptr);
        CHECK(find_box(opened, "st.spatial") == nullptr);
        CHECK(find_box(opened, "st.temporal") != nullptr);
        CHECK(find_box(opened, "st.spatial.layers.0.norm1") != nullptr);
        REQUIRE(find_box(opened, "attention") != nullptr);
        CHECK(find_box(opened, "attention")->module == "st.spatial.layers.0");
    }

    TEST_CASE("in a layout every wire runs down, and no box meets another") {
        for (const std::string open : {"", "all", "st.spatial"}) {
            INFO(open);
            const StepGraph graph = graph_of(small_config());
            const Diagram diagram = collapse(graph, open == "all"  ? modules_of(graph)
                                                    : open.empty() ? std::set<std::string>{}
                                                                   : std::set<std::string>{open});
            std::vector<BoxSize> sizes;
            for (size_t i = 0; i < diagram.boxes.size(); ++i)
                sizes.push_back({20.0 + 37.0 * static_cast<double>(i % 5),
                                 10.0 + 7.0 * static_cast<double>(i % 3)});
            const Layout layout = lay_out(diagram, sizes);
            const auto bottom = [&](size_t i) { return layout.centres[i].y + sizes[i].height / 2; };
            const auto top = [&](size_t i) { return layout.centres[i].y - sizes[i].height / 2; };
            for (size_t w = 0; w < diagram.wires.size(); ++w)
                for (size_t r = 0; r < diagram.wires[w].to.size(); ++r) {
                    const size_t from = diagram.wires[w].from, to = diagram.wires[w].to[r];
                    CHECK(bottom(from) < top(to));
                    const auto& path = layout.paths[w][r];
                    CHECK(path.front().y == doctest::Approx(bottom(from)));
                    CHECK(path.back().y == doctest::Approx(top(to)));
                    for (size_t i = 1; i < path.size(); ++i) CHECK(path[i - 1].y <= path[i].y);
                }
            for (size_t i = 0; i < sizes.size(); ++i) {
                CHECK(layout.centres[i].x - sizes[i].width / 2 >= -1e-6);
                CHECK(layout.centres[i].x + sizes[i].width / 2 <= layout.width + 1e-6);
                CHECK(top(i) >= -1e-6);
                CHECK(bottom(i) <= layout.height + 1e-6);
                for (size_t j = 0; j < i; ++j) {
                    const bool apart = std::abs(layout.centres[i].x - layout.centres[j].x) >=
                                           (sizes[i].width + sizes[j].width) / 2 - 1e-6 ||
                                       bottom(i) < top(j) || bottom(j) < top(i);
                    CHECK(apart);
                }
            }
        }
        CHECK(lay_out({}, {}).width == 0);
    }

    TEST_CASE("two rows that cross are put in an order in which they do not") {
        Diagram diagram;
        for (const char* name : {"a", "b", "c", "d"})
            diagram.boxes.push_back({.kind = BoxKind::op, .name = name, .module = ""});
        diagram.wires = {{0, {3}, {1}, 1}, {1, {2}, {1}, 1}};
        const Layout layout = lay_out(diagram, std::vector<BoxSize>(4, {30, 20}));
        CHECK((layout.centres[0].x < layout.centres[1].x) ==
              (layout.centres[3].x < layout.centres[2].x));
    }

    TEST_CASE("the pictures hold every box and wire, and what may not stand in them is escaped") {
        const Config config = small_config();
        const StepGraph graph = graph_of(config);
        const Diagram diagram = collapse(graph, {"st"});
        int64_t arrows = 0;
        for (const GraphWire& wire : diagram.wires) arrows += std::ssize(wire.to);
        const std::string svg = diagram_svg(diagram, "a <title> & \"more\"");
        CHECK(count(svg, "class=\"name\"") == std::ssize(diagram.boxes));
        CHECK(count(svg, "marker-end=") == arrows);
        CHECK(count(svg, "<text") == count(svg, "</text>"));
        CHECK(contains(svg, {"a &lt;title&gt; &amp; &quot;more&quot;"}));
        CHECK(svg.find("nan") == std::string::npos);
        CHECK(svg.find("inf") == std::string::npos);
        CHECK(contains(svg, {"[2, 2, 2, 8]"}));
        const std::string dot = diagram_dot(diagram, "a \"title\"");
        CHECK(count(dot, " -> ") == arrows);
        CHECK(count(dot, "fillcolor=\"") == std::ssize(diagram.boxes));
        CHECK(count(dot, "subgraph") == 1);
        CHECK(contains(dot, {"subgraph \"cluster_st\"", "label=\"a \\\"title\\\"\""}));
        CHECK(count(diagram_dot(collapse(graph, {"st.spatial", "backbone"}), ""), "subgraph") == 3);
    }

    TEST_CASE("Graphviz and an XML reader take the pictures, where they are installed") {
        SmallProject project;
        const std::string dot = project.file("g.dot"), svg = project.file("g.svg");
        for (const std::string& file : {dot, svg})
            REQUIRE(microdualnet(
                        {"graph", "--config", project.config, "--open", "all", "--output", file})
                        .code == 0);
        if (std::system("dot -V >/dev/null 2>&1") == 0)
            CHECK(std::system(("dot -Tsvg '" + dot + "' -o '" + svg + ".2'").c_str()) == 0);
        else
            MESSAGE("Graphviz is not installed: not tried");
        if (python_has("xml.etree.ElementTree"))
            CHECK(std::system((python() + " -c \"import xml.etree.ElementTree as e; e.parse('" +
                               svg + "')\"")
                                  .c_str()) == 0);
    }

    TEST_CASE("the command: a table, a picture by its extension, and what it refuses") {
        SmallProject project;
        const auto graph = [&](std::vector<std::string> more) {
            std::vector<std::string> arguments = {"graph", "--config", project.config};
            arguments.insert(arguments.end(), more.begin(), more.end());
            return microdualnet(arguments);
        };
        const Ran table = graph({});
        INFO(table.err);
        REQUIRE(table.code == 0);
        CHECK(contains(table.out, {"one training step on 2 clips", "backbone", "[2, 3]"}));
        CHECK(graph({"--clips", "3"}).out.find("[3, 3]") != std::string::npos);
        const Ran clip = graph({"--dataset", project.data, "--clip", "val_1"});
        INFO(clip.err);
        CHECK(clip.code == 0);
        CHECK(contains(clip.out, {"on 1 clip,", "[1, 3]"}));
        CHECK_MISTAKE(graph({"--open", "st.spatal"}), {"no module 'st.spatal'", "'st.spatial'"});
        CHECK_MISTAKE(graph({"--open", "nothing.like.it"}), {"backbone", "loss"});
        CHECK_MISTAKE(graph({"--output", project.file("g.png")}), {"g.png", ".svg", ".dot"});
        CHECK_MISTAKE(graph({"--dataset", project.data, "--clip", "val_1", "--clips", "3"}),
                      {"--clips"});
    }
}
