// The ways in which JSON files list the joints of a person.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "data/keypoints/formats/json_cursor.h"

namespace mdn {

/// Numbers as they stand in the file; `each` numbers per joint where joints are lists of their own,
/// 0 where all stand in one list.
struct JointList {
    std::vector<double> numbers;
    std::size_t each = 0;

    std::size_t joints() const { return each == 0 ? numbers.size() / 3 : numbers.size() / each; }
};

/// [x, y, c, x, y, c, …], [[x, y], …], [[x, y, c], …], or one of these in a list of its own; null
/// is an empty list. `what` begins messages. Throws Error for anything else, and for more numbers
/// than any skeleton has.
JointList read_joint_list(JsonCursor& cursor, std::string_view what);

/// Whether such a list has a confidence for each joint, in it or besides.
inline bool has_confidences(const JointList& joints, bool has_scores) {
    return has_scores || joints.each != 2;
}

/// The same numbers as x, y, confidence. `scores` are the confidences where joints are x, y;
/// without them such joints have confidence 1. Throws Error beginning with `where` if there are not
/// as many scores as joints, or if joints have another number of numbers (3-D: x, y, z and scores).
std::vector<double> with_scores(const JointList& joints, const std::vector<double>& scores,
                                bool has_scores, const std::string& where);

}  // namespace mdn
