#include "train/explain/occlusion.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <set>

#include "data/sampling.h"
#include "tests/model/inputs.h"

using namespace mdn;
using namespace mdn::test;
using Kind = Occlusion::Kind;

namespace {

Config config_of(int64_t frames) {
    Config config = small_config();
    config.frames = frames;
    return config;
}

/// Of frames in which every number of frame t is t: which frame each now shows.
std::vector<int64_t> order(const Occlusion& occlusion, int64_t T) {
    const Config config = config_of(T);
    Inputs inputs = random_batch(config, 1, 3).inputs;
    for (const Tensor& x : {inputs.frames, inputs.boxes}) {
        const int64_t numbers = x.numel() / T;
        for (int64_t i = 0; i < x.numel(); ++i)
            x.data<float>()[i] = static_cast<float>(i / numbers);
    }
    const Inputs changed = occluded(inputs, occlusion, config);
    std::vector<int64_t> shown;
    for (const Tensor& x : {changed.frames, changed.boxes}) {
        const int64_t numbers = x.numel() / T;
        std::vector<int64_t> of_this;
        for (int64_t t = 0; t < T; ++t) {
            const float* first = x.data<float>() + t * numbers;
            CHECK(std::all_of(first, first + numbers, [&](float v) { return v == *first; }));
            of_this.push_back(static_cast<int64_t>(*first));
        }
        if (shown.empty()) shown = of_this;
        CHECK(shown == of_this);  // boxes go with their frames
    }
    return shown;
}

/// The frames that the model reads of a long clip: all different.
std::vector<int64_t> all_different(const Config& config) {
    std::vector<int64_t> frames;
    for (int64_t t = 0; t < config.frames; ++t) frames.push_back(2 * t + 1);
    return frames;
}

int64_t count(const Config& config, Kind kind) {
    const auto all = occlusions_for(config, all_different(config));
    return std::count_if(all.begin(), all.end(),
                         [&](const Occlusion& o) { return o.kind == kind; });
}

}  // namespace

TEST_SUITE("train/explain/occlusion") {
    TEST_CASE("a covered entity's box is painted, no pixel beside it, in every frame and clip") {
        const Config config = small_config();
        const Inputs inputs = random_batch(config, 2, 5).inputs;
        const std::vector<float> before = inputs.frames.to_vector<float>();
        const int64_t S = config.size, K = config.entity_count();
        for (int64_t k = 0; k < K; ++k) {
            const Inputs changed = occluded(inputs, {.kind = Kind::covered, .entity = k}, config);
            CHECK(changed.boxes.to_vector<float>() == inputs.boxes.to_vector<float>());
            int64_t painted = 0, wrong = 0;
            for (int64_t i = 0; i < inputs.frames.numel(); ++i) {
                const int64_t frame = i / (S * S * 3), y = i / (S * 3) % S, x = i / 3 % S;
                const float* box = inputs.boxes.data<float>() + (frame * K + k) * 4;
                // Pixel x covers [x, x+1).
                const bool inside =
                    static_cast<float>(x + 1) > box[0] && static_cast<float>(x) < box[2] &&
                    static_cast<float>(y + 1) > box[1] && static_cast<float>(y) < box[3];
                const float now = changed.frames.data<float>()[i];
                painted += inside;
                wrong += now != (inside ? 0 : inputs.frames.data<float>()[i]);
            }
            CHECK(wrong == 0);
            CHECK(painted > 100);
            CHECK(painted < inputs.frames.numel() / 2);
        }
        CHECK(inputs.frames.to_vector<float>() == before);  // the input itself stays
    }

    TEST_CASE("an unseen entity looks at the whole frame, the others where they did") {
        const Config config = small_config();
        const Inputs inputs = random_batch(config, 2, 6).inputs;
        const Inputs changed = occluded(inputs, {.kind = Kind::unseen, .entity = 1}, config);
        CHECK(changed.frames.to_vector<float>() == inputs.frames.to_vector<float>());
        for (int64_t i = 0; i < inputs.boxes.numel(); ++i) {
            const float whole = i % 4 < 2 ? 0.f : static_cast<float>(config.size);
            const bool hidden = i / 4 % config.entity_count() == 1;
            CHECK(changed.boxes.data<float>()[i] ==
                  (hidden ? whole : inputs.boxes.data<float>()[i]));
        }

        const Config pose = small_pose_config();
        const Inputs joints = random_batch(pose, 2, 7).inputs;
        const Inputs without = occluded(joints, {.kind = Kind::unseen, .entity = 0}, pose);
        for (int64_t i = 0; i < joints.joints.numel(); ++i) {
            const bool hidden = i / (joints_per_entity * 3) % pose.entity_count() == 0;
            CHECK(without.joints.data<float>()[i] == (hidden ? 0 : joints.joints.data<float>()[i]));
        }
    }

    TEST_CASE("dropped frames show the nearest one that is left, the earlier on a tie") {
        using Frames = std::vector<int64_t>;
        const auto dropped = [](int64_t first, int64_t last) {
            return Occlusion{.kind = Kind::dropped, .first = first, .last = last};
        };
        CHECK(order(dropped(0, 0), 3) == Frames{1, 1, 2});
        CHECK(order(dropped(1, 1), 3) == Frames{0, 0, 2});
        CHECK(order(dropped(2, 2), 3) == Frames{0, 1, 1});
        CHECK(order(dropped(2, 4), 7) == Frames{0, 1, 1, 1, 5, 5, 6});
        CHECK(order(dropped(5, 6), 7) == Frames{0, 1, 2, 3, 4, 4, 4});
        CHECK(order({.kind = Kind::still, .first = 2, .last = 2}, 4) == Frames{2, 2, 2, 2});
        CHECK(order({.kind = Kind::backwards}, 4) == Frames{3, 2, 1, 0});
    }

    TEST_CASE("every frame is dropped once, and never more passes than are promised") {
        for (const int64_t T : {1, 2, 3, 8, 9, 16, 128}) {
            const auto all = occlusions_for(config_of(T), all_different(config_of(T)));
            std::vector<int64_t> times(T);
            int64_t with_backbone = 1;
            for (const Occlusion& occlusion : all) {
                with_backbone += !keeps_frames(occlusion);
                if (occlusion.kind != Kind::dropped) continue;
                for (int64_t t = occlusion.first; t <= occlusion.last; ++t) ++times[t];
            }
            CHECK(times == std::vector<int64_t>(T, T > 1));
            CHECK(with_backbone <= 1 + 2 + 8 + 2);
        }
        const Config paper = preset_config("paper-ma52");
        CHECK(occlusions_for(paper, all_different(paper)).size() == 6 + 6 + 8 + 2);
    }

    TEST_CASE("of a clip of fewer than T frames, each frame is dropped once, with all its copies") {
        for (const int64_t T : {2, 4, 8, 32})
            for (const int64_t N : {1, 2, 3, 5, 8, 20}) {
                CAPTURE(T);
                CAPTURE(N);
                const std::vector<int64_t> frames = sample_test(N, T);
                const std::set<int64_t> read(frames.begin(), frames.end());
                CHECK(distinct_frames(frames) == std::ssize(read));
                std::multiset<int64_t> dropped;
                int64_t drops = 0, others = 0;
                for (const Occlusion& occlusion : occlusions_for(config_of(T), frames)) {
                    others += occlusion.kind == Kind::still || occlusion.kind == Kind::backwards;
                    if (occlusion.kind != Kind::dropped) continue;
                    ++drops;
                    const std::set<int64_t> gone(frames.begin() + occlusion.first,
                                                 frames.begin() + occlusion.last + 1);
                    dropped.insert(gone.begin(), gone.end());
                    // None of them is shown any more.
                    for (const int64_t t : order(occlusion, T)) CHECK(!gone.contains(frames[t]));
                }
                if (read.size() == 1) {
                    CHECK(drops + others == 0);  // no frame could take its place
                } else {
                    CHECK(drops == std::min<int64_t>(std::ssize(read), most_dropped_stretches));
                    CHECK(dropped == std::multiset<int64_t>(read.begin(), read.end()));
                    CHECK(others == 2);
                }
            }
    }

    TEST_CASE("a variant has the occlusions that mean something to it") {
        Config config = small_config();
        CHECK(count(config, Kind::covered) == 2);
        CHECK(count(config, Kind::unseen) == 2);
        config.modality = Modality::rgb;
        config.regions = Regions::fixed;
        CHECK(count(config, Kind::covered) == 2);
        CHECK(count(config, Kind::unseen) == 0);
        config.regions = Regions::none;
        CHECK(count(config, Kind::covered) == 0);
        CHECK(count(config, Kind::dropped) == 3);
        CHECK(count(small_pose_config(), Kind::covered) == 0);
        CHECK(count(small_pose_config(), Kind::unseen) == 2);
        CHECK(count(small_pose_config(), Kind::still) == 1);
    }
}
