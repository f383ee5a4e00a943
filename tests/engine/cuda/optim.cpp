#include <doctest/doctest.h>
#include <cmath>
#include <utility>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

namespace {

/// Parameters around the sizes of a warp, a block and what a block takes, and more of them than one
/// launch does.
std::vector<Shape> parameter_shapes() {
    std::vector<Shape> shapes{{1},   {31},   {32, 1}, {33},   {0},
                              {255}, {4095}, {4096},  {4097}, {3, 2731}};
    for (int64_t i = 0; i < 123; ++i) shapes.push_back({1 + i % 7});
    return shapes;
}

/// Gradients and schedule, and for every parameter its value and one or two moments: what a step
/// reads, and what of it it changes.
struct Step {
    std::vector<Shape> shapes = parameter_shapes();
    std::vector<Tensor> inputs;  // schedule, gradients, then what changes
    std::vector<Shape> outputs;

    Step(int moments, double learning_rate, double step, double factor) {
        Random random(1);
        inputs.push_back(Tensor::from<double>({learning_rate, step, factor}, {3}));
        for (const Shape& shape : shapes) inputs.push_back(random.normal_tensor(shape));
        for (int state = 0; state <= moments; ++state)
            for (const Shape& shape : shapes) {
                // Second moments small enough for a step to be seen in them.
                const double size = state == 2 ? 1e-4 : 1;
                inputs.push_back(random.uniform_tensor(shape, 0.1 * size, size));
                outputs.push_back(shape);
            }
    }

    /// The parameters, living in `out`, which receives their state before the step.
    std::vector<ParameterSlot> slots(const std::vector<Tensor>& in,
                                     std::vector<Tensor>& out) const {
        const size_t count = shapes.size();
        for (size_t i = 0; i < out.size(); ++i) out[i].copy_from(in[1 + count + i]);
        std::vector<ParameterSlot> slots;
        for (size_t i = 0; i < count; ++i)
            slots.push_back(
                {.value = out[i],
                 .grad = in[1 + i],
                 .momentum = out[count + i],
                 .second_moment = out.size() > 2 * count ? out[2 * count + i] : Tensor(),
                 .weight_decay = i % 2 == 0 ? 0.3 : 0,
                 .rate = 0.5 * static_cast<double>(i % 4)});
        return slots;
    }
};

}  // namespace

TEST_SUITE("engine/cuda/optim") {
    TEST_CASE("SGD and AdamW update every parameter as on the CPU, or none at all") {
        for (const auto& [factor, step] :
             {std::pair{1.0, 1.0}, {0.37, 1000.0}, {std::nan(""), 5.0}}) {
            const Step sgd(1, 0.1, step, factor), adamw(2, 0.1, step, factor);
            test::check_kernel({.inputs = sgd.inputs,
                                .outputs = sgd.outputs,
                                .call =
                                    [&](Kernels& k, auto& in, auto& out) {
                                        auto slots = sgd.slots(in, out);
                                        k.sgd_step(slots, {.momentum = 0.8}, in[0]);
                                    },
                                .tolerance = 1e-6,
                                .bf16 = false});
            test::check_kernel({.inputs = adamw.inputs,
                                .outputs = adamw.outputs,
                                .call =
                                    [&](Kernels& k, auto& in, auto& out) {
                                        auto slots = adamw.slots(in, out);
                                        k.adamw_step(slots, {.eps = 1e-3}, in[0]);
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
                                        std::vector<ParameterSlot> slots(step.shapes.size());
                                        for (size_t i = 0; i < slots.size(); ++i)
                                            slots[i].grad = in[1 + i];
                                        k.global_norm(slots, out[0]);
                                    },
                                .output_dtypes = {DType::f64},
                                .tolerance = 1e-12,
                                .bf16 = false});
        }
        test::check_kernel({.inputs = {},
                            .outputs = {{1}},
                            .call = [](Kernels& k, auto&, auto& out) { k.global_norm({}, out[0]); },
                            .output_dtypes = {DType::f64},
                            .bf16 = false});
    }

    TEST_CASE("gradients are clipped to the limit, and refused where the norm is not finite") {
        for (const double norm : {0.0, 0.5, 2.0, 37.0, double{INFINITY}, std::nan("")})
            for (const double limit : {0.0, 2.0})
                test::check_kernel({.inputs = {Tensor::from<double>({norm}, {1}),
                                               Tensor::from<double>({0.1, 7, 5}, {3})},
                                    .outputs = {{3}},
                                    .call =
                                        [=](Kernels& k, auto& in, auto& out) {
                                            out[0].copy_from(in[1]);
                                            k.clip_factor(in[0], limit, out[0]);
                                        },
                                    .output_dtypes = {DType::f64},
                                    .tolerance = 1e-12,
                                    .bf16 = false});
    }
}
