// What ops compute of a batch that several ranks share, against one process with the whole batch.
#include <doctest/doctest.h>
#include <cstring>

#include "engine/ops.h"
#include "engine/random.h"
#include "model/mac_loss.h"
#include "tests/engine/gradient_check.h"
#include "tests/train/parallel/thread_ranks.h"

using namespace mdn;
using test::relative_error;

namespace {

/// The rows [first, first + count) of x on the CPU, one row of zeros where there is none.
Tensor rows_of(const Tensor& x, int64_t first, int64_t count) {
    Shape shape = x.shape();
    shape.front() = std::max<int64_t>(count, 1);
    const Tensor rows = Tensor::zeros(shape, x.dtype());
    const int64_t row = x.bytes() / x.dim(0);
    std::memcpy(rows.raw(), static_cast<const char*>(x.raw()) + first * row,
                static_cast<size_t>(count * row));
    return rows;
}

Tensor leaf(const Tensor& x, Device device) { return x.to(device).set_requires_grad(); }

/// The sum over ranks of what each has, by the ranks' own order.
Tensor summed(const std::vector<Tensor>& parts) {
    Tensor sum = parts.front().clone();
    for (size_t r = 1; r < parts.size(); ++r) kernels(sum).add(sum, parts[r], sum);
    return sum;
}

/// The parts' rows after each other, without those of stand-ins.
Tensor joined(const std::vector<Tensor>& parts, const std::vector<int64_t>& rows) {
    Shape shape = parts.front().shape();
    shape.front() = 0;
    for (const int64_t count : rows) shape.front() += count;
    const Tensor all = Tensor::empty(shape, parts.front().dtype());
    char* to = static_cast<char*>(all.raw());
    for (size_t r = 0; r < parts.size(); ++r) {
        const int64_t bytes = parts[r].bytes() / parts[r].dim(0) * rows[r];
        std::memcpy(to, parts[r].raw(), static_cast<size_t>(bytes));
        to += bytes;
    }
    return all;
}

/// A small net whose batch norms are read in each way that there is.
struct Net {
    Tensor weight1, weight2, weight3, gamma[3], beta[3];
    RunningStatistics running[3];

    Net(const std::vector<Tensor>& values, Device device)
        : weight1(leaf(values[0], device)),
          weight2(leaf(values[1], device)),
          weight3(leaf(values[2], device)) {
        for (int i = 0; i < 3; ++i) {
            gamma[i] = leaf(values[3 + static_cast<size_t>(i)], device);
            beta[i] = leaf(values[6 + static_cast<size_t>(i)], device);
            running[i] = {values[9].to(device), values[10].to(device)};
        }
    }
    Tensor forward(const Tensor& x, ForBackward what, const NormRanks& ranks) {
        const BatchNormOptions options{.ranks = ranks};
        const Normalized a = batch_norm(conv2d(x, weight1, {.pad = 1}, what), gamma[0], beta[0],
                                        running[0], options);
        const Normalized b = batch_norm(conv2d(a, weight2, {.pad = 1}, what), gamma[1], beta[1],
                                        running[1], options);
        const Tensor y = add_relu(b, normalize_relu(a), what);
        const Normalized c =
            batch_norm(conv2d(y, weight3, {}, what), gamma[2], beta[2], running[2], options);
        return add_relu(c, b, what);
    }
    std::vector<Tensor> gradients() const {
        std::vector<Tensor> all;
        for (const Tensor& x :
             {weight1, weight2, weight3, gamma[0], gamma[1], gamma[2], beta[0], beta[1], beta[2]})
            all.push_back(x.grad().to(Device::cpu));
        return all;
    }
    std::vector<Tensor> statistics() const {
        std::vector<Tensor> all;
        for (const RunningStatistics& one : running) {
            all.push_back(one.mean.to(Device::cpu));
            all.push_back(one.var.to(Device::cpu));
        }
        return all;
    }
};

}  // namespace

TEST_SUITE("train/parallel/ops") {
    TEST_CASE("batch norm over ranks equals one process with the whole batch, both ways") {
        struct Way {
            Device device;
            DType dtype;
            double close;
        };
        for (const Way& way : {Way{Device::cpu, DType::f64, 1e-12},
                               {Device::cpu, DType::f32, 2e-5},
                               {Device::cuda, DType::f32, 2e-5}}) {
            const Device device = way.device;
            const DType dtype = way.dtype;
            const double close = way.close;
            for (const std::vector<int64_t>& clips :
                 {std::vector<int64_t>{3, 2}, {2, 2, 1}, {2, 0, 1}}) {
                for (const ForBackward what : {ForBackward::keep, ForBackward::recompute}) {
                    CAPTURE(to_string(device));
                    CAPTURE(to_string(dtype));
                    CAPTURE(clips.size());
                    int64_t count = 0;
                    for (const int64_t own : clips) count += own;
                    Random random(3);
                    // Far from zero, so that sums of squares alone would lose the variance.
                    Tensor x = random.normal_tensor({count, 5, 4, 3}, 1, dtype);
                    kernels(x).add(x, Tensor::full(x.shape(), 7, dtype), x);
                    const Tensor dy = random.normal_tensor({count, 5, 4, 6}, 1, dtype);
                    std::vector<Tensor> values = {random.normal_tensor({6, 3, 3, 3}, 0.3, dtype),
                                                  random.normal_tensor({6, 3, 3, 6}, 0.2, dtype),
                                                  random.normal_tensor({6, 1, 1, 6}, 0.4, dtype)};
                    for (int i = 0; i < 6; ++i)
                        values.push_back(random.normal_tensor({6}, 1, dtype));
                    values.push_back(random.normal_tensor({6}, 1, dtype));
                    values.push_back(random.uniform_tensor({6}, 0.5, 2, dtype));

                    Net whole(values, device);
                    const Tensor whole_x = leaf(x, device);
                    const Tensor y = whole.forward(whole_x, what, {});
                    backward(y, dy.to(device));

                    const size_t ranks = clips.size();
                    std::vector<Tensor> ys(ranks), dxs(ranks);
                    std::vector<std::vector<Tensor>> gradients(ranks), statistics(ranks);
                    test::with_ranks(std::ssize(clips), [&](Communicator& over) {
                        const BatchShare share{.over = &over, .clips = clips};
                        const auto rank = static_cast<size_t>(over.rank());
                        const int64_t own = share.own(), first = share.first();
                        Net part(values, device);
                        const Tensor part_x = leaf(rows_of(x, first, own), device);
                        const Tensor part_y = part.forward(part_x, what, {&over, clips});
                        backward(part_y, rows_of(dy, first, own).to(device));
                        ys[rank] = part_y.to(Device::cpu);
                        dxs[rank] = part_x.grad().to(Device::cpu);
                        gradients[rank] = part.gradients();
                        statistics[rank] = part.statistics();
                    });
                    CHECK(relative_error(joined(ys, clips), y.to(Device::cpu)) < close);
                    CHECK(relative_error(joined(dxs, clips), whole_x.grad().to(Device::cpu)) <
                          close);
                    const std::vector<Tensor> expected = whole.gradients();
                    for (size_t i = 0; i < expected.size(); ++i) {
                        CAPTURE(i);
                        std::vector<Tensor> parts;
                        for (const auto& of_rank : gradients) parts.push_back(of_rank[i]);
                        CHECK(relative_error(summed(parts), expected[i]) < close);
                    }
                    const std::vector<Tensor> running = whole.statistics();
                    for (size_t i = 0; i < running.size(); ++i)
                        for (const auto& of_rank : statistics) {
                            CHECK(relative_error(of_rank[i], running[i]) < close);
                            // Whoever saves them, they are the same.
                            CHECK(std::memcmp(of_rank[i].raw(), statistics[0][i].raw(),
                                              static_cast<size_t>(running[i].bytes())) == 0);
                        }
                }
            }
        }
    }

    TEST_CASE("MAC over ranks equals MAC of the whole batch, and its gradients do") {
        const std::vector<int64_t> labels = {0, 1, 0, 2, 1};
        for (const std::vector<int64_t>& clips :
             {std::vector<int64_t>{3, 2}, {2, 2, 1}, {4, 1, 0}}) {
            CAPTURE(clips.size());
            Random random(5);
            const Tensor st = random.normal_tensor({5, 3, 2, 4}, 1, DType::f64);
            const Tensor ts = random.normal_tensor({5, 3, 2, 4}, 1, DType::f64);
            const Tensor all_st = leaf(st, Device::cpu), all_ts = leaf(ts, Device::cpu);
            const Tensor loss = mac_loss(all_st, all_ts, Tensor::from(labels, {5}), 0.5);
            backward(loss);

            const size_t ranks = clips.size();
            std::vector<Tensor> dst(ranks), dts(ranks);
            std::vector<double> losses(ranks);
            test::with_ranks(std::ssize(clips), [&](Communicator& over) {
                const BatchShare share{.over = &over, .clips = clips};
                const auto rank = static_cast<size_t>(over.rank());
                const int64_t own = share.own(), first = share.first();
                const Tensor own_st = leaf(rows_of(st, first, own), Device::cpu);
                const Tensor own_ts = leaf(rows_of(ts, first, own), Device::cpu);
                const Tensor own_loss = mac_loss(
                    own_st, own_ts, rows_of(Tensor::from(labels, {5}), first, own), 0.5, share);
                backward(own_loss, Tensor::full({1}, share.weight(), DType::f64));
                losses[rank] = own > 0 ? share.weight() * own_loss.item() : 0;
                dst[rank] = own_st.grad();
                dts[rank] = own_ts.grad();
            });
            double sum = 0;
            for (const double part : losses) sum += part;
            CHECK(sum == doctest::Approx(loss.item()).epsilon(1e-12));
            CHECK(relative_error(joined(dst, clips), all_st.grad()) < 1e-12);
            CHECK(relative_error(joined(dts, clips), all_ts.grad()) < 1e-12);
        }
    }

    TEST_CASE("a part of a batch is dropped out as it is in the whole, on every device") {
        Random random(9);
        const Tensor x = random.normal_tensor({5, 3, 7});
        const RandomStream stream{Tensor::from<int64_t>({11, 4}, {2}), 3};
        const std::vector<float> whole = dropout(x, 0.4, stream).to_vector<float>();
        for (const Device device : {Device::cpu, Device::cuda})
            for (int64_t first = 0; first < 5; ++first) {
                RandomStream part = stream;
                part.seed_and_step = part.seed_and_step.to(device);
                part.first = first * 21;
                const std::vector<float> own =
                    dropout(rows_of(x, first, 5 - first).to(device), 0.4, part).to_vector<float>();
                CHECK(own == std::vector<float>(whole.begin() + first * 21, whole.end()));
            }
    }

    TEST_CASE("a batch is shared as evenly as can be") {
        CHECK(shares_of(8, 3) == std::vector<int64_t>{3, 3, 2});
        CHECK(shares_of(2, 4) == std::vector<int64_t>{1, 1, 0, 0});
        test::with_ranks(3, [](Communicator& over) {
            const BatchShare share{.over = &over, .clips = {3, 3, 2}};
            if (share.first() != 3 * over.rank() || share.in_all() != 8)
                throw std::logic_error("wrong share");
        });
    }
}
