// The body entities that the model looks at, and the joints of each (SPEC §3).
#pragma once

#include <span>
#include <string>

#include "data/keypoints/body25.h"

namespace mdn {

enum class Entity { face, head, torso, left_hand, right_hand, lower_body };

/// Throws Error for a name that is none of the six, listing them.
Entity entity_from_name(const std::string& name);

/// The joints of an entity, in the order of the table of SPEC §3; a hand's are its arm's, shoulder,
/// elbow and wrist.
std::span<const Body25> joints_of(Entity entity);

}  // namespace mdn
