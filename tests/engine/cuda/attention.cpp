#include <doctest/doctest.h>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

namespace {

struct Case {
    int64_t clips, frames, entities, heads, width;
};

Tensor empty_probabilities(const Case& c, TokenAxis axis) {
    const bool along_frames = axis == TokenAxis::frames;
    const int64_t length = along_frames ? c.frames : c.entities;
    const int64_t others = along_frames ? c.entities : c.frames;
    return Tensor::empty({c.clips, others, c.heads, length, length});
}

}  // namespace

TEST_SUITE("engine/cuda/attention") {
    TEST_CASE("both axes, both ways, lengths and head widths around a warp") {
        Random random(1);
        for (const Case& c : {Case{1, 1, 1, 1, 1}, Case{1, 8, 3, 1, 8}, Case{2, 3, 2, 2, 7},
                              Case{1, 31, 1, 1, 33}, Case{1, 1, 32, 2, 5}, Case{1, 33, 1, 2, 3},
                              Case{1, 48, 1, 1, 64}, Case{0, 3, 4, 2, 8}})
            for (const TokenAxis axis : {TokenAxis::frames, TokenAxis::entities}) {
                CAPTURE(to_string({c.clips, c.frames, c.entities, c.heads, c.width}));
                CAPTURE(static_cast<int>(axis));
                const Shape tokens = {c.clips, c.frames, c.entities, c.heads * c.width};
                Shape packed = tokens;
                packed[3] *= 3;
                const Tensor qkv = random.normal_tensor(packed, 1.5);
                const Tensor dy = random.normal_tensor(tokens);
                Tensor y = Tensor::empty(tokens), probabilities = empty_probabilities(c, axis);
                test::check_kernel({.inputs = {qkv},
                                    .outputs = {tokens, probabilities.shape()},
                                    .call = [=](Kernels& kernels, auto& in, auto& out) {
                                        kernels.attention_forward(in[0], c.heads, axis, out[0],
                                                                  out[1]);
                                    }});
                kernels(qkv).attention_forward(qkv, c.heads, axis, y, probabilities);
                test::check_kernel({.inputs = {qkv, probabilities, dy},
                                    .outputs = {packed},
                                    .call = [=](Kernels& kernels, auto& in, auto& out) {
                                        kernels.attention_backward(in[0], in[1], c.heads, axis,
                                                                   in[2], out[0]);
                                    }});
            }
    }

    TEST_CASE("scores far apart and far from zero overflow nothing") {
        Random random(2);
        test::check_kernel({.inputs = {random.normal_tensor({1, 5, 3, 3 * 8}, 60)},
                            .outputs = {{1, 5, 3, 8}, {1, 3, 2, 5, 5}},
                            .call =
                                [](Kernels& kernels, auto& in, auto& out) {
                                    kernels.attention_forward(in[0], 2, TokenAxis::frames, out[0],
                                                              out[1]);
                                },
                            .bf16 = false});
    }

    TEST_CASE("a sequence that does not fit into shared memory is an error that says so") {
        const Case c = {1, 300, 1, 1, 64};
        const Tensor qkv = Tensor::zeros({1, 300, 1, 3 * 64}, DType::f32, Device::cuda);
        Tensor y = Tensor::empty({1, 300, 1, 64}, DType::f32, Device::cuda);
        Tensor probabilities = empty_probabilities(c, TokenAxis::frames).to(Device::cuda);
        CHECK_THROWS_WITH_AS(
            kernels(qkv).attention_forward(qkv, 1, TokenAxis::frames, y, probabilities),
            doctest::Contains("[attention] sequences of 300 tokens with heads 64 wide need 582 KiB "
                              "of shared memory"),
            Error);
    }
}
