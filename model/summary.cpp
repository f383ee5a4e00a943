#include "model/summary.h"

#include <algorithm>
#include <utility>

#include "model/backbone.h"
#include "model/pose_encoder.h"

namespace mdn {

namespace {

// Multiply-adds an element, as summary.h says.
constexpr int64_t batch_norm_macs = 2, layer_norm_macs = 5;

/// A layer as the training step sees it; numbers of elements, for one clip.
struct Piece {
    LayerSummary layer;
    int64_t buffers = 0;     // running statistics
    int64_t kept = 0;        // held from its forward to its backward, its output included
    int64_t kept_bytes = 0;  // held likewise, whatever the dtype of activations
    int64_t working = 0;  // most held at once inside its backward, the output's gradient included

    // What the backward pass computes again, and then holds until the layer's backward.
    int64_t again = 0;         // for the layer's own backward
    int64_t output_again = 0;  // the output, for that of the next layer
    /// Whether computing the output again takes the output of the layer before.
    bool chained = false;
    /// Held when the backward pass comes to read the layer's input, without that input.
    int64_t reading_input = 0;

    /// What a forward pass computes at once, whatever it keeps.
    int64_t computed() const { return kept + again + output_again; }
};

/// The layers of a model in the order they run, with the shapes the model gives them.
class Plan {
  public:
    explicit Plan(const Config& config, Recompute recompute = Recompute::nothing)
        : c_(config), recompute_(recompute) {
        if (c_.has_frames()) backbone();
        if (c_.has_frames() && c_.has_entities()) sem();
        if (!c_.has_frames()) pose();
        if (c_.has_st()) path("st", {"spatial", "temporal"});
        if (c_.has_ts()) path("ts", {"temporal", "spatial"});
        if (c_.has_router()) router();
        classifier();
    }

    const std::vector<Piece>& pieces() const { return pieces_; }
    int64_t backbone_pieces() const { return backbone_pieces_; }

  private:
    Piece& add(std::string name, Shape shape) {
        pieces_.push_back({{std::move(name), std::move(shape)}});
        return pieces_.back();
    }

    /// Counts a convolution at `positions` outputs, each made of `in` channels, and the batch norm
    /// behind it.
    static void convolution(Piece& piece, int64_t positions, int64_t in, int64_t out,
                            int64_t kernel) {
        piece.layer.parameters += kernel * kernel * in * out + 2 * out;
        piece.layer.macs += positions * out * (kernel * kernel * in + batch_norm_macs);
        piece.buffers += 2 * out;
    }

    static void linear(Piece& piece, int64_t rows, int64_t in, int64_t out) {
        piece.layer.parameters += in * out + out;
        piece.layer.macs += rows * in * out;
    }

    void backbone() {
        const int64_t T = c_.frames, width = c_.backbone.width;
        const int64_t stem = output_side(c_.size, 7, 2, 3);
        int64_t side = output_side(stem, 3, 2, 1);
        const int64_t raw = T * stem * stem * width, pooled = T * side * side * width;
        Piece& first = add("backbone.stem", {T, side, side, width});
        convolution(first, T * stem * stem, 3, width, 7);
        const bool raw_again = recompute_ == Recompute::convolutions;
        (raw_again ? first.again : first.kept) = raw;
        first.kept += pooled;
        first.kept_bytes = pooled;  // max-pooling's winners
        // Pooling's gradients, the input's as large as the raw output; the output is freed by then.
        // What is computed again comes after them, when the smaller one is freed.
        first.working = raw_again ? raw - pooled : raw;

        const std::vector<BlockPlan> blocks = plan_blocks(c_.backbone);
        const std::vector<bool> kept = kept_outputs(blocks, side, recompute_);
        for (size_t i = 0; i < blocks.size(); ++i) {
            const BlockPlan& plan = blocks[i];
            const int64_t before = T * side * side;
            const BlockNumbers numbers = numbers_of(plan, side);
            const int64_t after = T * side * side;
            const int64_t all_raw = T * numbers.of_convolutions(), out = T * numbers.output;
            Piece& block = add("backbone." + plan.name, {T, side, side, plan.out});
            if (plan.bottleneck) {
                convolution(block, before, plan.in, plan.width, 1);
                convolution(block, after, plan.width, plan.width, 3);
                convolution(block, after, plan.width, plan.out, 1);
            } else {
                convolution(block, after, plan.in, plan.width, 3);
                convolution(block, after, plan.width, plan.out, 3);
            }
            if (plan.downsample) convolution(block, after, plan.in, plan.out, 1);
            (raw_again ? block.again : block.kept) = all_raw;
            (kept[i] ? block.kept : block.output_again) += out;
            block.chained = raw_again || !plan.downsample;
            // The gradients of the sum and of the last raw output; the output is freed between.
            block.working = out;
            const int64_t in = before * plan.in, first_raw = T * numbers.convolutions[0];
            // At a downsample, the gradients of both branches are as large as the raw outputs that
            // are freed by then, and the input's is added. Elsewhere the first convolution comes
            // last: the gradient of its raw output, and the input's from both branches.
            block.reading_input = plan.downsample ? all_raw + in : first_raw + 2 * in;
        }
        backbone_pieces_ = static_cast<int64_t>(pieces_.size());
    }

    void sem() {
        const int64_t T = c_.frames, K = c_.entity_count(), D = c_.dim, C = c_.feature_channels();
        const int64_t positions = T * K * c_.roi * c_.roi;
        Piece& piece = add("sem", {T, K, D});
        convolution(piece, positions, 1, C, 3);  // depthwise: one input channel each
        convolution(piece, positions, C, D, 1);
        piece.layer.parameters += K * D + T * D;
        piece.kept = positions * (2 * C + D) + T * K * D;
        piece.working = positions * (C + D);
    }

    void pose() {
        const int64_t T = c_.frames, K = c_.entity_count(), D = c_.dim, in = 3 * joints_per_entity;
        Piece& piece = add("pose", {T, K, D});
        piece.layer.parameters = K * (in * D + D + D * D + D) + K * D + T * D;
        piece.layer.macs = T * K * (in * D + D * D);
        piece.kept = T * K * D;  // the tokens
        // Before and after GELU: the encoder computes in float32 whatever comes after it.
        piece.kept_bytes = 2 * T * K * D * int64_t{sizeof(float)};
        piece.working = 3 * T * K * D;
    }

    void path(const std::string& name, const std::array<const char*, 2>& order) {
        const int64_t D = c_.dim, tokens = c_.frames * c_.entity_count();
        encoder(name + "." + order[0]);
        Piece& mlp = add(name + ".mlp", {c_.frames, c_.entity_count(), D});
        linear(mlp, tokens, D, D);
        linear(mlp, tokens, D, D);
        // Pre-activation, activation, and the sum with the first transformer's output.
        mlp.kept = 3 * tokens * D;
        mlp.working = 4 * tokens * D;
        encoder(name + "." + order[1]);
    }

    void encoder(const std::string& name) {
        const int64_t T = c_.frames, K = c_.entity_count(), D = c_.dim, hidden = c_.mlp_ratio * D;
        const int64_t tokens = T * K, length = name.ends_with("spatial") ? K : T;
        for (int64_t l = 0; l < c_.layers; ++l) {
            Piece& piece = add(name + ".layers." + std::to_string(l), {T, K, D});
            piece.layer.parameters = 2 * 2 * D;  // the two layer norms
            piece.layer.macs = 2 * layer_norm_macs * tokens * D;
            linear(piece, tokens, D, 3 * D);
            piece.layer.macs += 2 * tokens * length * D;  // q kᵀ and its product with v
            linear(piece, tokens, D, D);
            linear(piece, tokens, D, hidden);
            linear(piece, tokens, hidden, D);
            // Per token: LN1's output, q k v, probabilities, attended, first sum; LN2's output,
            // FC1 before and after GELU, second sum; mean and 1/σ of both norms.
            piece.kept = tokens * (8 * D + 2 * hidden + c_.heads * length + 4);
            piece.working = tokens * (D + 2 * hidden);
        }
        Piece& norm = add(name + ".norm", {T, K, D});
        norm.layer.parameters = 2 * D;
        norm.layer.macs = layer_norm_macs * tokens * D;
        norm.kept = tokens * (D + 2);
        norm.working = 2 * tokens * D;
    }

    void router() {
        const int64_t K = c_.entity_count(), D = c_.dim, R = c_.router_hidden;
        Piece& piece = add("router", {K, 2});
        piece.layer.parameters = K * (R * 2 * D + R + 2 * R + 2);
        piece.layer.macs = K * (R * 2 * D + 2 * R);
        piece.kept = K * (2 * D + 2 * R + 4);
        piece.working = K * (2 * D + 2 * R) + 2 * c_.frames * K * D;
    }

    void classifier() {
        const int64_t C = c_.has_frames() ? c_.feature_channels() : 0;
        const int64_t entity = c_.entity_count() * c_.dim;
        const int64_t in = C + (c_.has_entities() ? entity : 0);
        Piece& piece = add("classifier", {c_.classes});
        linear(piece, 1, in, c_.head_hidden);
        linear(piece, 1, c_.head_hidden, c_.classes);
        piece.kept = 2 * in + 3 * c_.head_hidden + c_.classes;
        if (c_.has_both_paths()) {
            // The mixed tokens, and for the MAC loss both paths' directions, twice.
            piece.kept += 5 * c_.frames * entity;
        }
        piece.working = 2 * (in + c_.head_hidden + c_.classes);
    }

    const Config& c_;
    const Recompute recompute_;
    std::vector<Piece> pieces_;
    int64_t backbone_pieces_ = 0;
};

}  // namespace

ModelSummary summarize(const Config& config) {
    check_config(config);
    const Plan plan(config);
    ModelSummary summary;
    summary.total = {"total", {config.classes}};
    for (const Piece& piece : plan.pieces()) {
        summary.total.parameters += piece.layer.parameters;
        summary.total.macs += piece.layer.macs;
        summary.layers.push_back(piece.layer);
    }
    if (!config.has_frames()) return summary;

    const int64_t convolutions = config.backbone.block == Block::bottleneck ? 3 : 2;
    int64_t depth = 2;  // the stem and the classifier
    for (int64_t blocks : config.backbone.depths) depth += blocks * convolutions;
    const int64_t weights = config.feature_channels() * config.classes;
    LayerSummary& tsm = summary.tsm.emplace();
    tsm = {"TSM-R" + std::to_string(depth),
           {config.classes},
           weights + config.classes,
           config.frames * weights};
    for (int64_t i = 0; i < plan.backbone_pieces(); ++i) {
        tsm.parameters += summary.layers[i].parameters;
        tsm.macs += summary.layers[i].macs;
    }
    return summary;
}

namespace {

constexpr int64_t parameter_bytes = sizeof(float);

/// Parameters and running statistics with what a GPU keeps beside them: three constants to every
/// two buffers (FoldedBatchNorm), and with bf16 activations the bf16 copies of the weights, which
/// nearly all parameters are.
int64_t bytes_of_parameters(const Piece& piece, DType activations) {
    const int64_t copies = activations == DType::bf16 ? size_of(activations) : 0;
    return parameter_bytes * (piece.layer.parameters + piece.buffers * 5 / 2) +
           copies * piece.layer.parameters;
}

void check_clips(int64_t clips) {
    if (clips < 1 || clips > 4096)
        throw Error("a batch must have from 1 to 4096 clips, not " + std::to_string(clips));
}

/// Frames and boxes, or joints, and labels of a batch.
int64_t input_bytes(const Config& config, int64_t clips) {
    const int64_t pixels = config.frames * config.size * config.size * 3;
    const int64_t tokens = config.frames * config.entity_count();
    const int64_t numbers = config.has_frames() ? pixels + 4 * tokens  // and the boxes' corners
                                                : 3 * joints_per_entity * tokens;
    return clips * (int64_t{sizeof(float)} * numbers + 8);
}

/// The frames once more, where activations have another dtype.
int64_t cast_frames_bytes(const Config& config, int64_t clips, DType activations) {
    if (activations == DType::f32 || !config.has_frames()) return 0;
    return clips * config.frames * config.size * config.size * 3 * size_of(activations);
}

}  // namespace

TrainingMemory estimate_training_memory(const Config& config, int64_t clips,
                                        OptimizerKind optimizer, DType activations,
                                        Recompute recompute) {
    check_config(config);
    check_clips(clips);
    const int64_t element = clips * size_of(activations);
    const auto kept_by = [&](const Piece& piece) {
        return element * piece.kept + clips * piece.kept_bytes;
    };
    const Plan plan(config, recompute);
    TrainingMemory memory;
    const int64_t frames = cast_frames_bytes(config, clips, activations);
    memory.activations = frames;
    for (const Piece& piece : plan.pieces()) {
        memory.parameters += bytes_of_parameters(piece, activations);
        memory.gradients += parameter_bytes * piece.layer.parameters;
        memory.activations += kept_by(piece);
    }
    memory.optimizer = memory.gradients * (optimizer == OptimizerKind::adamw ? 2 : 1);
    memory.inputs = input_bytes(config, clips);

    // The backward pass walks the layers from the last to the first: what they kept, or it has
    // computed again, is freed as their gradients fill in.
    const int64_t resident = memory.parameters + memory.optimizer + memory.inputs;
    int64_t held = memory.activations, gradients = 0;
    const auto see = [&](int64_t working) {
        memory.peak = std::max(memory.peak, resident + gradients + held + element * working);
    };
    std::vector<Piece> left = plan.pieces();
    std::vector<int64_t> computed_again(left.size(), 0);
    const auto compute_again = [&](int64_t i, int64_t& numbers) {
        held += element * numbers;
        computed_again[i] += std::exchange(numbers, 0);
    };
    // That of layer i, and of the layers before it that it is made of.
    const auto compute_output_again = [&](int64_t i) {
        for (; i >= 0 && left[i].output_again > 0; --i) {
            compute_again(i, left[i].again);
            compute_again(i, left[i].output_again);
            if (!left[i].chained) return;
        }
    };
    for (int64_t i = std::ssize(left) - 1; i >= 0; --i) {
        if (left[i].again > 0) {
            compute_output_again(i - 1);
            compute_again(i, left[i].again);
        }
        see(left[i].working);
        gradients += parameter_bytes * left[i].layer.parameters;
        held -= kept_by(left[i]) + element * computed_again[i];
        compute_output_again(i - 1);
        see(left[i].reading_input);
    }
    return memory;
}

int64_t estimate_forward_memory(const Config& config, int64_t clips, DType activations) {
    check_config(config);
    check_clips(clips);
    const int64_t element = size_of(activations);
    int64_t parameters = 0, working = 0, before = 0;
    const Plan plan(config);
    for (const Piece& piece : plan.pieces()) {
        parameters += bytes_of_parameters(piece, activations);
        working = std::max(working, element * (before + piece.computed()) + piece.kept_bytes);
        before = piece.computed();
    }
    return parameters + input_bytes(config, clips) + cast_frames_bytes(config, clips, activations) +
           clips * working;
}

}  // namespace mdn
