// What the joints of a body are called: by this program in messages, and by other programs in their
// files.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/keypoints/body25.h"

namespace mdn {

/// "left shoulder".
const char* name_of(Body25 joint);

/// "the nose, the neck and the left shoulder".
std::string names_of(const std::vector<Body25>& joints);

/// What a source calls its joints, by their place in its lists.
using JointNames = std::map<std::size_t, std::string>;

/// The joint of BODY_25 that a name means; body25_joints for a part of the body that BODY_25 has no
/// joint for (head, spine, thumb), and for `other`. Nothing for a name that is not known. Case,
/// blanks, dots, `_` and `-` do not matter, and left_shoulder, LShoulder, l-sho and shoulder_left
/// mean the same.
std::optional<Body25> joint_called(std::string_view name);

/// An order of joints that a source gives by names.
struct NamedOrder {
    std::vector<Body25> joints;        // by place; body25_joints where BODY_25 has none
    std::vector<std::string> dropped;  // the names of these
};

/// The order of joints that all have names. A joint may have a second name that stands in for it
/// where it is not named itself (thorax for neck, pelvis for mid-hip, foot for ankle); beside it,
/// the second is dropped. Throws Error naming the joint by its place and name if it is not known,
/// or if two joints have one meaning. `where` begins the message.
NamedOrder order_called(const JointNames& names, const std::string& where);

}  // namespace mdn
