// The ops of GraphBuilder: the type of each result, and the standard's name and attributes.
#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "model/onnx/graph_builder.h"

namespace mdn::onnx {

namespace {

void require(bool fits, const std::string& op, const std::string& what) {
    if (!fits) throw std::logic_error("[onnx " + op + "] " + what);
}

int64_t output_side(int64_t side, int64_t kernel, int64_t stride, int64_t pad) {
    return (side + 2 * pad - kernel) / stride + 1;
}

Type with_shape(const Edge& x, Shape shape) { return {x.type.dtype, std::move(shape), x.type.per}; }

Type with_axis(const Edge& x, size_t axis, int64_t size) {
    Shape shape = x.shape();
    shape.at(axis) = size;
    return with_shape(x, std::move(shape));
}

/// Whether b's last axes are a's, or 1. Rows per clip meet rows per clip, or one row for all.
bool broadcasts(const Type& a, const Type& b) {
    const Shape &of_a = a.shape, &of_b = b.shape;
    if (of_b.size() > of_a.size()) return false;
    if (!b.per.empty() && (a.per != b.per || of_a.size() != of_b.size())) return false;
    if (!a.per.empty() && b.per.empty() && of_a.size() == of_b.size() && of_b[0] != 1) return false;
    return std::equal(of_b.rbegin(), of_b.rend(), of_a.rbegin(),
                      [](int64_t from, int64_t to) { return from == to || from == 1; });
}

using Integers = std::vector<int64_t>;

}  // namespace

Edge GraphBuilder::elementwise(const std::string& type, const Edge& a, const Edge& b) {
    require(broadcasts(a.type, b.type), type,
            to_string(b.shape()) + " does not fit " + to_string(a.shape()));
    return op(type, {a, b}, a.type);
}

// ---- layout
// --------------------------------------------------------------------------------------

Edge GraphBuilder::reshape(const Edge& x, const Shape& shape) {
    require(element_count(shape) == element_count(x.shape()), "Reshape",
            to_string(x.shape()) + " cannot become " + to_string(shape));
    Integers sizes = shape;
    if (!x.type.per.empty()) sizes.at(0) = -1;  // as many rows as there are
    return op("Reshape", {x, constant(sizes)}, with_shape(x, shape));
}

Edge GraphBuilder::transpose(const Edge& x, const Integers& axes) {
    require(axes.size() == x.rank() && (x.type.per.empty() || axes.front() == 0), "Transpose",
            "axes do not fit " + to_string(x.shape()));
    Shape shape;
    for (const int64_t axis : axes) shape.push_back(x.dim(static_cast<size_t>(axis)));
    return op("Transpose", {x}, with_shape(x, shape), {{"perm", axes}});
}

Edge GraphBuilder::concat(const std::vector<Edge>& parts, size_t axis) {
    int64_t size = 0;
    for (const Edge& part : parts) {
        require(with_axis(part, axis, 1).shape == with_axis(parts.front(), axis, 1).shape, "Concat",
                to_string(part.shape()) + " does not fit " + to_string(parts.front().shape()));
        size += part.dim(axis);
    }
    return op("Concat", parts, with_axis(parts.front(), axis, size),
              {{"axis", static_cast<int64_t>(axis)}});
}

std::vector<Edge> GraphBuilder::split(const Edge& x, size_t axis, const Integers& sizes) {
    require(std::accumulate(sizes.begin(), sizes.end(), int64_t{0}) == x.dim(axis), "Split",
            "sizes do not add up to those of " + to_string(x.shape()));
    std::vector<Type> types;
    for (const int64_t size : sizes) types.push_back(with_axis(x, axis, size));
    return op("Split", {x, constant(sizes)}, types, {{"axis", static_cast<int64_t>(axis)}});
}

Edge GraphBuilder::pad(const Edge& x, size_t axis, int64_t before, int64_t behind) {
    Integers pads(2 * x.rank(), 0);
    pads[axis] = before;
    pads[x.rank() + axis] = behind;
    return op("Pad", {x, constant(pads)}, with_axis(x, axis, before + x.dim(axis) + behind));
}

Edge GraphBuilder::slice(const Edge& x, size_t axis, int64_t from, int64_t to) {
    require(0 <= from && from < to && to <= x.dim(axis), "Slice", "not in " + to_string(x.shape()));
    return op("Slice",
              {x, constant(Integers{from}), constant(Integers{to}),
               constant(Integers{static_cast<int64_t>(axis)})},
              with_axis(x, axis, to - from));
}

Edge GraphBuilder::mean(const Edge& x, const Integers& axes) {
    Shape shape;
    for (size_t axis = 0; axis < x.rank(); ++axis)
        if (std::find(axes.begin(), axes.end(), static_cast<int64_t>(axis)) == axes.end())
            shape.push_back(x.dim(axis));
    return op("ReduceMean", {x}, with_shape(x, shape), {{"axes", axes}, {"keepdims", int64_t{0}}});
}

Edge GraphBuilder::row_count(const Edge& x) {
    return op("Shape", {x}, Type{DType::i64, {1}}, {{"start", int64_t{0}}, {"end", int64_t{1}}});
}

Edge GraphBuilder::repeat_like(const Edge& x, const Edge& rows) {
    const Edge ones = constant(Integers(x.rank(), 1));
    const Edge sizes =
        op("Concat", {row_count(rows), ones},
           Type{DType::i64, {1 + static_cast<int64_t>(x.rank())}}, {{"axis", int64_t{0}}});
    Type type{x.type.dtype, x.shape(), rows.type.per};
    type.shape.insert(type.shape.begin(), rows.dim(0));
    return op("Expand", {x, sizes}, type);
}

Edge GraphBuilder::row_numbers(const Edge& rows, int64_t times) {
    const auto numbers = [&](Shape shape) {
        return Type{DType::i64, std::move(shape), rows.type.per};
    };
    const auto scalar = [&](int64_t value) { return constant(Tensor::from(Integers{value}, {})); };
    const int64_t n = rows.dim(0);
    const Edge limit = op("Squeeze", {row_count(rows)}, Type{DType::i64, {}});
    const Edge once = op("Range", {scalar(0), limit, scalar(1)}, numbers({n}));
    const Edge column = op("Unsqueeze", {once, constant(Integers{1})}, numbers({n, 1}));
    const Edge repeated = op("Expand", {column, constant(Integers{1, times})}, numbers({n, times}));
    return reshape(repeated, {n * times});
}

// ---- products
// ------------------------------------------------------------------------------------

Edge GraphBuilder::matmul(const Edge& a, const Edge& b) {
    require(a.rank() >= 2 && b.rank() >= 2 && a.shape().back() == b.dim(b.rank() - 2), "MatMul",
            to_string(a.shape()) + " does not fit " + to_string(b.shape()));
    // The leading axes are those of the operand that has more of them.
    const Edge& wide = a.rank() >= b.rank() ? a : b;
    Shape shape = wide.shape();
    shape[wide.rank() - 2] = a.dim(a.rank() - 2);
    shape[wide.rank() - 1] = b.shape().back();
    return op("MatMul", {a, b}, with_shape(wide, shape));
}

Edge GraphBuilder::linear(const Edge& x, const Edge& weight, const Edge& bias) {
    require(x.rank() == 2 && weight.rank() == 2 && x.dim(1) == weight.dim(1) &&
                bias.shape() == Shape{weight.dim(0)},
            "Gemm", to_string(x.shape()) + " does not fit " + to_string(weight.shape()));
    return op("Gemm", {x, weight, bias}, with_axis(x, 1, weight.dim(0)), {{"transB", int64_t{1}}});
}

// ---- layers
// --------------------------------------------------------------------------------------

Edge GraphBuilder::conv2d(const Edge& x, const Edge& weight, int64_t stride, int64_t pad,
                          int64_t groups) {
    require(x.rank() == 4 && weight.rank() == 4 && x.dim(1) == groups * weight.dim(1), "Conv",
            to_string(x.shape()) + " does not fit " + to_string(weight.shape()));
    const int64_t kernel = weight.dim(2);
    return op("Conv", {x, weight},
              with_shape(x, {x.dim(0), weight.dim(0), output_side(x.dim(2), kernel, stride, pad),
                             output_side(x.dim(3), kernel, stride, pad)}),
              {{"kernel_shape", Integers{kernel, kernel}},
               {"strides", Integers{stride, stride}},
               {"pads", Integers(4, pad)},
               {"group", groups}});
}

Edge GraphBuilder::batch_norm(const Edge& x, const Edge& scale, const Edge& shift, const Edge& mean,
                              const Edge& variance, float eps) {
    for (const Edge* each : {&scale, &shift, &mean, &variance})
        require(each->shape() == Shape{x.dim(1)}, "BatchNormalization",
                to_string(each->shape()) + " does not fit " + to_string(x.shape()));
    return op("BatchNormalization", {x, scale, shift, mean, variance}, x.type, {{"epsilon", eps}});
}

Edge GraphBuilder::max_pool2d(const Edge& x, int64_t kernel, int64_t stride, int64_t pad) {
    return op("MaxPool", {x},
              with_shape(x, {x.dim(0), x.dim(1), output_side(x.dim(2), kernel, stride, pad),
                             output_side(x.dim(3), kernel, stride, pad)}),
              {{"kernel_shape", Integers{kernel, kernel}},
               {"strides", Integers{stride, stride}},
               {"pads", Integers(4, pad)}});
}

Edge GraphBuilder::layer_norm(const Edge& x, const Edge& scale, const Edge& shift, float eps) {
    for (const Edge* each : {&scale, &shift})
        require(each->shape() == Shape{x.shape().back()}, "LayerNormalization",
                to_string(each->shape()) + " does not fit " + to_string(x.shape()));
    return op("LayerNormalization", {x, scale, shift}, x.type,
              {{"axis", int64_t{-1}}, {"epsilon", eps}});
}

Edge GraphBuilder::softmax(const Edge& x) {
    return op("Softmax", {x}, x.type, {{"axis", int64_t{-1}}});
}

Edge GraphBuilder::roi_align(const Edge& features, const Edge& boxes, const Edge& images,
                             int64_t size, int64_t bins) {
    require(features.rank() == 4 && features.dim(2) == features.dim(3) && boxes.rank() == 2 &&
                boxes.dim(1) == 4 && images.shape() == Shape{boxes.dim(0)},
            "RoiAlign",
            to_string(boxes.shape()) + " do not fit features " + to_string(features.shape()));
    const double scale = static_cast<double>(features.dim(2)) / static_cast<double>(size);
    return op("RoiAlign", {features, boxes, images},
              with_shape(boxes, {boxes.dim(0), features.dim(1), bins, bins}),
              {{"coordinate_transformation_mode", std::string("half_pixel")},
               {"mode", std::string("avg")},
               {"output_height", bins},
               {"output_width", bins},
               {"sampling_ratio", int64_t{2}},
               {"spatial_scale", static_cast<float>(scale)}});
}

}  // namespace mdn::onnx
