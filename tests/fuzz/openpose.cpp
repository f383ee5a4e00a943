// OpenPose's JSON, and the way of its joints to the boxes of a clip.
#include "data/keypoints/openpose.h"

#include <vector>

#include "data/entity_boxes.h"
#include "data/keypoints/keypoint_scale.h"
#include "data/keypoints/person.h"
#include "data/keypoints/track.h"
#include "tests/fuzz/fuzz.h"

using namespace mdn;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto path = fuzz::write("people.json", data, size);
    fuzz::check(size, [&] {
        const auto layout = size % 2 ? KeypointLayout::body25 : KeypointLayout::body25b;
        std::vector<std::vector<Pose>> people(1, read_openpose(path, layout));
        people.push_back(people[0]);
        to_pixels(people, KeypointScale::automatic, {1080, 1296}, std::nullopt);
        const Track track = smoothed(gaps_filled(choose_person(people), 1), 2);
        const std::vector<Entity> entities = {Entity::face,       Entity::head,
                                              Entity::torso,      Entity::left_hand,
                                              Entity::right_hand, Entity::lower_body};
        std::vector<float> boxes(2 * 6 * 4);
        keypoint_boxes(entities, track, 224, boxes.data());
        for (std::size_t i = 0; i < boxes.size(); i += 4) {
            const float* box = &boxes[i];
            fuzz::require(0 <= box[0] && box[0] < box[2] && box[2] <= 224 && 0 <= box[1] &&
                              box[1] < box[3] && box[3] <= 224,
                          "a box is not inside the frame");
        }
    });
    return 0;
}
