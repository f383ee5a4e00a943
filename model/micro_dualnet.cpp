#include "model/micro_dualnet.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/ops.h"
#include "model/backbone.h"
#include "model/classifier.h"
#include "model/dual_path.h"
#include "model/mac_loss.h"
#include "model/pose_encoder.h"
#include "model/router.h"
#include "model/sem.h"

namespace mdn {

struct MicroDualNet::Layers {
    Config config;
    ParameterStore parameters;
    std::optional<Random> random;  // none: the initial weights are not drawn
    DType activations;
    DropoutSites sites;
    std::optional<Backbone> backbone;
    std::optional<Sem> sem;
    std::optional<PoseEncoder> pose;
    std::optional<Path> st, ts;
    std::optional<Router> router;
    std::optional<Classifier> classifier;

    Layers(const Config& config, std::optional<uint64_t> seed, DType dtype, Device device)
        : config(config), parameters(dtype, device), activations(dtype) {
        if (seed) random.emplace(*seed);
        if (config.has_frames()) {
            backbone.emplace(root() / "backbone", config.backbone, config.frames);
            if (config.has_entities()) sem.emplace(root() / "sem", config);
        } else {
            pose.emplace(root() / "pose", config);
        }
        if (config.has_st()) st.emplace(root() / "st", config, PathOrder::st, sites);
        if (config.has_ts()) ts.emplace(root() / "ts", config, PathOrder::ts, sites);
        if (config.has_router()) router.emplace(root() / "router", config);
        classifier.emplace(root() / "classifier", config, sites);
    }

    Scope root() { return {parameters, random ? &*random : nullptr}; }
    /// Before each pass: the parameters may have changed since the last.
    void prepare_parameters(bool training) {
        if (activations == DType::bf16) parameters.round_weights();
        if (!training) parameters.fold_batch_norms();
    }
    void check_inputs(const Inputs& inputs, const Tensor& labels) const;
};

namespace {

const Config& checked(const Config& config) {
    check_config(config);
    return config;
}

/// f_entity = mean over T, entity-major: [B,T,K,D] → [B,K·D]
Tensor mean_over_frames(const Tensor& x) {
    return reshape(mean(x, 1), {x.dim(0), x.dim(2) * x.dim(3)});
}

void require_input(const char* name, const Tensor& x, const Shape& shape, DType dtype,
                   Device device) {
    if (!x.defined()) throw Error(std::string(name) + " is not given");
    if (x.shape() != shape)
        throw Error(std::string(name) + " has shape " + to_string(x.shape()) + ", expected " +
                    to_string(shape));
    if (x.dtype() != dtype || x.device() != device)
        throw Error(std::string(name) + " is " + to_string(x.dtype()) + " on " +
                    to_string(x.device()) + ", expected " + to_string(dtype) + " on " +
                    to_string(device));
}

}  // namespace

void MicroDualNet::Layers::check_inputs(const Inputs& inputs, const Tensor& labels) const {
    const int64_t T = config.frames, S = config.size, K = config.entity_count();
    const DType dtype = parameters.dtype();
    const Device device = parameters.device();
    const Tensor& first = config.has_frames() ? inputs.frames : inputs.joints;
    const int64_t B = first.defined() && first.rank() > 0 ? std::max<int64_t>(first.dim(0), 1) : 1;
    if (!config.has_frames()) {
        require_input("joints", first, {B, T, K, joints_per_entity, 3}, dtype, device);
    } else {
        require_input("frames", first, {B, T, S, S, 3}, dtype, device);
        if (config.has_entities())
            require_input("boxes", inputs.boxes, {B, T, K, 4}, dtype, device);
    }
    if (labels.defined()) require_input("labels", labels, {B}, DType::i64, device);
}

MicroDualNet::MicroDualNet(const Config& config, std::optional<uint64_t> seed, DType dtype,
                           Device device)
    : layers_(std::make_unique<Layers>(checked(config), seed, dtype, device)) {}

MicroDualNet::~MicroDualNet() = default;

void MicroDualNet::compute_in(DType activations) {
    const ParameterStore& store = layers_->parameters;
    if (activations == DType::bf16 && store.device() == Device::cpu)
        throw Error("bf16 activations need a GPU", "run with --device cuda");
    if (parameter_dtype(activations) != store.dtype())
        throw Error("activations of " + to_string(activations) + " do not fit parameters of " +
                    to_string(store.dtype()));
    layers_->activations = activations;
}

const Config& MicroDualNet::config() const { return layers_->config; }
ParameterStore& MicroDualNet::parameters() { return layers_->parameters; }
const ParameterStore& MicroDualNet::parameters() const { return layers_->parameters; }

Outputs MicroDualNet::forward(const Inputs& inputs, const Tensor& labels,
                              const ForwardOptions& options) {
    Layers& net = *layers_;
    net.check_inputs(inputs, labels);
    net.prepare_parameters(options.training);
    if (net.pose) {
        Outputs out;
        // Cast behind the encoder: the motion of a joint would drown in bf16's rounding of its
        // place.
        out.entities = cast(net.pose->forward(inputs.joints), net.activations);
        return from_entities(std::move(out), labels, options);
    }
    const int64_t B = inputs.frames.dim(0), T = net.config.frames, S = net.config.size;
    const Tensor images = cast(inputs.frames.view({B * T, S, S, 3}), net.activations);
    const Tensor maps = net.backbone->forward(images, options);
    const Tensor features = reshape(maps, {B, T, maps.dim(1), maps.dim(2), maps.dim(3)});
    return from_features(features, inputs.boxes, labels, options);
}

Outputs MicroDualNet::head(const Tensor& features, const Tensor& boxes, const Tensor& labels,
                           const ForwardOptions& options) {
    Layers& net = *layers_;
    if (!net.backbone) throw Error("modality pose has no backbone, and nothing that follows it");
    net.prepare_parameters(options.training);
    return from_features(features, boxes, labels, options);
}

Outputs MicroDualNet::from_features(const Tensor& features, const Tensor& boxes,
                                    const Tensor& labels, const ForwardOptions& options) {
    Layers& net = *layers_;
    const int64_t B = features.dim(0), T = net.config.frames;
    const int64_t H = features.dim(2), W = features.dim(3), C = features.dim(4);
    Outputs out;
    out.features = cast(features, net.activations);
    {
        static const ModuleName pooling = module_name("pooling");
        const ModuleScope in(pooling);
        // f_cnn = mean over T, H, W
        out.f_cnn = in.output(mean(reshape(out.features, {B, T * H * W, C}), 1));
    }
    if (net.sem)
        out.entities = net.sem->forward(reshape(out.features, {B * T, H, W, C}), boxes, options);
    return from_entities(std::move(out), labels, options);
}

Outputs MicroDualNet::from_entities(Outputs out, const Tensor& labels,
                                    const ForwardOptions& options) {
    Layers& net = *layers_;
    const Config& config = net.config;
    // Of the weights, the losses and all that is reported.
    const DType dtype = net.parameters.dtype();
    const Device device = net.parameters.device();
    if (out.entities.defined()) {
        const int64_t B = out.entities.dim(0), K = config.entity_count();
        if (net.st) out.st = net.st->forward(out.entities, options);
        if (net.ts) out.ts = net.ts->forward(out.entities, options);
        static const ModuleName fusion = module_name("fusion");
        const ModuleScope in(fusion);
        if (config.has_both_paths()) {
            const Tensor alpha = net.router ? net.router->forward(out.st, out.ts)
                                            : Tensor::full({B, K, 2}, 0.5, out.st.dtype(), device);
            // X_fused[b,t,i] = α_st·X_st + α_ts·X_ts
            out.fused = in.output(mix(out.st, out.ts, alpha));
            out.alpha = cast(alpha, dtype);
        } else {
            out.fused = net.st ? out.st : out.ts;
        }
        out.f_entity = in.output(mean_over_frames(out.fused), "f_entity");
    }
    out.logits = cast(net.classifier->forward(out.f_cnn, out.f_entity, options), dtype);

    if (labels.defined()) {
        static const ModuleName loss = module_name("loss");
        const ModuleScope in(loss);
        const BatchShare compared = options.ranks.gather_mac ? options.ranks.share : BatchShare{};
        out.loss_ce =
            in.output(softmax_cross_entropy(out.logits, labels, {}, options.label_smoothing), "ce");
        // loss = CE + λ·MAC
        if (config.has_both_paths() && config.mac_weight > 0) {
            out.loss_mac = mac_loss(out.st, out.ts, labels, config.mac_temperature, compared);
            out.loss = add(out.loss_ce, scale(out.loss_mac, config.mac_weight));
        } else {
            const NoGrad reported_only;
            out.loss_mac = config.has_both_paths()
                               ? mac_loss(out.st, out.ts, labels, config.mac_temperature, compared)
                               : Tensor::zeros({1}, dtype, device);
            out.loss = out.loss_ce;
        }
        in.output(out.loss);
    }
    return out;
}

Tensor MicroDualNet::logits_of_path(const Outputs& outputs, Paths path) const {
    const Layers& net = *layers_;
    if (!net.config.has_both_paths())
        throw Error("a model of one path, or none, has no path to take alone");
    if (path == Paths::dual) throw Error("one path alone is st or ts");
    const Tensor& alone = path == Paths::st ? outputs.st : outputs.ts;
    return cast(net.classifier->forward(outputs.f_cnn, mean_over_frames(alone), {}),
                net.parameters.dtype());
}

Outputs MicroDualNet::rerouted(const Outputs& outputs, const Tensor& alpha) const {
    const Layers& net = *layers_;
    if (!net.config.has_both_paths())
        throw Error("a model of one path, or none, has nothing to route");
    require_input("alpha", alpha, {outputs.st.dim(0), net.config.entity_count(), 2},
                  net.parameters.dtype(), net.parameters.device());
    Outputs result = outputs;
    result.alpha = alpha;
    result.fused = mix(outputs.st, outputs.ts, cast(alpha, outputs.st.dtype()));
    result.f_entity = mean_over_frames(result.fused);
    result.logits =
        cast(net.classifier->forward(outputs.f_cnn, result.f_entity, {}), net.parameters.dtype());
    return result;
}

}  // namespace mdn
