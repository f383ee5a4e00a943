#include "data/clip.h"

#include <algorithm>
#include <utility>

#include "data/keypoints.h"
#include "data/person.h"
#include "engine/error.h"

namespace mdn {

ClipReader::ClipReader(ClipOptions options) : options_(std::move(options)) {}

bool ClipReader::fits_in_cache(std::int64_t bytes) {
    if (cached_bytes_ + bytes > options_.cache_bytes) return false;
    cached_bytes_ += bytes;
    return true;
}

std::shared_ptr<const Image> ClipReader::image(const std::filesystem::path& path) {
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = images_.find(path.string()); known != images_.end()) {
            return known->second;
        }
    }
    auto decoded = std::make_shared<const Image>(read_image(path));
    const std::lock_guard lock(mutex_);
    if (!images_.contains(path.string()) &&
        fits_in_cache(static_cast<std::int64_t>(decoded->pixels.size()))) {
        images_.emplace(path.string(), decoded);
    }
    return decoded;
}

std::shared_ptr<const ClipReader::Track> ClipReader::track(const ClipFiles& clip) {
    const std::string key = clip.keypoints.string() + "/" + std::to_string(clip.first) + "+" +
                            std::to_string(clip.count);
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = tracks_.find(key); known != tracks_.end()) return known->second;
    }
    // All frames, not the sampled ones: who the clip is about must not depend on the sampling, and
    // neighbours in time are what makes following a person easy.
    auto chosen = std::make_shared<const Track>(choose_person(read_people(clip)));
    const std::lock_guard lock(mutex_);
    if (!tracks_.contains(key) &&
        fits_in_cache(clip.count * static_cast<std::int64_t>(sizeof(Track::value_type)))) {
        tracks_.emplace(key, chosen);
    }
    return chosen;
}

bool ClipReader::read(const ClipFiles& clip, Random& random, float* frames, float* boxes) {
    const std::int64_t T = options_.frames, S = options_.size;
    const std::int64_t K = static_cast<std::int64_t>(options_.entities.size());
    const bool training = options_.sampling == Sampling::train;
    const std::vector<std::int64_t> sampled = training ? sample_train(clip.count, T, random)
                                              : options_.sampling == Sampling::twice
                                                  ? sample_twice(clip.count, T)
                                                  : sample_test(clip.count, T);

    FrameSize size;
    Transform transform;
    const std::int64_t frame_floats = S * S * 3;
    for (std::size_t i = 0; i < sampled.size(); ++i) {
        float* out = frames + static_cast<std::int64_t>(i) * frame_floats;
        // Short clips repeat frames: each is decoded once.
        const auto same = std::find(sampled.begin(), sampled.begin() + i, sampled[i]);
        if (same != sampled.begin() + i) {
            const float* done = frames + (same - sampled.begin()) * frame_floats;
            std::copy(done, done + frame_floats, out);
            continue;
        }
        const auto path = clip.frame(sampled[i]);
        const auto decoded = image(path);
        if (i == 0) {
            size = {decoded->width, decoded->height};
            transform = training ? training_transform(size, S, random, options_.min_crop_scale)
                                 : evaluation_transform(size, S);
        } else if (decoded->width != size.width || decoded->height != size.height) {
            throw Error(path.string() + " is " + std::to_string(decoded->width) + "x" +
                        std::to_string(decoded->height) + ", but " +
                        clip.frame(sampled[0]).filename().string() + " is " +
                        std::to_string(size.width) + "x" + std::to_string(size.height));
        }
        resample(*decoded, transform, S, out);
    }

    const std::int64_t views = options_.views();
    if (options_.boxes == BoxSource::fixed) {
        fixed_boxes(options_.entities, views * T, S, boxes);
        return true;
    }
    if (options_.boxes == BoxSource::whole_frame) {
        whole_frame_boxes(options_.entities, views * T, S, boxes);
        return true;
    }
    const auto person = track(clip);
    bool visible = false;
    for (std::int64_t view = 0; view < views; ++view) {
        std::vector<std::optional<Pose>> poses;
        for (std::int64_t t = 0; t < T; ++t) {
            const std::optional<Pose>& pose = (*person)[sampled[view * T + t]];
            poses.push_back(pose ? std::optional(moved(transform, *pose)) : std::nullopt);
        }
        visible |= keypoint_boxes(options_.entities, poses, S, boxes + view * T * K * 4);
    }
    return visible;
}

Clip read_clip(const ClipFiles& clip, const ClipOptions& options) {
    ClipReader reader(options);
    Random random(0);  // evaluation draws nothing from it
    const std::int64_t V = options.views(), T = options.frames, S = options.size;
    const std::int64_t K = static_cast<std::int64_t>(options.entities.size());
    Clip result{.frames = Tensor::empty({V, T, S, S, 3}), .boxes = Tensor::empty({V, T, K, 4})};
    result.person_visible =
        reader.read(clip, random, result.frames.data<float>(), result.boxes.data<float>());
    return result;
}

}  // namespace mdn
