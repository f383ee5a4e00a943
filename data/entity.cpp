#include "data/entity.h"

#include <array>

#include "engine/error.h"

namespace mdn {

namespace {

constexpr std::array<const char*, 6> entity_names = {"face",      "head",       "torso",
                                                     "left_hand", "right_hand", "lower_body"};

constexpr Body25 face[] = {nose, right_eye, left_eye, right_ear, left_ear};
constexpr Body25 head[] = {nose, neck, right_eye, left_eye, right_ear, left_ear};
constexpr Body25 torso[] = {neck, right_shoulder, left_shoulder, mid_hip, right_hip, left_hip};
constexpr Body25 left_hand[] = {left_shoulder, left_elbow, left_wrist};
constexpr Body25 right_hand[] = {right_shoulder, right_elbow, right_wrist};
constexpr Body25 lower_body[] = {right_hip, right_knee,    right_ankle,     left_hip,
                                 left_knee, left_ankle,    left_big_toe,    left_small_toe,
                                 left_heel, right_big_toe, right_small_toe, right_heel};

}  // namespace

Entity entity_from_name(const std::string& name) {
    std::string known;
    for (std::size_t i = 0; i < entity_names.size(); ++i) {
        if (name == entity_names[i]) return static_cast<Entity>(i);
        known += (i ? ", " : "") + std::string(entity_names[i]);
    }
    throw Error("unknown entity '" + name + "'", "the entities are " + known);
}

std::span<const Body25> joints_of(Entity entity) {
    switch (entity) {
        case Entity::face:
            return face;
        case Entity::head:
            return head;
        case Entity::torso:
            return torso;
        case Entity::left_hand:
            return left_hand;
        case Entity::right_hand:
            return right_hand;
        case Entity::lower_body:
            return lower_body;
    }
    return {};
}

}  // namespace mdn
