#include "train/explain/occlusion.h"

#include <algorithm>
#include <cmath>

namespace mdn {

namespace {

using Kind = Occlusion::Kind;

/// Which of T frames each frame shows.
std::vector<int64_t> shown_frames(const Occlusion& occlusion, int64_t T) {
    std::vector<int64_t> shown(T);
    for (int64_t t = 0; t < T; ++t) {
        shown[t] = t;
        if (occlusion.kind == Kind::still) shown[t] = occlusion.first;
        if (occlusion.kind == Kind::backwards) shown[t] = T - 1 - t;
        if (occlusion.kind == Kind::dropped && t >= occlusion.first && t <= occlusion.last) {
            const int64_t before = occlusion.first - 1, after = occlusion.last + 1;
            // The earlier one on a tie, as boxes have it (SPEC §3).
            const bool earlier = after >= T || (before >= 0 && t - before <= after - t);
            shown[t] = earlier ? before : after;
        }
    }
    return shown;
}

/// Of frames in order: where each begins that is not the one before it, and at last their count.
std::vector<int64_t> begins_of(const std::vector<int64_t>& frames) {
    std::vector<int64_t> begins;
    for (int64_t t = 0; t < std::ssize(frames); ++t)
        if (t == 0 || frames[t] != frames[t - 1]) begins.push_back(t);
    begins.push_back(std::ssize(frames));
    return begins;
}

/// Paints every pixel of frames [B,T,S,S,3] that the entity's box touches.
void cover(Tensor& frames, const Tensor& boxes, int64_t entity) {
    const int64_t S = frames.dim(2), K = boxes.dim(2);
    const auto pixel = [&](float x) { return std::clamp<int64_t>(static_cast<int64_t>(x), 0, S); };
    for (int64_t frame = 0; frame < frames.dim(0) * frames.dim(1); ++frame) {
        const float* box = boxes.data<float>() + (frame * K + entity) * 4;
        const int64_t left = pixel(std::floor(box[0])), right = pixel(std::ceil(box[2]));
        const int64_t top = pixel(std::floor(box[1])), bottom = pixel(std::ceil(box[3]));
        for (int64_t y = top; y < bottom; ++y)
            std::fill_n(frames.data<float>() + ((frame * S + y) * S + left) * 3,
                        std::max<int64_t>(right - left, 0) * 3, 0.f);
    }
}

/// Boxes [B,T,K,4]: the whole frame of side `size` for one entity.
void hide_box(Tensor& boxes, int64_t entity, float size) {
    const float whole[] = {0, 0, size, size};
    for (int64_t i = entity; i < boxes.numel() / 4; i += boxes.dim(2))
        std::copy_n(whole, 4, boxes.data<float>() + 4 * i);
}

/// Joints [B,T,K,J,3]: all of one entity missing.
void hide_joints(Tensor& joints, int64_t entity) {
    const int64_t numbers = joints.dim(3) * joints.dim(4);
    for (int64_t i = entity; i < joints.numel() / numbers; i += joints.dim(2))
        std::fill_n(joints.data<float>() + i * numbers, numbers, 0.f);
}

}  // namespace

Tensor with_frames(const Tensor& x, const std::vector<int64_t>& shown) {
    Tensor result = empty_like(x);
    const int64_t T = x.dim(1), numbers = x.numel() / (x.dim(0) * T);
    for (int64_t b = 0; b < x.dim(0); ++b)
        for (int64_t t = 0; t < T; ++t)
            std::copy_n(x.data<float>() + (b * T + shown[t]) * numbers, numbers,
                        result.data<float>() + (b * T + t) * numbers);
    return result;
}

int64_t distinct_frames(const std::vector<int64_t>& frames) {
    return std::ssize(begins_of(frames)) - 1;
}

std::vector<Occlusion> occlusions_for(const Config& config, const std::vector<int64_t>& frames) {
    std::vector<Occlusion> all;
    const int64_t T = config.frames, K = config.entity_count();
    if (config.has_frames() && config.has_entities())
        for (int64_t k = 0; k < K; ++k) all.push_back({.kind = Kind::covered, .entity = k});
    if (config.regions == Regions::keypoints)
        for (int64_t k = 0; k < K; ++k) all.push_back({.kind = Kind::unseen, .entity = k});
    const std::vector<int64_t> begins = begins_of(frames);
    const int64_t distinct = distinct_frames(frames);
    if (distinct == 1) return all;
    const int64_t stretches = std::min(distinct, most_dropped_stretches);
    for (int64_t i = 0; i < stretches; ++i)
        all.push_back({.kind = Kind::dropped,
                       .first = begins[i * distinct / stretches],
                       .last = begins[(i + 1) * distinct / stretches] - 1});
    all.push_back({.kind = Kind::still, .first = T / 2, .last = T / 2});
    all.push_back({.kind = Kind::backwards});
    return all;
}

bool keeps_frames(const Occlusion& occlusion) { return occlusion.kind == Kind::unseen; }

Inputs occluded(const Inputs& inputs, const Occlusion& occlusion, const Config& config) {
    Inputs result = inputs.each([](const Tensor& x) { return x.clone(); });
    switch (occlusion.kind) {
        case Kind::covered:
            cover(result.frames, result.boxes, occlusion.entity);
            break;
        case Kind::unseen:
            if (result.boxes.defined())
                hide_box(result.boxes, occlusion.entity, static_cast<float>(config.size));
            if (result.joints.defined()) hide_joints(result.joints, occlusion.entity);
            break;
        default: {
            const std::vector<int64_t> shown = shown_frames(occlusion, config.frames);
            return inputs.each([&](const Tensor& x) { return with_frames(x, shown); });
        }
    }
    return result;
}

}  // namespace mdn
