#include "tests/engine/files/onnx/operators.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace mdn::test {

namespace {

using onnx::Node;

/// The attributes of a node; at the end all of them must have been asked for.
class Attributes {
  public:
    explicit Attributes(const Node& node) : node_(node) {}
    template <class T>
    T get(const std::string& name) {
        asked_.insert(name);
        for (const auto& [key, value] : node_.attributes)
            if (key == name) return std::get<T>(value);
        fail_run(node_.name + " has no attribute " + name);
    }
    int64_t integer(const std::string& name) { return get<int64_t>(name); }
    std::vector<int64_t> integers(const std::string& name) {
        return get<std::vector<int64_t>>(name);
    }
    double real(const std::string& name) { return static_cast<double>(get<float>(name)); }
    void finish() const {
        for (const auto& [name, value] : node_.attributes)
            if (!asked_.contains(name))
                fail_run(node_.op + ": attribute " + name + " is not known");
    }

  private:
    const Node& node_;
    std::set<std::string> asked_;
};

using Arrays = std::vector<Array>;

Array map_pairs(const Array& a, const Array& b, double (*f)(double, double)) {
    Array y(broadcast(a.shape, b.shape));
    each_index(y.shape, [&](const Shape& index, size_t at) {
        y.values[at] = f(a.values[offset(a, index)], b.values[offset(b, index)]);
    });
    return y;
}

Array map_each(Array x, double (*f)(double)) {
    for (double& value : x.values) value = f(value);
    return x;
}

Array reshaped(const Array& x, Shape shape) {
    for (int64_t& size : shape)
        if (size == -1) {
            size = 1;
            size = static_cast<int64_t>(x.values.size()) / element_count(shape);
        }
    Array y(shape);
    if (y.values.size() != x.values.size()) fail_run("Reshape: other numbers of elements");
    y.values = x.values;
    return y;
}

Array transposed(const Array& x, const std::vector<int64_t>& axes) {
    Shape shape;
    for (const int64_t axis : axes) shape.push_back(x.dim(axis));
    Array y(shape);
    each_index(shape, [&](const Shape& index, size_t at) {
        Shape from(index.size());
        for (size_t i = 0; i < axes.size(); ++i) from[static_cast<size_t>(axes[i])] = index[i];
        y.values[at] = x.values[offset(x, from)];
    });
    return y;
}

/// The part of an axis that begins at `from`; beyond x it is 0.
Array window(const Array& x, int64_t axis, int64_t from, int64_t size) {
    Shape shape = x.shape;
    shape.at(static_cast<size_t>(axis)) = size;
    Array y(shape);
    each_index(shape, [&](Shape index, size_t at) {
        int64_t& i = index[static_cast<size_t>(axis)];
        i += from;
        if (i >= 0 && i < x.dim(axis)) y.values[at] = x.values[offset(x, index)];
    });
    return y;
}

Array concatenated(const Arrays& parts, int64_t axis) {
    Array y = parts.front();
    for (size_t i = 1; i < parts.size(); ++i) {
        const int64_t before = y.dim(axis);
        const Array part = window(parts[i], axis, -before, before + parts[i].dim(axis));
        y = window(y, axis, 0, part.dim(axis));
        std::transform(y.values.begin(), y.values.end(), part.values.begin(), y.values.begin(),
                       std::plus<>());
    }
    return y;
}

Array mean_over(const Array& x, const std::vector<int64_t>& axes) {
    Shape shape;
    for (int64_t axis = 0; axis < x.rank(); ++axis)
        if (std::find(axes.begin(), axes.end(), axis) == axes.end()) shape.push_back(x.dim(axis));
    Array y(shape);
    each_index(x.shape, [&](const Shape& index, size_t at) {
        Shape to;
        for (int64_t axis = 0; axis < x.rank(); ++axis)
            if (std::find(axes.begin(), axes.end(), axis) == axes.end())
                to.push_back(index[static_cast<size_t>(axis)]);
        y.values[offset(y, to)] += x.values[at];
    });
    const double share =
        static_cast<double>(y.values.size()) / static_cast<double>(x.values.size());
    for (double& value : y.values) value *= share;
    return y;
}

Array matrix_product(const Array& a, const Array& b) {
    Shape shape =
        broadcast({a.shape.begin(), a.shape.end() - 2}, {b.shape.begin(), b.shape.end() - 2});
    shape.push_back(a.dim(-2));
    shape.push_back(b.dim(-1));
    if (a.dim(-1) != b.dim(-2)) fail_run("MatMul: inner sizes differ");
    Array y(shape);
    each_index(shape, [&](const Shape& index, size_t at) {
        Shape in_a = index, in_b = index;
        in_a.back() = 0;
        in_b[in_b.size() - 2] = 0;
        const size_t from_a = offset(a, in_a), from_b = offset(b, in_b);
        for (size_t k = 0; k < static_cast<size_t>(a.dim(-1)); ++k)
            y.values[at] +=
                a.values[from_a + k] * b.values[from_b + k * static_cast<size_t>(b.dim(-1))];
    });
    return y;
}

struct Windows {
    int64_t kernel, stride, pad;
    explicit Windows(Attributes& attributes) {
        const auto kernels = attributes.integers("kernel_shape"),
                   pads = attributes.integers("pads");
        const auto strides = attributes.integers("strides");
        if (kernels != std::vector(2, kernels[0]) || strides != std::vector(2, strides[0]) ||
            pads != std::vector(4, pads[0]))
            fail_run("windows that are not square");
        kernel = kernels[0], stride = strides[0], pad = pads[0];
    }
    int64_t side(int64_t from) const { return (from + 2 * pad - kernel) / stride + 1; }
    /// Calls body(y, x, ky, kx) with every place under the window at (oy, ox).
    template <class Body>
    void each(const Array& x, int64_t oy, int64_t ox, Body&& body) const {
        for (int64_t ky = 0; ky < kernel; ++ky)
            for (int64_t kx = 0; kx < kernel; ++kx) {
                const int64_t iy = oy * stride - pad + ky, ix = ox * stride - pad + kx;
                if (iy >= 0 && iy < x.dim(2) && ix >= 0 && ix < x.dim(3)) body(iy, ix, ky, kx);
            }
    }
};

Array convolution(const Array& x, const Array& w, const Windows& windows, int64_t groups) {
    Array y({x.dim(0), w.dim(0), windows.side(x.dim(2)), windows.side(x.dim(3))});
    if (w.dim(2) != windows.kernel || w.dim(3) != windows.kernel || x.dim(1) != groups * w.dim(1))
        fail_run("Conv: shapes do not fit");
    each_index(y.shape, [&](const Shape& o, size_t at) {
        const int64_t first = o[1] / (w.dim(0) / groups) * w.dim(1);
        windows.each(x, o[2], o[3], [&](int64_t iy, int64_t ix, int64_t ky, int64_t kx) {
            for (int64_t c = 0; c < w.dim(1); ++c)
                y.values[at] += x.at(o[0], first + c, iy, ix) * w.at(o[1], c, ky, kx);
        });
    });
    return y;
}

Array largest(const Array& x, const Windows& windows) {
    Array y({x.dim(0), x.dim(1), windows.side(x.dim(2)), windows.side(x.dim(3))});
    each_index(y.shape, [&](const Shape& o, size_t at) {
        double most = -INFINITY;
        windows.each(x, o[2], o[3], [&](int64_t iy, int64_t ix, int64_t, int64_t) {
            most = std::max(most, x.at(o[0], o[1], iy, ix));
        });
        y.values[at] = most;
    });
    return y;
}

Array batch_normalised(const Arrays& in, double epsilon) {
    Array y = in[0];
    each_index(y.shape, [&](const Shape& index, size_t at) {
        const auto c = static_cast<size_t>(index[1]);
        y.values[at] = (y.values[at] - in[3].values[c]) / std::sqrt(in[4].values[c] + epsilon) *
                           in[1].values[c] +
                       in[2].values[c];
    });
    return y;
}

/// Applies `body` to each row of the last axis.
template <class Body>
Array map_rows(Array x, Body&& body) {
    const auto size = static_cast<size_t>(x.dim(-1));
    for (size_t row = 0; row < x.values.size(); row += size) body(x.values.data() + row, size);
    return x;
}

Array layer_normalised(const Arrays& in, double epsilon) {
    return map_rows(in[0], [&](double* row, size_t size) {
        const double mean = std::accumulate(row, row + size, 0.0) / static_cast<double>(size);
        double variance = 0;
        for (size_t i = 0; i < size; ++i) variance += (row[i] - mean) * (row[i] - mean);
        const double deviation = std::sqrt(variance / static_cast<double>(size) + epsilon);
        for (size_t i = 0; i < size; ++i)
            row[i] = (row[i] - mean) / deviation * in[1].values[i] + in[2].values[i];
    });
}

Array softmax(const Array& x) {
    return map_rows(x, [](double* row, size_t size) {
        const double most = *std::max_element(row, row + size);
        double sum = 0;
        for (size_t i = 0; i < size; ++i) sum += row[i] = std::exp(row[i] - most);
        for (size_t i = 0; i < size; ++i) row[i] /= sum;
    });
}

/// Bilinear between the four cells around a place; 0 where it is more than one cell outside.
double sample(const Array& x, int64_t n, int64_t c, double at_y, double at_x) {
    const double H = static_cast<double>(x.dim(2)), W = static_cast<double>(x.dim(3));
    if (at_y < -1 || at_y > H || at_x < -1 || at_x > W) return 0;
    const double inside_y = std::clamp(at_y, 0.0, H - 1), inside_x = std::clamp(at_x, 0.0, W - 1);
    const auto top = static_cast<int64_t>(inside_y), left = static_cast<int64_t>(inside_x);
    const double down = inside_y - static_cast<double>(top);
    const double right = inside_x - static_cast<double>(left);
    double sum = 0;
    for (int64_t dy = 0; dy < 2; ++dy)
        for (int64_t dx = 0; dx < 2; ++dx) {
            const double weight = (dy ? down : 1 - down) * (dx ? right : 1 - right);
            if (weight > 0) sum += weight * x.at(n, c, top + dy, left + dx);
        }
    return sum;
}

Array roi_aligned(const Arrays& in, Attributes& attributes) {
    if (attributes.get<std::string>("coordinate_transformation_mode") != "half_pixel" ||
        attributes.get<std::string>("mode") != "avg")
        fail_run("RoiAlign: another mode");
    const Array &x = in[0], &boxes = in[1];
    const double scale = attributes.real("spatial_scale");
    const int64_t P = attributes.integer("output_height"), Q = attributes.integer("output_width");
    const int64_t S = attributes.integer("sampling_ratio");
    Array y({boxes.dim(0), x.dim(1), P, Q});
    each_index(y.shape, [&](const Shape& o, size_t at) {
        const double* box = boxes.values.data() + 4 * o[0];
        const double start_x = box[0] * scale - 0.5, start_y = box[1] * scale - 0.5;
        const double bin_x = (box[2] - box[0]) * scale / static_cast<double>(Q);
        const double bin_y = (box[3] - box[1]) * scale / static_cast<double>(P);
        const auto n = static_cast<int64_t>(in[2].values[static_cast<size_t>(o[0])]);
        for (int64_t i = 0; i < S; ++i)
            for (int64_t j = 0; j < S; ++j) {
                const double part_y = (static_cast<double>(i) + 0.5) / static_cast<double>(S);
                const double part_x = (static_cast<double>(j) + 0.5) / static_cast<double>(S);
                y.values[at] +=
                    sample(x, n, o[1], start_y + (static_cast<double>(o[2]) + part_y) * bin_y,
                           start_x + (static_cast<double>(o[3]) + part_x) * bin_x);
            }
        y.values[at] /= static_cast<double>(S * S);
    });
    return y;
}

Array vector_of(const std::vector<int64_t>& values) {
    return Array(Tensor::from(values, {static_cast<int64_t>(values.size())}));
}

Arrays split(const Array& x, const Array& sizes, int64_t axis) {
    Arrays parts;
    int64_t from = 0;
    for (const int64_t size : sizes.integers()) {
        parts.push_back(window(x, axis, from, size));
        from += size;
    }
    if (from != x.dim(axis)) fail_run("Split: sizes do not add up");
    return parts;
}

Array padded(Array x, const std::vector<int64_t>& pads) {
    for (int64_t axis = 0; axis < x.rank(); ++axis) {
        const int64_t before = pads.at(static_cast<size_t>(axis));
        const int64_t behind = pads.at(static_cast<size_t>(axis + x.rank()));
        x = window(x, axis, -before, before + x.dim(axis) + behind);
    }
    return x;
}

Arrays apply(const Node& node, const Arrays& in, Attributes& a) {
    const std::string& op = node.op;
    if (op == "Constant") return {Array(a.get<Tensor>("value"))};
    if (op == "Add") return {map_pairs(in[0], in[1], [](double x, double y) { return x + y; })};
    if (op == "Sub") return {map_pairs(in[0], in[1], [](double x, double y) { return x - y; })};
    if (op == "Mul") return {map_pairs(in[0], in[1], [](double x, double y) { return x * y; })};
    if (op == "Div") return {map_pairs(in[0], in[1], [](double x, double y) { return x / y; })};
    if (op == "Relu") return {map_each(in[0], [](double x) { return std::max(x, 0.0); })};
    if (op == "Erf") return {map_each(in[0], [](double x) { return std::erf(x); })};
    if (op == "Reshape") return {reshaped(in[0], in[1].integers())};
    if (op == "Transpose") return {transposed(in[0], a.integers("perm"))};
    if (op == "Concat") return {concatenated(in, a.integer("axis"))};
    if (op == "Split") return split(in[0], in[1], a.integer("axis"));
    if (op == "Pad") return {padded(in[0], in[1].integers())};
    if (op == "Slice") {
        const int64_t from = in[1].integers().at(0), to = in[2].integers().at(0);
        return {window(in[0], in[3].integers().at(0), from, to - from)};
    }
    if (op == "ReduceMean") {
        if (a.integer("keepdims") != 0) fail_run("ReduceMean: keepdims");
        return {mean_over(in[0], a.integers("axes"))};
    }
    if (op == "Shape") {
        const int64_t start = a.integer("start"), end = a.integer("end");
        return {vector_of({in[0].shape.begin() + start, in[0].shape.begin() + end})};
    }
    if (op == "Squeeze") return {reshaped(in[0], {})};
    if (op == "Range") {
        std::vector<int64_t> numbers;
        for (double i = in[0].values[0]; i < in[1].values[0]; i += in[2].values[0])
            numbers.push_back(static_cast<int64_t>(i));
        return {vector_of(numbers)};
    }
    if (op == "Unsqueeze") {
        Shape shape = in[0].shape;
        shape.insert(shape.begin() + in[1].integers().at(0), 1);
        return {reshaped(in[0], shape)};
    }
    if (op == "Expand")
        return {map_pairs(in[0], Array(in[1].integers()), [](double x, double) { return x; })};
    if (op == "MatMul") return {matrix_product(in[0], in[1])};
    if (op == "Gemm") {
        if (a.integer("transB") != 1) fail_run("Gemm: transB");
        const Array product = matrix_product(in[0], transposed(in[1], {1, 0}));
        return {map_pairs(product, in[2], [](double x, double y) { return x + y; })};
    }
    if (op == "Conv") return {convolution(in[0], in[1], Windows(a), a.integer("group"))};
    if (op == "MaxPool") return {largest(in[0], Windows(a))};
    if (op == "BatchNormalization") return {batch_normalised(in, a.real("epsilon"))};
    if (op == "LayerNormalization") {
        if (a.integer("axis") != -1) fail_run("LayerNormalization: axis");
        return {layer_normalised(in, a.real("epsilon"))};
    }
    if (op == "Softmax") {
        if (a.integer("axis") != -1) fail_run("Softmax: axis");
        return {softmax(in[0])};
    }
    if (op == "RoiAlign") return {roi_aligned(in, a)};
    fail_run("no operator " + op + " is known here");
}

}  // namespace

std::vector<Array> run_operator(const Node& node, const std::vector<Array>& inputs) {
    Attributes attributes(node);
    const Arrays outputs = apply(node, inputs, attributes);
    attributes.finish();
    return outputs;
}

}  // namespace mdn::test
