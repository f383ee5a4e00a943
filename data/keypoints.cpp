#include "data/keypoints.h"

#include "data/light_hand.h"
#include "data/openpose.h"

namespace mdn {

std::vector<std::vector<Pose>> read_people(const ClipFiles& clip) {
    if (clip.has_keypoint_table()) return read_light_hand(clip);
    std::vector<std::vector<Pose>> people;
    for (std::int64_t t = 0; t < clip.count; ++t) people.push_back(read_openpose(clip.keypoint(t)));
    return people;
}

}  // namespace mdn
