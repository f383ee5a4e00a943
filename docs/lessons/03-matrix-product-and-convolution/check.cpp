// The checks of lesson 3. They compare with the engine's own products and convolutions.
// not to be called: mdn::gemm<double> mdn::matmul_nt mdn::linear mdn::grouped_linear
// not to be called: mdn::conv2d mdn::depthwise_conv2d
#include "docs/lessons/harness/check.h"

#include "docs/lessons/03-matrix-product-and-convolution/exercise.h"
#include "engine/ops.h"

namespace mdn::lesson {

// What exercise.cpp defines.
Tensor product(const MatrixView& a, const MatrixView& b);
void blocked_product(CachedMatrix& a, CachedMatrix& b, CachedMatrix& c);
Tensor convolved(const Tensor& x, const Tensor& weight, int64_t stride, int64_t pad);
ConvolutionGradients convolved_backward(const Tensor& dy, const Tensor& x, const Tensor& weight,
                                        int64_t stride, int64_t pad);

namespace {

Tensor normal(const Shape& shape) { return random().normal_tensor(shape, 1, DType::f64); }

std::string times(int64_t a, int64_t b) { return to_string(Shape{a, b}); }

// ---- Tasks 1 and 2: products.

/// How a matrix may lie in memory.
enum class Layout { rows, columns, part_of_larger, every_other_column, one_row_for_all };

/// A view of random numbers, and the same matrix as an ordinary tensor.
struct Operand {
    Tensor memory;
    MatrixView view;
    Tensor matrix;

    Operand(int64_t rows, int64_t columns, Layout layout) {
        view = {nullptr, rows, columns, columns, 1};
        if (layout == Layout::columns) view.row_stride = 1, view.column_stride = rows;
        if (layout == Layout::part_of_larger) view.row_stride = columns + 3;
        if (layout == Layout::every_other_column)
            view.row_stride = 2 * columns, view.column_stride = 2;
        if (layout == Layout::one_row_for_all) view.row_stride = 0;
        // Room on both sides, so that a wrong place is a wrong number and no crash.
        const int64_t room = 2 * (rows + 3) * (columns + 3);
        memory = normal({3 * room});
        view.data = memory.data<double>() + room;
        matrix = Tensor::empty({rows, columns}, DType::f64);
        for (int64_t i = 0; i < rows; ++i)
            for (int64_t j = 0; j < columns; ++j)
                matrix.data<double>()[i * columns + j] =
                    view.data[i * view.row_stride + j * view.column_stride];
    }
    std::string text() const {
        return times(view.rows, view.columns) + " with the strides " +
               std::to_string(view.row_stride) + " and " + std::to_string(view.column_stride);
    }
};

/// a·b by the engine, which multiplies with a transposed b.
Tensor expected_product(const Tensor& a, const Tensor& b) {
    const Tensor transposed = swap_middle_axes(b.view({1, b.dim(0), b.dim(1), 1}));
    return matmul_nt(a, transposed.view({b.dim(1), b.dim(0)}));
}

// ---- Tasks 3 and 4: convolutions.

struct Convolution {
    Shape x, weight;
    int64_t stride, pad;

    std::string text() const {
        return "x = f64 " + to_string(x) + ", weight = f64 " + to_string(weight) +
               ", stride = " + std::to_string(stride) + ", pad = " + std::to_string(pad);
    }
};

/// One image and one channel; several; kernels that are not square; borders of both kinds; windows
/// that skip pixels, or stop before the border; then random ones.
std::vector<Convolution> convolutions() {
    std::vector<Convolution> all = {
        {{1, 4, 5, 1}, {1, 3, 3, 1}, 1, 0}, {{1, 4, 5, 1}, {1, 3, 3, 1}, 1, 1},
        {{1, 5, 6, 2}, {3, 2, 3, 2}, 1, 0}, {{2, 3, 4, 3}, {2, 1, 1, 3}, 1, 0},
        {{2, 6, 7, 2}, {3, 3, 3, 2}, 2, 1}, {{1, 8, 6, 1}, {2, 2, 2, 1}, 3, 0},
        {{1, 3, 2, 2}, {1, 5, 4, 2}, 2, 2}, {{1, 4, 3, 1}, {1, 1, 1, 1}, 2, 1}};
    for (int i = 0; i < 3; ++i) {
        Convolution random_one = {
            {1 + random().below(2), 4 + random().below(5), 4 + random().below(5),
             1 + random().below(3)},
            {1 + random().below(3), 1 + random().below(4), 1 + random().below(4), 0},
            1 + random().below(3),
            random().below(3)};
        random_one.weight[3] = random_one.x[3];
        all.push_back(random_one);
    }
    return all;
}

}  // namespace

TASK(1, "product", 1) {
    const auto check = [](int64_t m, int64_t n, int64_t k, Layout layout_a, Layout layout_b) {
        const Operand a(m, k, layout_a), b(k, n, layout_b);
        const Tensor a_before = a.memory.clone(), b_before = b.memory.clone();
        input("a = " + a.text() + ", b = " + b.text());
        const Tensor c = product(a.view, b.view);
        expect_unchanged("the memory of a", a.memory, a_before);
        expect_unchanged("the memory of b", b.memory, b_before);
        expect_tensor("c", c, expected_product(a.matrix, b.matrix));
    };
    const std::vector<Layout> layouts = {Layout::rows, Layout::columns, Layout::part_of_larger,
                                         Layout::every_other_column, Layout::one_row_for_all};
    for (Layout layout_a : layouts)
        for (Layout layout_b : layouts) check(2, 3, 4, layout_a, layout_b);
    check(1, 1, 5, Layout::rows, Layout::rows);
    check(4, 5, 1, Layout::columns, Layout::rows);
    for (int i = 0; i < 5; ++i)
        check(1 + random().below(9), 1 + random().below(9), 1 + random().below(9),
              layouts[random().below(5)], layouts[random().below(5)]);
}

TASK(2, "blocked_product", 2) {
    std::vector<Shape> sizes = {{3, 2, 4},   {8, 8, 8},   {16, 24, 32}, {9, 17, 7},
                                {20, 1, 33}, {1, 40, 10}, {64, 64, 64}};
    for (int i = 0; i < 3; ++i)
        sizes.push_back({1 + random().below(40), 1 + random().below(40), 1 + random().below(40)});
    for (const Shape& size : sizes) {
        const int64_t m = size[0], n = size[1], k = size[2];
        const Tensor a = normal({m, k}), b = normal({k, n}), c = Tensor::zeros({m, n}, DType::f64);
        const Tensor a_before = a.clone(), b_before = b.clone();
        Cache cache;
        CachedMatrix a_through(cache, "a", a), b_through(cache, "b", b), c_through(cache, "c", c);
        input("a = " + times(m, k) + ", b = " + times(k, n));
        blocked_product(a_through, b_through, c_through);
        expect_unchanged("a", a, a_before);
        expect_unchanged("b", b, b_before);
        expect_tensor("c", c, expected_product(a, b));
        expect(size != Shape{64, 64, 64} || cache.misses() <= 10000,
               "c is right, but " + std::to_string(cache.misses()) +
                   " lines had to come from memory, and at most 10000 may");
    }
}

TASK(3, "convolved", 2) {
    for (const Convolution& size : convolutions()) {
        const Tensor x = normal(size.x), weight = normal(size.weight);
        const Tensor x_before = x.clone(), weight_before = weight.clone();
        input(size.text());
        const Tensor y = convolved(x, weight, size.stride, size.pad);
        expect_unchanged("x", x, x_before);
        expect_unchanged("weight", weight, weight_before);
        expect_tensor("y", y, conv2d(x, weight, {.stride = size.stride, .pad = size.pad}));
    }
}

TASK(4, "convolved_backward", 3) {
    for (const Convolution& size : convolutions()) {
        const Tensor x = normal(size.x), weight = normal(size.weight);
        const auto convolution = [&](const std::vector<Tensor>& in) {
            return conv2d(in[0], in[1], {.stride = size.stride, .pad = size.pad});
        };
        const Tensor dy = normal(convolution({x, weight}).shape()), dy_before = dy.clone();
        const Tensor x_before = x.clone(), weight_before = weight.clone();
        input("dy = " + describe(dy) + ", " + size.text());
        const ConvolutionGradients got = convolved_backward(dy, x, weight, size.stride, size.pad);
        expect_unchanged("dy", dy, dy_before);
        expect_unchanged("x", x, x_before);
        expect_unchanged("weight", weight, weight_before);
        const std::vector<Tensor> want = engine_gradients(convolution, {x, weight}, dy);
        expect_tensor("the gradient of x", got.x, want[0]);
        expect_tensor("the gradient of weight", got.weight, want[1]);
    }
}

}  // namespace mdn::lesson
