#include "data/synth/keypoints.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

namespace mdn::synth {
namespace {

// Rates a frame, and deviations as shares of the figure's height.
constexpr double kNobody = 0.015;
constexpr double kGhost = 0.04;
constexpr double kMissing = 0.015;
constexpr double kMissingWhenHidden = 0.6;
constexpr double kBias = 0.004;
constexpr double kJitter = 0.006;

/// Whether a hand covers this joint of the face, or the head is turned so that it lies behind.
bool is_hidden(const Figure& figure, int joint) {
    const Vec3 place = figure.joint[joint];
    if (joint == kREar && figure.head.x.z < -0.35) return true;
    if (joint == kLEar && figure.head.x.z > 0.35) return true;
    if (joint == kREye && !eye_is_visible(figure, 0)) return true;
    if (joint == kLEye && !eye_is_visible(figure, 1)) return true;
    if (joint != kNose && joint != kREye && joint != kLEye) return false;
    for (int side = 0; side < 2; ++side) {
        const Vec3 palm = figure.joint[kWrist[side]] + 0.09 * figure.hand[side];
        const Vec3 off = palm - place;
        if (off.z > 0 && std::hypot(off.x, off.y) < 0.06) return true;
    }
    return false;
}

void append(std::string& text, float value) {
    char digits[32];
    const auto end =
        std::to_chars(digits, std::end(digits), value, std::chars_format::general, 6).ptr;
    text.append(digits, end);
}

}  // namespace

PoseEstimator::PoseEstimator(const Camera& camera, int64_t size, double figure_height,
                             Random& random)
    : camera_(camera),
      size_(static_cast<double>(size)),
      deviation_(figure_height),
      random_(random) {
    for (Vec3& bias : bias_) {
        const double x = random.normal(kBias * deviation_);
        bias = {x, random.normal(kBias * deviation_), 0};
    }
}

Person PoseEstimator::see(const Figure& figure) {
    Person person;
    for (int joint = 0; joint < kJoints; ++joint) {
        const double right = random_.normal(kJitter * deviation_);
        const double down = random_.normal(kJitter * deviation_);
        const Vec3 seen = camera_.project(figure.joint[joint]) + bias_[joint] + Vec3{right, down};
        const bool hidden = is_hidden(figure, joint);
        const double confidence =
            std::clamp(0.85 + random_.normal(0.07), 0.3, 1.0) * (hidden ? 0.5 : 1.0);
        const bool missing = random_.chance(hidden ? kMissingWhenHidden : kMissing);
        const bool outside = seen.x < 0 || seen.y < 0 || seen.x >= size_ || seen.y >= size_;
        if (missing || outside) continue;
        person[joint] = {static_cast<float>(seen.x), static_cast<float>(seen.y),
                         static_cast<float>(confidence)};
    }
    return person;
}

Person PoseEstimator::ghost() {
    Person person;
    const int64_t count = 2 + random_.below(3);
    const double x = random_.uniform(0, size_), y = random_.uniform(0, size_);
    for (int64_t i = 0; i < count; ++i) {
        Keypoint& keypoint = person[random_.below(kJoints)];
        keypoint.x =
            static_cast<float>(std::clamp(x + random_.normal(0.06 * size_), 0.0, size_ - 1));
        keypoint.y =
            static_cast<float>(std::clamp(y + random_.normal(0.06 * size_), 0.0, size_ - 1));
        keypoint.confidence = static_cast<float>(random_.uniform(0.06, 0.35));
    }
    return person;
}

std::vector<Person> PoseEstimator::people(const Figure& figure) {
    const bool nobody = random_.chance(kNobody);
    const bool with_ghost = random_.chance(kGhost);
    std::vector<Person> people;
    if (nobody) return people;
    if (with_ghost) people.push_back(ghost());
    people.push_back(see(figure));
    return people;
}

std::string openpose_json(const std::vector<Person>& people) {
    std::string text = "{\"version\":1.3,\"people\":[";
    for (size_t i = 0; i < people.size(); ++i) {
        text += i == 0 ? "" : ",";
        text += "{\"person_id\":[-1],\"pose_keypoints_2d\":[";
        for (int joint = 0; joint < kJoints; ++joint) {
            const Keypoint& keypoint = people[i][joint];
            if (joint > 0) text += ',';
            append(text, keypoint.x);
            text += ',';
            append(text, keypoint.y);
            text += ',';
            append(text, keypoint.confidence);
        }
        text +=
            "],\"face_keypoints_2d\":[],\"hand_left_keypoints_2d\":[],"
            "\"hand_right_keypoints_2d\":[],\"pose_keypoints_3d\":[],\"face_keypoints_3d\":[],"
            "\"hand_left_keypoints_3d\":[],\"hand_right_keypoints_3d\":[]}";
    }
    return text + "]}";
}

}  // namespace mdn::synth
