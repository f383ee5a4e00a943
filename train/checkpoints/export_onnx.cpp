#include "train/checkpoints/export_onnx.h"

#include <algorithm>
#include <array>

#include "data/augmentation.h"
#include "data/entity.h"
#include "data/entity_boxes.h"
#include "data/entity_joints.h"
#include "data/images/image.h"
#include "engine/error.h"
#include "model/onnx/micro_dualnet.h"
#include "train/checkpoints/checkpoint.h"
#include "train/checkpoints/trained_classes.h"
#include "train/output/format.h"
#include "train/version.h"

namespace mdn {

namespace {

std::vector<Entity> entities_of(const Config& config) {
    std::vector<Entity> entities;
    for (const std::string& name : config.entities) entities.push_back(entity_from_name(name));
    return entities;
}

/// SPEC §8's layout for one frame, [K,4].
Tensor fixed_boxes_of(const Config& config) {
    const Tensor boxes = Tensor::empty({config.entity_count(), 4});
    fixed_boxes(entities_of(config), 1, config.size, boxes.data<float>());
    return boxes;
}

template <class Numbers>
std::string listed(const Numbers& numbers, const char* pattern) {
    std::string text;
    for (const auto number : numbers)
        text.append(text.empty() ? "" : ",").append(format(pattern, number));
    return text;
}

std::string sampling_text(const Config& config) {
    const auto T = static_cast<long long>(config.frames);
    return format(
        "%lld frames of a clip in order of time: of a clip of N frames, counted from 0, those with "
        "the numbers floor(k*N/%lld + N/%lld) for k = 0 to %lld.",
        T, T, 2 * T, T - 1);
}

std::string frames_text(const Config& config) {
    const auto S = static_cast<long long>(config.size);
    const auto side = static_cast<long long>(resized({S, S}, S).width);
    return sampling_text(config) +
           format(
               " Each frame is resized so that its short side has %lld pixels (bilinear, "
               "half-pixel centres, no antialiasing), and the %lldx%lld pixels in its centre are "
               "taken. Values are red, green, blue in 0..255, as float32, not normalised: the "
               "graph subtracts rgb_mean and divides by rgb_deviation.",
               side, S, S);
}

/// Which joints an entity has, as their numbers in BODY_25.
std::string joint_numbers(Entity entity) {
    std::vector<int> numbers;
    for (const Body25 joint : joints_of(entity)) numbers.push_back(static_cast<int>(joint));
    return listed(numbers, "%d");
}

/// The rule of SPEC §3 for one entity's box.
std::string box_rule(Entity entity) {
    const std::string bounds = "bounds of the valid ones of joints " + joint_numbers(entity);
    switch (entity) {
        case Entity::face:
            return bounds + ", grown by 0.15 u on every side";
        case Entity::head:
            return bounds + ", grown by 0.15 u on every side and by 0.25 u more at the top";
        case Entity::torso:
        case Entity::lower_body:
            return bounds + ", grown by 0.10 u on every side";
        case Entity::left_hand:
        case Entity::right_hand:
            const auto joints = joints_of(entity);
            return format(
                "square of half side 0.22 u around W + 0.35 (W - E), around W if E is not valid; W "
                "is joint %d and E is joint %d",
                static_cast<int>(joints[2]), static_cast<int>(joints[1]));
    }
    return {};
}

constexpr const char* valid_joint =
    "Of several people in a frame, take the one that the clip is about in all frames: of all "
    "chains of detections, at most one per frame, the one whose joints have most confidence and "
    "move least. Joints are those of OpenPose's BODY_25. One is valid if its confidence is above "
    "0.05, its "
    "coordinates are finite, and it is not at (0,0) or (-1,-1).\n";

std::string boxes_text(const Config& config) {
    const auto S = static_cast<long long>(config.size);
    std::string text = format(
        "x1,y1,x2,y2 of each entity in each frame, in pixels of the %lldx%lld frame that is given. "
        "%s"
        "u is |joint 1 - joint 8|, else 1.3 |joint 2 - joint 5|, else 0.4*%lld.\n",
        S, S, valid_joint, S);
    for (const std::string& name : config.entities)
        text.append(name + ": " + box_rule(entity_from_name(name)) + "\n");
    return text +
           format(
               "Boxes are clipped to the frame; then a side shorter than %lld/16 grows to it. "
               "An entity without a valid joint (a hand without W), or whose box lies outside the "
               "frame, takes its box of the nearest of the T frames that has one, of the earlier "
               "of two, and [0,0,%lld,%lld] where none has.",
               S, S, S);
}

std::string joints_text(const Config& config) {
    std::string text =
        sampling_text(config) +
        format(
            " x, y and confidence of up to %d joints of each entity; unused places are 0, and so "
            "is a joint that is not valid. ",
            static_cast<int>(entity_joint_slots)) +
        valid_joint;
    for (const std::string& name : config.entities)
        text.append(name + ": joints " + joint_numbers(entity_from_name(name)) + "\n");
    return text +
           format(
               "A position p in pixels becomes (p - o)/u, clamped to -%g..%g. o is the median "
               "of joint 1 (else 8) and u the median of |joint 1 - joint 8| (else 1.3 |joint "
               "2 - joint 5|), both over all frames of the clip. Confidences are clamped to "
               "0..1.",
               farthest_joint, farthest_joint);
}

}  // namespace

onnx::Model export_onnx(const MicroDualNet& model, const SafetensorsFile& weights) {
    const Config& config = model.config();
    onnx::Preprocessing preprocessing{.mean = rgb_mean, .deviation = rgb_deviation};
    if (config.regions == Regions::fixed) preprocessing.fixed_boxes = fixed_boxes_of(config);
    onnx::Model graph = onnx::graph_of(config, model.parameters(), preprocessing);
    graph.producer = "microdualnet";
    graph.producer_version = program_version;
    graph.description =
        "Micro-DualNet (arXiv 2604.21011): recognises the micro-action of a person in a clip. The "
        "metadata says how the inputs are made.";
    graph.metadata.emplace_back(metadata_config, to_json(config));
    if (const auto names = weights.metadata.find(metadata_classes);
        names != weights.metadata.end()) {
        const int64_t count = std::ssize(trained_classes(weights));
        if (count != config.classes)
            throw Error(weights.path + " names " + std::to_string(count) + " classes (" +
                            metadata_classes + " in its metadata), but the model has " +
                            std::to_string(config.classes),
                        "the names would stand for other classes: correct the metadata, or leave "
                        "the names out");
        graph.metadata.emplace_back(metadata_classes, names->second);
    }
    if (config.has_frames()) {
        graph.metadata.emplace_back("rgb_mean", listed(rgb_mean, "%g"));
        graph.metadata.emplace_back("rgb_deviation", listed(rgb_deviation, "%g"));
        graph.metadata.emplace_back("frames", frames_text(config));
    } else {
        graph.metadata.emplace_back("joints", joints_text(config));
    }
    if (config.has_entities()) {
        std::string entities;
        for (const std::string& name : config.entities)
            entities.append(entities.empty() ? "" : ",").append(name);
        graph.metadata.emplace_back("entities", entities);
        if (config.has_frames() && config.regions == Regions::keypoints)
            graph.metadata.emplace_back("boxes", boxes_text(config));
    }
    return graph;
}

}  // namespace mdn
