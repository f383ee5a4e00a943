// The engine's ops by name: inputs in the order of engine/ops.h, everything else as attributes.
#include <map>
#include <string>

#include "engine/ops.h"
#include "tests/peers/run_case.h"

namespace mdn::peers {

namespace {

Conv2d convolution(const Step& s) {
    return {s.integer("stride"), s.integer("pad"), s.integer("shift_frames")};
}

/// From five inputs: x, gamma, beta, running mean and running variance, which training changes in
/// place.
Normalized normalized(const Step& s, size_t first = 0) {
    RunningStatistics running{s[first + 3], s[first + 4]};
    return batch_norm(s[first], s[first + 1], s[first + 2], running,
                      {s.number("eps"), s.number("momentum"), s.integer("training") != 0});
}

DType dtype_named(const std::string& name) {
    for (const DType dtype : {DType::f32, DType::f64, DType::bf16})
        if (to_string(dtype) == name) return dtype;
    throw std::runtime_error("no floating dtype is called " + name);
}

const std::map<std::string, Op> ops = {
    {"add", [](const Step& s) { return add(s[0], s[1]); }},
    {"multiply", [](const Step& s) { return multiply(s[0], s[1]); }},
    {"scale", [](const Step& s) { return scale(s[0], s.number("factor")); }},
    {"relu", [](const Step& s) { return relu(s[0]); }},
    {"gelu", [](const Step& s) { return gelu(s[0]); }},
    {"cast", [](const Step& s) { return cast(s[0], dtype_named(s.text("dtype"))); }},
    {"dropout",
     [](const Step& s) {
         return dropout(s[0], s.number("p"), {s[1], 0});
     }},

    {"reshape", [](const Step& s) { return reshape(s[0], s.shape("shape")); }},
    {"sum", [](const Step& s) { return sum(s[0]); }},
    {"mean", [](const Step& s) { return mean(s[0], s.integer("axis")); }},
    {"concat", [](const Step& s) { return concat(s[0], s[1]); }},
    {"swap_middle_axes", [](const Step& s) { return swap_middle_axes(s[0]); }},

    {"matmul_nt", [](const Step& s) { return matmul_nt(s[0], s[1], s.number("alpha")); }},
    {"linear", [](const Step& s) { return linear(s[0], s[1], s[2]); }},
    {"linear_gelu", [](const Step& s) { return linear_gelu(s[0], s[1], s[2]); }},
    {"grouped_linear", [](const Step& s) { return grouped_linear(s[0], s[1], s[2]); }},

    {"normalize", [](const Step& s) { return normalize(normalized(s)); }},
    {"normalize_relu", [](const Step& s) { return normalize_relu(normalized(s)); }},
    {"normalize_add_relu", [](const Step& s) { return add_relu(normalized(s), s[5]); }},
    {"normalize_both_add_relu",
     [](const Step& s) { return add_relu(normalized(s), normalized(s, 5)); }},
    {"normalize_conv2d", [](const Step& s) { return conv2d(normalized(s), s[5], convolution(s)); }},

    {"conv2d", [](const Step& s) { return conv2d(s[0], s[1], convolution(s)); }},
    {"depthwise_conv2d",
     [](const Step& s) { return depthwise_conv2d(s[0], s[1], s.integer("pad")); }},
    {"temporal_shift", [](const Step& s) { return temporal_shift(s[0], s.integer("frames")); }},
    {"max_pool2d",
     [](const Step& s) {
         return max_pool2d(s[0], {s.integer("kernel"), s.integer("stride"), s.integer("pad")});
     }},
    {"roi_align",
     [](const Step& s) { return roi_align(s[0], s[1], s.number("size"), s.integer("bins")); }},

    {"layer_norm", [](const Step& s) { return layer_norm(s[0], s[1], s[2], s.number("eps")); }},
    {"attention",
     [](const Step& s) {
         return attention(s[0], s.integer("heads"),
                          s.text("axis") == "frames" ? TokenAxis::frames : TokenAxis::entities);
     }},
    {"add_embeddings", [](const Step& s) { return add_embeddings(s[0], s[1], s[2]); }},
    {"softmax", [](const Step& s) { return softmax(s[0], s.number("temperature")); }},
    {"mix", [](const Step& s) { return mix(s[0], s[1], s[2]); }},
    {"l2_normalize", [](const Step& s) { return l2_normalize(s[0], s.number("eps")); }},
    {"softmax_cross_entropy",
     [](const Step& s) { return softmax_cross_entropy(s[0], s[1], s[2], s.number("smoothing")); }},
};

}  // namespace

Op find_op(const std::string& name) {
    const auto found = ops.find(name);
    return found == ops.end() ? nullptr : found->second;
}

}  // namespace mdn::peers
