#include "engine/optim.h"

#include <doctest/doctest.h>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include "engine/autograd.h"
#include "engine/backend.h"
#include "tests/engine/cuda/compare.h"

using namespace mdn;

namespace {

/// Parameters around the sizes of a warp, a block and what a block takes, and more of them than the
/// gradients of which go up in one launch.
std::vector<Shape> parameter_shapes() {
    std::vector<Shape> shapes{{1},   {31},   {32, 1}, {33},   {0},
                              {255}, {4095}, {4096},  {4097}, {3, 2731}};
    for (int64_t i = 0; i < 480; ++i) shapes.push_back({1 + i % 7});
    return shapes;
}

/// Gradients and schedule, and for every parameter its value and one or two moments: what a step
/// reads, and what of it it changes.
struct Step {
    std::vector<Shape> shapes = parameter_shapes();
    std::vector<Tensor> inputs;  // schedule, gradients, then what changes
    std::vector<Shape> outputs;
    std::vector<int64_t> updates;  // of each parameter, before the step; not the same of all

    Step(int moments, double learning_rate, int64_t step, double factor) {
        Random random(1);
        inputs.push_back(Tensor::from<double>({learning_rate, factor}, {2}));
        for (int64_t i = 0; i < std::ssize(shapes); ++i)
            updates.push_back((step - 1) / (1 + i % 3));
        for (const Shape& shape : shapes) inputs.push_back(random.normal_tensor(shape));
        for (int state = 0; state <= moments; ++state)
            for (const Shape& shape : shapes) {
                // Second moments small enough for a step to be seen in them.
                const double size = state == 2 ? 1e-4 : 1;
                inputs.push_back(random.uniform_tensor(shape, 0.1 * size, size));
                outputs.push_back(shape);
            }
    }

    /// The parameters, living in `out`, which receives their state before the step. The table was
    /// made before the gradients were known, as an optimizer makes it; some have none.
    ParameterTable table(Kernels& k, const std::vector<Tensor>& in,
                         std::vector<Tensor>& out) const {
        const size_t count = shapes.size();
        for (size_t i = 0; i < out.size(); ++i) out[i].copy_from(in[1 + count + i]);
        ParameterTable table;
        table.steps = Tensor::from(updates, {std::ssize(updates)}).to(in[0].device());
        for (size_t i = 0; i < count; ++i)
            table.slots.push_back(
                {.value = out[i],
                 .momentum = out[count + i],
                 .second_moment = out.size() > 2 * count ? out[2 * count + i] : Tensor(),
                 .weight_decay = i % 2 == 0 ? 0.3 : 0,
                 .rate = 0.5 * static_cast<double>(i % 4)});
        k.update_table(table);
        for (size_t i = 0; i < count; ++i)
            if (i % 5 != 3) table.slots[i].grad = in[1 + i];
        k.update_table(table);
        return table;
    }
};

/// An optimizer whose parameters get gradients of their own for each seed, and some of them none.
struct Updates {
    std::shared_ptr<ParameterStore> store;
    std::shared_ptr<Optimizer> optimizer;
    std::shared_ptr<std::map<int64_t, std::vector<Tensor>>> gradients;  // kept: where they are

    Updates(Device device, OptimizerKind kind)
        : store(std::make_shared<ParameterStore>(DType::f32, device)),
          gradients(std::make_shared<std::map<int64_t, std::vector<Tensor>>>()) {
        Random random(5);
        int64_t count = 0;
        // Far from zero: where an update took a value there, rounding would be all that is left.
        for (const Shape& shape : parameter_shapes())
            store->add(std::to_string(count++), random.uniform_tensor(shape, 1, 2), Role::weight);
        optimizer =
            std::make_shared<Optimizer>(*store, OptimizerOptions{.kind = kind, .clip_norm = 3});
        for (int64_t seed = 0; seed < 3; ++seed)
            for (int64_t i = 0; i < count; ++i)
                (*gradients)[seed].push_back(
                    i % 3 == seed ? Tensor()
                                  : random.normal_tensor(store->all()[i].value.shape()).to(device));
    }
    void bring_schedule() const { optimizer->schedule().copy_from(Optimizer::schedule_for(0.01)); }
    void update(int64_t seed) const {
        for (size_t i = 0; i < store->all().size(); ++i)
            autograd_meta(store->all()[i].value)->grad = gradients->at(seed)[i];
        optimizer->update();
    }
    double step(int64_t seed) const {
        bring_schedule();
        update(seed);
        return optimizer->finish();
    }
    std::unique_ptr<Recording> record(int64_t seed) const {
        return backend(Device::cuda).record_work([&] { update(seed); });
    }
};

}  // namespace

TEST_SUITE("engine/cuda/optim") {
    TEST_CASE("SGD and AdamW update every parameter as on the CPU, or none at all") {
        for (const auto& [factor, step] : {std::pair{1.0, 1}, {0.37, 1000}, {std::nan(""), 5}}) {
            const Step sgd(1, 0.1, step, factor), adamw(2, 0.1, step, factor);
            test::check_kernel({.inputs = sgd.inputs,
                                .outputs = sgd.outputs,
                                .call =
                                    [&](Kernels& k, auto& in, auto& out) {
                                        auto table = sgd.table(k, in, out);
                                        k.sgd_step(table, {.momentum = 0.8}, in[0]);
                                    },
                                .tolerance = 1e-6,
                                .bf16 = false});
            test::check_kernel({.inputs = adamw.inputs,
                                .outputs = adamw.outputs,
                                .call =
                                    [&](Kernels& k, auto& in, auto& out) {
                                        auto table = adamw.table(k, in, out);
                                        k.adamw_step(table, {.eps = 1e-3}, in[0]);
                                    },
                                .tolerance = 1e-6,
                                .bf16 = false});
        }
    }

    TEST_CASE("the norm of all gradients together") {
        Step step(1, 0.1, 1, 1);
        for (const float largest : {1.f, 1e30f}) {  // whose square is beyond a float
            step.inputs[3].data<float>()[1] = largest;
            test::check_kernel({.inputs = step.inputs,
                                .outputs = {{1}},
                                .call =
                                    [&](Kernels& k, auto& in, auto& out) {
                                        ParameterTable table;
                                        for (size_t i = 0; i < step.shapes.size(); ++i)
                                            table.slots.push_back(
                                                {.value = in[1 + i], .grad = in[1 + i]});
                                        table.slots[7].grad = {};  // skipped
                                        k.update_table(table);
                                        k.global_norm(table, out[0]);
                                    },
                                .output_dtypes = {DType::f64},
                                .tolerance = 1e-12,
                                .bf16 = false});
        }
        test::check_kernel({.inputs = {},
                            .outputs = {{1}},
                            .call =
                                [](Kernels& k, auto&, auto& out) {
                                    ParameterTable none;
                                    k.update_table(none);
                                    k.update_table(none);
                                    k.global_norm(none, out[0]);
                                },
                            .output_dtypes = {DType::f64},
                            .bf16 = false});
    }

    TEST_CASE("gradients are clipped to the limit, and refused where the norm is not finite") {
        for (const double norm : {0.0, 0.5, 2.0, 37.0, double{INFINITY}, std::nan("")})
            for (const double limit : {0.0, 2.0})
                test::check_kernel({.inputs = {Tensor::from<double>({norm}, {1}),
                                               Tensor::from<double>({0.1, 5}, {2})},
                                    .outputs = {{2}},
                                    .call =
                                        [=](Kernels& k, auto& in, auto& out) {
                                            out[0].copy_from(in[1]);
                                            k.clip_factor(in[0], limit, out[0]);
                                        },
                                    .output_dtypes = {DType::f64},
                                    .tolerance = 1e-12,
                                    .bf16 = false});
    }

    TEST_CASE("recorded updates and others in between agree with the CPU's, whatever gradients") {
        for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adamw}) {
            const Updates on_cpu(Device::cpu, kind), on_gpu(Device::cuda, kind);
            // Some gradients move, come and go: each kind of step finds its own.
            for (int64_t seed = 0; seed < 2; ++seed)
                CHECK(on_gpu.step(seed) == doctest::Approx(on_cpu.step(seed)).epsilon(1e-12));
            const auto recording = on_gpu.record(2);
            REQUIRE(recording);
            for (const int64_t seed : {2, 1, 2, 2, 0, 2}) {
                const double norm = on_cpu.step(seed);
                on_gpu.bring_schedule();
                if (seed == 2)
                    recording->replay();
                else
                    on_gpu.update(seed);
                CHECK(on_gpu.optimizer->finish() == doctest::Approx(norm).epsilon(1e-12));
                for (size_t i = 0; i < on_cpu.store->all().size(); ++i) {
                    CAPTURE(i);
                    CHECK(test::difference(on_gpu.store->all()[i].value.to(Device::cpu),
                                           on_cpu.store->all()[i].value)
                              .norm < 1e-6);
                }
                if (kind == OptimizerKind::adamw)
                    CHECK(on_gpu.optimizer->state().back().second.to_vector<int64_t>() ==
                          on_cpu.optimizer->state().back().second.to_vector<int64_t>());
            }
        }
    }
}
