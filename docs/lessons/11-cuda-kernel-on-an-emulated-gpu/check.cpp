// The checks of lesson 11. They launch each kernel with the threads of a block in several orders,
// watch what it does to memory (tests/cuda_emulation/watch.h), and compare with plain loops.
// runs on the emulated GPU
#include "docs/lessons/harness/check.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include "docs/lessons/11-cuda-kernel-on-an-emulated-gpu/exercise.h"
#include "tests/cuda_emulation/fibres.h"
#include "tests/cuda_emulation/watch.h"

namespace mdn::lesson {

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr int64_t margin = 0;  // AddressSanitizer itself sees what lies outside, and names the line
#else
constexpr int64_t margin = 16 << 10;
#endif

/// Floats of which nothing has been written: a NaN that no arithmetic gives.
constexpr uint32_t unwritten = 0x7FC0DEAD;

/// A kernel's array, between margins that it may not touch.
class Array {
  public:
    explicit Array(int64_t count)
        : count_(count), memory_(new float[static_cast<size_t>(count + 2 * margin)]) {
        for (int64_t i = 0; i < count + 2 * margin; ++i)
            std::memcpy(memory_.get() + i, &unwritten, sizeof unwritten);
    }
    explicit Array(const Tensor& x) : Array(x.numel()) {
        std::copy_n(x.data<float>(), count_, data());
    }
    float* data() const { return memory_.get() + margin; }
    bool is_unwritten(int64_t i) const {
        return std::memcmp(data() + i, &unwritten, sizeof unwritten) == 0;
    }

  private:
    int64_t count_;
    std::unique_ptr<float[]> memory_;
};

/// How a kernel is launched.
struct Launch {
    dim3 blocks;
    int threads;
    int64_t shared_floats = 0;
    bool neighbours = false;  // whether each warp must read and write neighbours in memory
};

std::string describe(const Launch& launch) {
    const std::string blocks =
        launch.blocks.y == 1
            ? std::to_string(launch.blocks.x) + (launch.blocks.x == 1 ? " block" : " blocks")
            : std::to_string(launch.blocks.x) + "×" + std::to_string(launch.blocks.y) + " blocks";
    return blocks + " of " + std::to_string(launch.threads) + " threads";
}

/// Runs kernel(first..., x, y) in every order of threads: y must be `want`.
template <class Kernel, class... Sizes>
void expect_kernel(const Launch& how, Kernel kernel, const Tensor& x, const Tensor& want,
                   double tolerance, Sizes... sizes) {
    using emulation::ThreadOrder;
    for (const auto& [order, shown] : {std::pair{ThreadOrder::ascending, "ascending"},
                                       std::pair{ThreadOrder::descending, "descending"},
                                       std::pair{ThreadOrder::shuffled, "random"}}) {
        const Array in(x), out(want.numel());
        emulation::Watch watch(how.shared_floats * 4);
        watch.add("x", in.data(), x.numel(), margin, true);
        watch.add("y", out.data(), want.numel(), margin, false);
        emulation::set_thread_order(order);
        try {
            emulation::run_grid(how.blocks, dim3(static_cast<unsigned>(how.threads)),
                                static_cast<size_t>(how.shared_floats * 4),
                                [&] { kernel(sizes..., in.data(), out.data()); });
        } catch (const Error& error) {  // threads that wait for others
            expect(watch.finding().empty(), watch.finding());
            throw Wrong{std::string(error.what()) +
                        ": is a __syncthreads() or a shuffle inside an if, or behind a return?"};
        }
        expect(watch.finding().empty(), watch.finding());
        for (int64_t i = 0; i < want.numel(); ++i)
            expect(!out.is_unwritten(i), "y[" + std::to_string(i) +
                                             "] is written by no thread: y has " +
                                             std::to_string(want.numel()) + " elements");
        const Tensor y = empty_like(want);
        std::copy_n(out.data(), y.numel(), y.data<float>());
        expect_tensor(std::string("with the threads in ") + shown + " order, y", y, want,
                      tolerance);
        expect(!how.neighbours || watch.scattered().empty(), watch.scattered());
    }
}

Tensor normal(const Shape& shape) { return random().normal_tensor(shape, 1, DType::f32); }

unsigned blocks_of(int64_t count, int64_t per_block) {
    return static_cast<unsigned>(ceil_divide(count, per_block));
}

}  // namespace

TASK(1, "relu_kernel", 1) {
    std::vector<int64_t> counts = {256, 37, 1, 1000};
    for (int i = 0; i < 3; ++i) counts.push_back(1 + random().below(700));
    for (const int64_t count : counts) {
        for (const Launch& how :
             {Launch{1, 32}, Launch{blocks_of(count, 64), 64}, Launch{3, 32}, Launch{5, 256}}) {
            const Tensor x = normal({count}), want = empty_like(x);
            for (int64_t i = 0; i < count; ++i)
                want.data<float>()[i] = std::max(x.data<float>()[i], 0.f);
            input("count = " + std::to_string(count) + ", " + describe(how));
            expect_kernel(how, relu_kernel, x, want, 0, count);
        }
    }
}

TASK(2, "row_sums_kernel", 2) {
    std::vector<Shape> sizes = {{1, 64}, {3, 128}, {2, 20}, {4, 1}, {2, 300}};
    for (int i = 0; i < 3; ++i) sizes.push_back({1 + random().below(5), 1 + random().below(400)});
    for (const Shape& shape : sizes) {
        for (const int threads : {64, 32, 256}) {
            const Tensor x = normal(shape), want = Tensor::empty({shape[0]});
            for (int64_t r = 0; r < shape[0]; ++r) {
                double sum = 0;
                for (int64_t c = 0; c < shape[1]; ++c) sum += x.data<float>()[r * shape[1] + c];
                want.data<float>()[r] = static_cast<float>(sum);
            }
            const Launch how = {static_cast<unsigned>(shape[0]), threads, threads};
            input("x = " + lesson::describe(x) + ", " + describe(how));
            expect_kernel(how, row_sums_kernel, x, want, 1e-4, shape[1]);
        }
    }
}

TASK(3, "row_maxima_kernel", 2) {
    std::vector<Shape> sizes = {{4, 32}, {3, 96}, {5, 20}, {6, 1}, {1, 77}};
    for (int i = 0; i < 3; ++i) sizes.push_back({1 + random().below(9), 1 + random().below(200)});
    for (const Shape& shape : sizes) {
        for (const int warps : {1, 4}) {
            const Tensor x = normal(shape), want = Tensor::empty({shape[0]});
            for (int64_t r = 0; r < shape[0]; ++r) {
                float* row = x.data<float>() + r * shape[1];
                // Below 0, all of them: what a maximum begins with must not be a result.
                for (int64_t c = 0; c < shape[1]; ++c) row[c] = -std::abs(row[c]) - 1;
                want.data<float>()[r] = *std::max_element(row, row + shape[1]);
            }
            const Launch how = {blocks_of(shape[0], warps), 32 * warps};
            input("x = " + lesson::describe(x) + ", " + describe(how));
            expect_kernel(how, row_maxima_kernel, x, want, 0, shape[0], shape[1]);
        }
    }
}

TASK(4, "transpose_kernel", 3) {
    std::vector<Shape> sizes = {{32, 32}, {64, 32}, {32, 96}, {5, 7}, {1, 40}, {45, 70}};
    for (int i = 0; i < 3; ++i) sizes.push_back({1 + random().below(100), 1 + random().below(100)});
    for (const Shape& shape : sizes) {
        const int64_t rows = shape[0], columns = shape[1];
        const Tensor x = normal(shape), want = Tensor::empty({columns, rows});
        for (int64_t i = 0; i < x.numel(); ++i)
            want.data<float>()[i % columns * rows + i / columns] = x.data<float>()[i];
        const Launch how = {dim3(blocks_of(columns, 32), blocks_of(rows, 32)), 256, 32 * 33, true};
        input("x = " + lesson::describe(x) + ", " + describe(how));
        expect_kernel(how, transpose_kernel, x, want, 0, rows, columns);
    }
}

}  // namespace mdn::lesson
