#include "data/clip.h"

#include <algorithm>
#include <utility>

#include "data/entity_joints.h"
#include "engine/error.h"

namespace mdn {

ClipTensors ClipTensors::empty(const ClipOptions& options, std::int64_t rows) {
    const std::int64_t T = options.frames, S = options.size;
    const std::int64_t K = static_cast<std::int64_t>(options.entities.size());
    if (options.input == ClipInput::joints)
        return {.joints = Tensor::empty({rows, T, K, entity_joint_slots, 3})};
    return {.frames = Tensor::empty({rows, T, S, S, 3}), .boxes = Tensor::empty({rows, T, K, 4})};
}

ClipPlace ClipPlace::at(const ClipTensors& tensors, std::int64_t row) {
    const auto of = [&](const Tensor& x) {
        return x.defined() ? x.data<float>() + row * (x.numel() / x.dim(0)) : nullptr;
    };
    return {.frames = of(tensors.frames), .boxes = of(tensors.boxes), .joints = of(tensors.joints)};
}

ClipReader::ClipReader(ClipOptions options)
    : options_(std::move(options)), cache_(options_.cache_bytes, options_.cache_keep) {
    if (options_.samplings < 1)
        throw Error("the number of samplings of a clip must be at least 1, not " +
                    std::to_string(options_.samplings));
    if (options_.crops != 1 && options_.crops != 3)
        throw Error("the number of crops must be 1 or 3, not " + std::to_string(options_.crops));
    if (options_.input == ClipInput::joints && options_.crops != 1)
        throw Error("a model without frames has none to take crops of", "leave --crops out");
}

std::shared_ptr<const Image> ClipReader::image(const std::filesystem::path& path) {
    if (auto known = cache_.find<Image>(path.string())) return known;
    auto decoded = std::make_shared<const Image>(read_image(path));
    cache_.add(path.string(), decoded, static_cast<std::int64_t>(decoded->pixels.size()));
    return decoded;
}

std::shared_ptr<const Track> ClipReader::track(const ClipFiles& clip) {
    // No frame's path: it would end in .jpg.
    const std::string key = clip.keypoints.string() + "/" + std::to_string(clip.first) + "+" +
                            std::to_string(clip.count);
    if (auto known = cache_.find<Track>(key)) return known;
    // All frames, not the sampled ones: who the clip is about must not depend on the sampling, and
    // neighbours in time are what makes following a person easy.
    std::optional<FrameSize> frame;
    if (options_.input == ClipInput::frames) frame = frame_size(clip);
    auto chosen = std::make_shared<const Track>(read_track(clip, frame, options_.keypoints));
    cache_.add(key, chosen, clip.count * static_cast<std::int64_t>(sizeof(Track::value_type)));
    return chosen;
}

std::vector<std::int64_t> ClipReader::sample(std::int64_t count, Random& random) const {
    const std::int64_t T = options_.frames;
    if (options_.sampling == Sampling::train) return sample_train(count, T, random);
    std::vector<std::int64_t> sampled;
    for (std::int64_t j = 0; j < options_.samplings; ++j) {
        const auto view = sample_test(count, T, j, options_.samplings);
        sampled.insert(sampled.end(), view.begin(), view.end());
    }
    return sampled;
}

bool ClipReader::read(const ClipFiles& clip, Random& random, const ClipPlace& place) {
    const std::vector<std::int64_t> sampled = sample(clip.count, random);
    if (options_.input == ClipInput::joints)
        return read_joints(clip, sampled, random, place.joints);
    return read_boxes(clip, sampled, read_frames(clip, sampled, random, place.frames), place.boxes);
}

std::vector<Transform> ClipReader::read_frames(const ClipFiles& clip,
                                               const std::vector<std::int64_t>& sampled,
                                               Random& random, float* frames) {
    const std::int64_t T = options_.frames, S = options_.size;
    const bool training = options_.sampling == Sampling::train;
    FrameSize size;
    std::vector<Transform> crops;
    const std::int64_t frame_floats = S * S * 3, count = training ? 1 : options_.crops;
    // Where frame i of `sampled` goes in view `crop` of its sampling.
    const auto place = [&](std::int64_t i, std::int64_t crop) {
        return frames + ((i / T * count + crop) * T + i % T) * frame_floats;
    };
    for (std::size_t i = 0; i < sampled.size(); ++i) {
        // Short clips repeat frames: each is decoded once.
        const auto same = std::find(sampled.begin(), sampled.begin() + i, sampled[i]);
        if (same != sampled.begin() + i) {
            for (std::int64_t crop = 0; crop < count; ++crop) {
                const float* done = place(same - sampled.begin(), crop);
                std::copy(done, done + frame_floats, place(i, crop));
            }
            continue;
        }
        const auto path = clip.frame(sampled[i]);
        const auto decoded = image(path);
        if (i == 0) {
            size = {decoded->width, decoded->height};
            if (training)
                crops = {training_transform(size, S, random, options_.min_crop_scale)};
            else
                crops = evaluation_transforms(size, S, options_.crops);
        } else if (decoded->width != size.width || decoded->height != size.height) {
            throw Error(path.string() + " is " + std::to_string(decoded->width) + "x" +
                        std::to_string(decoded->height) + ", but " +
                        clip.frame(sampled[0]).filename().string() + " is " +
                        std::to_string(size.width) + "x" + std::to_string(size.height));
        }
        for (std::int64_t crop = 0; crop < count; ++crop)
            resample(*decoded, crops[crop], S, place(i, crop));
    }
    return crops;
}

bool ClipReader::read_boxes(const ClipFiles& clip, const std::vector<std::int64_t>& sampled,
                            const std::vector<Transform>& crops, float* boxes) {
    const std::int64_t views = options_.views(), T = options_.frames, S = options_.size;
    const std::int64_t K = static_cast<std::int64_t>(options_.entities.size());
    if (options_.boxes == BoxSource::fixed) {
        fixed_boxes(options_.entities, views * T, S, boxes);
        return true;
    }
    if (options_.boxes == BoxSource::whole_frame) {
        whole_frame_boxes(options_.entities, views * T, S, boxes);
        return true;
    }
    const auto person = track(clip);
    const std::int64_t count = std::ssize(crops);
    bool visible = false;
    for (std::int64_t view = 0; view < views; ++view) {
        std::vector<std::optional<Pose>> poses;
        for (std::int64_t t = 0; t < T; ++t) {
            const std::optional<Pose>& pose = (*person)[sampled[view / count * T + t]];
            poses.push_back(pose ? std::optional(moved(crops[view % count], *pose)) : std::nullopt);
        }
        visible |= keypoint_boxes(options_.entities, poses, S, boxes + view * T * K * 4);
    }
    return visible;
}

bool ClipReader::read_joints(const ClipFiles& clip, const std::vector<std::int64_t>& sampled,
                             Random& random, float* joints) {
    const auto person = track(clip);
    // Of all frames, as in track(): what positions are measured in must not depend on the sampling.
    const BodyFrame body = body_frame(*person);
    Transform transform;
    if (options_.sampling == Sampling::train && random.below(2) == 1) transform.scale_x = -1;
    std::vector<std::optional<Pose>> poses;
    for (const std::int64_t t : sampled) {
        const std::optional<Pose>& pose = (*person)[t];
        poses.push_back(pose ? std::optional(moved(transform, in_body_frame(*pose, body)))
                             : std::nullopt);
    }
    return entity_joints(options_.entities, poses, joints);
}

Clip read_clip(const ClipFiles& clip, const ClipOptions& options) {
    ClipReader reader(options);
    Random random(0);  // evaluation draws nothing from it
    Clip result{.tensors = ClipTensors::empty(options, options.views())};
    result.person_visible = reader.read(clip, random, ClipPlace::at(result.tensors, 0));
    return result;
}

ClipView first_view(const ClipFiles& clip, const ClipOptions& options) {
    const bool has_frames = options.input == ClipInput::frames;
    ClipView view{.frames = sample_test(clip.count, options.frames, 0, options.samplings),
                  .joints = {}};
    view.joints.resize(view.frames.size());
    if (has_frames && options.boxes != BoxSource::keypoints) return view;
    std::optional<FrameSize> size;
    if (has_frames) size = frame_size(clip);
    const Track person = read_track(clip, size, options.keypoints);
    const BodyFrame body = body_frame(person);
    const double S = static_cast<double>(options.size);
    const Transform in_the_middle{S / 6, S / 6, S / 2, S / 4};
    const Transform crop =
        size ? evaluation_transforms(*size, options.size, options.crops)[0] : in_the_middle;
    for (std::size_t t = 0; t < view.frames.size(); ++t) {
        const std::optional<Pose>& pose = person[view.frames[t]];
        if (pose) view.joints[t] = moved(crop, size ? *pose : in_body_frame(*pose, body));
    }
    return view;
}

}  // namespace mdn
