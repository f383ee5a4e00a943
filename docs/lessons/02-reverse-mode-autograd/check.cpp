// The checks of lesson 2. The backward pass is compared with the engine's own tape.
// not to be called: mdn::record
#include "docs/lessons/harness/check.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "docs/lessons/02-reverse-mode-autograd/exercise.h"
#include "engine/ops.h"

namespace mdn::lesson {

// What exercise.cpp defines.
Tensor numeric_gradient(const Loss& f, const Tensor& x);
ProductGradients product_backward(const Tensor& dy, const Tensor& a, const Tensor& b);
std::vector<int64_t> backward_order(const std::vector<std::vector<int64_t>>& inputs,
                                    int64_t result);
std::vector<Tensor> gradients_of(const std::vector<GraphNode>& graph, int64_t result,
                                 const Tensor& dy);

namespace {

Tensor normal(const Shape& shape) { return random().normal_tensor(shape, 1, DType::f64); }

// ---- Task 1: functions whose gradient is known.

/// f(x) = Σ_i c_i · sin(x_i) · x_i+1, where x_0 follows the last: every element meets another.
struct Waves {
    Tensor c;
    double operator()(const Tensor& x) const {
        expect(x.defined() && x.shape() == c.shape(),
               "f was called with " + describe(x) + ", but takes " + describe(c));
        const double *p = x.data<double>(), *factor = c.data<double>();
        double sum = 0;
        for (int64_t i = 0, n = x.numel(); i < n; ++i)
            sum += factor[i] * std::sin(p[i]) * p[(i + 1) % n];
        return sum;
    }
    Tensor gradient(const Tensor& x) const {
        const double *p = x.data<double>(), *factor = c.data<double>();
        Tensor dx = zeros_like(x);
        for (int64_t i = 0, n = x.numel(); i < n; ++i) {
            dx.data<double>()[i] += factor[i] * std::cos(p[i]) * p[(i + 1) % n];
            dx.data<double>()[(i + 1) % n] += factor[i] * std::sin(p[i]);
        }
        return dx;
    }
};

// ---- Task 2: a product with broadcasting, by its definition.

Shape product_shape(const Tensor& a, const Tensor& b) {
    Shape shape = a.shape();
    for (size_t axis = 0; axis < shape.size(); ++axis)
        shape[axis] = std::max(shape[axis], b.dim(axis));
    return shape;
}

/// The element of x that element i of a tensor of `shape` reads.
double element_of(const Tensor& x, const Shape& shape, int64_t i) {
    int64_t offset = 0, stride = 1;
    for (size_t axis = shape.size(); axis-- > 0; i /= shape[axis]) {
        offset += i % shape[axis] % x.dim(axis) * stride;
        stride *= x.dim(axis);
    }
    return x.data<double>()[offset];
}

/// ⟨dy, a ⊙ b⟩.
double weighted_product(const Tensor& dy, const Tensor& a, const Tensor& b) {
    double sum = 0;
    for (int64_t i = 0; i < dy.numel(); ++i)
        sum += dy.data<double>()[i] * element_of(a, dy.shape(), i) * element_of(b, dy.shape(), i);
    return sum;
}

/// The gradient of a. ⟨dy, a ⊙ b⟩ is linear in a, so each of its derivatives is its value for an a
/// that is 1 there and 0 elsewhere.
Tensor expected_factor_gradient(const Tensor& dy, const Tensor& a, const Tensor& b) {
    Tensor da = empty_like(a);
    for (int64_t i = 0; i < a.numel(); ++i) {
        const Tensor unit = zeros_like(a);
        unit.data<double>()[i] = 1;
        da.data<double>()[i] = weighted_product(dy, unit, b);
    }
    return da;
}

// ---- Tasks 3 and 4: graphs.

struct Op {
    const char* name;
    int64_t inputs;
    Tensor (*compute)(const std::vector<Tensor>& in);
};

/// No value grows with the depth of a graph: a product is taken with a vector of length 1.
const Op ops[] = {
    {"add", 2, [](const std::vector<Tensor>& in) { return add(in[0], in[1]); }},
    {"product", 2,
     [](const std::vector<Tensor>& in) { return multiply(l2_normalize(in[0]), in[1]); }},
    {"gelu", 1, [](const std::vector<Tensor>& in) { return gelu(in[0]); }},
    {"scale", 1, [](const std::vector<Tensor>& in) { return scale(in[0], -0.7); }},
};
const Op *const addition = &ops[0], *const product = &ops[1], *const bend = &ops[2],
                *const scaling = &ops[3];

struct Graph {
    std::vector<std::vector<int64_t>> inputs;
    std::vector<const Op*> op;      // null for a leaf
    std::vector<int64_t> creation;  // the numbers, each behind the nodes that it reads
    int64_t result = 0;

    /// "0, 1, 2 = add(0, 1); result 2".
    std::string text() const {
        std::string all = "nodes ";
        for (size_t n = 0; n < inputs.size(); ++n) {
            all += (n ? ", " : "") + std::to_string(n);
            if (!op[n]) continue;
            all.append(" = ").append(op[n]->name);
            for (size_t i = 0; i < inputs[n].size(); ++i)
                all += (i ? ", " : "(") + std::to_string(inputs[n][i]);
            all += ")";
        }
        return all + "; result " + std::to_string(result);
    }
};

/// A graph whose nodes are numbered as they were made.
Graph numbered(std::vector<std::pair<const Op*, std::vector<int64_t>>> nodes) {
    Graph graph;
    for (auto& [op, inputs] : nodes) {
        graph.creation.push_back(static_cast<int64_t>(graph.op.size()));
        graph.op.push_back(op);
        graph.inputs.push_back(std::move(inputs));
    }
    graph.result = graph.creation.back();
    return graph;
}

/// The same graph, its nodes numbered at random.
Graph renumbered(const Graph& graph) {
    const size_t count = graph.op.size();
    std::vector<int64_t> number(count);
    std::iota(number.begin(), number.end(), 0);
    for (size_t i = count; i-- > 1;) std::swap(number[i], number[random().below(i + 1)]);
    Graph other = graph;
    for (size_t n = 0; n < count; ++n) {
        other.creation[n] = number[graph.creation[n]];
        other.op[number[n]] = graph.op[n];
        std::vector<int64_t>& inputs = other.inputs[number[n]] = graph.inputs[n];
        for (int64_t& input : inputs) input = number[input];
    }
    other.result = number[graph.result];
    return other;
}

Graph random_graph(int64_t leaves, int64_t nodes) {
    std::vector<std::pair<const Op*, std::vector<int64_t>>> all(leaves);
    for (int64_t n = leaves; n < leaves + nodes; ++n) {
        const Op* op = &ops[random().below(4)];
        // The first input is a late node, so that most nodes lead to the result.
        std::vector<int64_t> inputs = {n - 1 - random().below(std::min<int64_t>(n, 3))};
        if (op->inputs == 2) inputs.push_back(random().below(n));
        all.emplace_back(op, inputs);
    }
    return renumbered(numbered(all));
}

/// Small graphs, each with a mistake that it shows; then random ones.
std::vector<Graph> graphs() {
    std::vector<Graph> all = {
        numbered({{}, {bend, {0}}, {scaling, {1}}}),                         // a chain
        numbered({{}, {scaling, {0}}, {addition, {1, 0}}}),                  // 0 is read twice
        numbered({{}, {product, {0, 0}}}),                                   // by one node
        numbered({{}, {bend, {0}}, {scaling, {1}}, {product, {0, 2}}}),      // at other distances
        numbered({{}, {}, {bend, {0}}, {scaling, {2}}, {product, {2, 1}}}),  // 3 leads nowhere
        numbered({{}}),                                                      // a leaf alone
    };
    all[4].result = 4;
    for (int i = 0; i < 3; ++i) all.push_back(renumbered(all[3]));
    for (int i = 0; i < 12; ++i)
        all.push_back(random_graph(1 + random().below(3), 2 + random().below(10)));
    return all;
}

/// Which nodes the result depends on.
std::vector<bool> needed(const Graph& graph) {
    std::vector<bool> is_needed(graph.op.size());
    is_needed[graph.result] = true;
    for (size_t i = graph.creation.size(); i-- > 0;)
        if (const int64_t n = graph.creation[i]; is_needed[n])
            for (int64_t input : graph.inputs[n]) is_needed[input] = true;
    return is_needed;
}

void expect_order(const Graph& graph, const std::vector<int64_t>& order) {
    const std::vector<bool> is_needed = needed(graph);
    const int64_t count = static_cast<int64_t>(graph.op.size());
    const std::string all = ": the order is " + to_string(order);
    std::vector<int64_t> place(count, -1);
    for (size_t i = 0; i < order.size(); ++i) {
        const std::string at = "order[" + std::to_string(i) + "] is ";
        const std::string node = "node " + std::to_string(order[i]);
        expect(order[i] >= 0 && order[i] < count,
               at + std::to_string(order[i]) + ", which is no node" + all);
        expect(is_needed[order[i]], at + node + ", on which the result does not depend" + all);
        expect(place[order[i]] < 0,
               at + node + ", which is order[" + std::to_string(place[order[i]]) + "] too" + all);
        place[order[i]] = static_cast<int64_t>(i);
    }
    for (int64_t n = 0; n < count; ++n)
        expect(!is_needed[n] || place[n] >= 0, "node " + std::to_string(n) + " is missing" + all);
    for (int64_t n = 0; n < count; ++n)
        for (int64_t input : graph.inputs[n])
            expect(!is_needed[n] || place[n] < place[input],
                   "order[" + std::to_string(place[input]) + "] is node " + std::to_string(input) +
                       ", but node " + std::to_string(n) + " reads it and comes later" + all);
}

/// One tensor per node: a leaf's value; for an op zeros, which are added to what it computes. So
/// the gradient of a node is the gradient of the tensor that it was given here.
std::vector<Tensor> random_leaves(const Graph& graph, const Shape& shape) {
    std::vector<Tensor> given;
    for (const Op* op : graph.op)
        given.push_back(op ? Tensor::zeros(shape, DType::f64) : normal(shape));
    return given;
}

/// The values of all nodes.
std::vector<Tensor> values_of(const Graph& graph, const std::vector<Tensor>& given) {
    std::vector<Tensor> values = given;
    for (int64_t n : graph.creation) {
        if (!graph.op[n]) continue;
        std::vector<Tensor> in;
        for (int64_t input : graph.inputs[n]) in.push_back(values[input]);
        values[n] = add(graph.op[n]->compute(in), given[n]);
    }
    return values;
}

std::vector<Tensor> expected_gradients(const Graph& graph, const std::vector<Tensor>& given,
                                       const Tensor& dy) {
    return engine_gradients(
        [&](const std::vector<Tensor>& in) { return values_of(graph, in)[graph.result]; }, given,
        dy);
}

/// The graph as a student's code sees it.
std::vector<GraphNode> with_backward(const Graph& graph, const std::vector<Tensor>& given) {
    const std::vector<Tensor> values = values_of(graph, given);
    std::vector<GraphNode> nodes(graph.op.size());
    for (size_t n = 0; n < nodes.size(); ++n) {
        nodes[n].inputs = graph.inputs[n];
        std::vector<Tensor> in;
        for (int64_t input : graph.inputs[n]) in.push_back(values[input]);
        const Op* op = graph.op[n];
        if (op == addition)
            nodes[n].backward = [](const Tensor& dy) { return std::vector<Tensor>{dy, dy}; };
        else if (op)
            nodes[n].backward = [op, in](const Tensor& dy) {
                return engine_gradients(op->compute, in, dy);
            };
    }
    return nodes;
}

}  // namespace

TASK(1, "numeric_gradient", 1) {
    for (const Shape& shape : {Shape{1}, Shape{4}, Shape{2, 3}, Shape{2, 1, 3},
                               Shape{2 + random().below(4), 2 + random().below(4)}}) {
        const Tensor x = normal(shape), before = x.clone();
        const Waves f{normal(shape)};
        input("x = " + describe(x) + " of about 1");
        const Tensor gradient = numeric_gradient(f, x);
        expect_unchanged("x", x, before);
        expect_tensor("gradient", gradient, f.gradient(before), 1e-8);
    }
    const Tensor x = random().uniform_tensor({5}, 1e9, 2e9, DType::f64);
    input("x = " + describe(x) + " of about 1e9");
    const auto squares = [](const Tensor& at) {
        double sum = 0;
        for (int64_t i = 0; i < at.numel(); ++i)
            sum += at.data<double>()[i] * at.data<double>()[i] / 2e9;
        return sum;
    };
    expect_tensor("gradient", numeric_gradient(squares, x), scale(x, 1e-9), 1e-8);
}

TASK(2, "product_backward", 2) {
    std::vector<std::pair<Shape, Shape>> shapes = {
        {{2, 3}, {2, 3}},       {{2, 3}, {1, 3}}, {{2, 3}, {2, 1}},
        {{2, 1}, {1, 3}},       {{1, 1}, {3, 2}}, {{2, 3, 4}, {1, 3, 1}},
        {{1, 3, 2}, {4, 1, 2}}, {{4}, {1}},       {{3, 1, 2, 2}, {3, 4, 1, 2}}};
    for (int i = 0; i < 3; ++i) {
        Shape a = {2 + random().below(3), 2 + random().below(3), 2 + random().below(3)}, b = a;
        (random().below(2) ? a : b)[random().below(3)] = 1;
        (random().below(2) ? a : b)[random().below(3)] = 1;
        shapes.emplace_back(a, b);
    }
    for (const auto& [shape_a, shape_b] : shapes) {
        const Tensor a = normal(shape_a), b = normal(shape_b), dy = normal(product_shape(a, b));
        const Tensor a_before = a.clone(), b_before = b.clone(), dy_before = dy.clone();
        input("a = " + describe(a) + ", b = " + describe(b) + ", dy = " + describe(dy));
        const ProductGradients got = product_backward(dy, a, b);
        expect_unchanged("a", a, a_before);
        expect_unchanged("b", b, b_before);
        expect_unchanged("dy", dy, dy_before);
        expect_tensor("the gradient of a", got.a, expected_factor_gradient(dy, a, b));
        expect_tensor("the gradient of b", got.b, expected_factor_gradient(dy, b, a));
    }
}

TASK(3, "backward_order", 2) {
    for (const Graph& graph : graphs()) {
        input(graph.text());
        expect_order(graph, backward_order(graph.inputs, graph.result));
    }
    // From the result to the leaf lead 2^60 ways.
    std::vector<std::pair<const Op*, std::vector<int64_t>>> nodes(1);
    for (int64_t n = 0; n < 60; ++n) nodes.push_back({addition, {n, n}});
    const Graph ladder = numbered(nodes);
    input("61 nodes, of which each but the first reads the one before twice");
    expect_order(ladder, backward_order(ladder.inputs, ladder.result));
}

TASK(4, "gradients_of", 3) {
    const std::vector<Shape> shapes = {{2, 3}, {1, 4}, {3, 1, 2}};
    for (const Graph& graph : graphs()) {
        const Shape& shape = shapes[random().below(3)];
        const std::vector<Tensor> given = random_leaves(graph, shape);
        const std::vector<GraphNode> nodes = with_backward(graph, given);
        const Tensor dy = normal(shape), before = dy.clone();
        input(graph.text() + ", dy = " + describe(dy));
        const std::vector<Tensor> got = gradients_of(nodes, graph.result, dy);
        expect_number("the number of gradients", static_cast<int64_t>(got.size()),
                      static_cast<int64_t>(nodes.size()));
        const std::vector<Tensor> want = expected_gradients(graph, given, before);
        for (size_t n = 0; n < want.size(); ++n) {
            const std::string name = "the gradient of node " + std::to_string(n);
            if (want[n].defined())
                expect_tensor(name, got[n], want[n]);
            else
                expect(!got[n].defined(),
                       name + " is " + describe(got[n]) +
                           ", but must be undefined: the result does not depend on the node");
        }
        expect_unchanged("dy", dy, before);
    }
}

}  // namespace mdn::lesson
