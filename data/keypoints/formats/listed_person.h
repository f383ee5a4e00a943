// A person as JSON files of any estimator list it: an object with a list of joints in it.
#pragma once

#include <string>
#include <vector>

#include "data/keypoints/formats/joint_list.h"
#include "data/keypoints/formats/json_cursor.h"
#include "data/keypoints/formats/keypoint_source.h"

namespace mdn {

struct ListedPerson {
    std::string field;           // that the joints stand in; empty where there is none
    std::vector<double> joints;  // x, y, confidence, joint by joint; empty: nobody
    Confidences confidences = Confidences::given;
    std::string image;  // `image_id`, a number written as text; empty where there is none
    std::vector<std::string> fields;  // all names, for messages
};

/// A text, or a whole number as text: `key` of a picture.
std::string read_identity(JsonCursor& cursor, const std::string& key);

/// Reads the object that comes next: the joints from `pose_keypoints_2d`, `pose_keypoints`,
/// `body_parts`, `keypoints` or `joints`, with confidences from `keypoint_scores` where these stand
/// apart, and `image_id`; everything else is passed over. `where` begins messages. Throws Error
/// where a field holds something else.
ListedPerson read_listed_person(JsonCursor& cursor, const std::string& where);

/// The people of a list of such objects. Throws Error for one without joints that has other fields,
/// naming them: read as nobody, it would silently be lost. (Empty lists and null are nobody.)
std::vector<Pose> read_listed_people(JsonCursor& cursor, PersonBuilder& builder,
                                     const std::string& where);

}  // namespace mdn
