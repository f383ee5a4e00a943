#include "data/keypoints/formats/joint_list.h"

#include "engine/error.h"

namespace mdn {

namespace {

constexpr std::size_t most_numbers = 1024;

void add(JsonCursor& cursor, std::string_view what, std::vector<double>& numbers) {
    if (numbers.size() == most_numbers)
        cursor.fail(std::string(what) + " holds more than " + std::to_string(most_numbers) +
                    " numbers, more than any skeleton");
    numbers.push_back(cursor.number(what));
}

/// The list that comes next. Lists in it are joints; if they hold lists, it is one person's list in
/// a list of its own.
void read_into(JsonCursor& cursor, std::string_view what, int depth, JointList& list) {
    cursor.array(what, [&](std::size_t) {
        if (!cursor.next_is(JsonCursor::Kind::array)) {
            if (list.each != 0) cursor.fail(std::string(what) + " mixes numbers and lists");
            return add(cursor, what, list.numbers);
        }
        JsonCursor ahead = cursor;
        if (ahead.enter_first() && ahead.next_is(JsonCursor::Kind::array)) {
            if (depth > 0 || !list.numbers.empty())
                cursor.fail(std::string(what) + " holds lists in lists in lists");
            return read_into(cursor, what, depth + 1, list);
        }
        const std::size_t before = list.numbers.size();
        if (list.each == 0 && before > 0)
            cursor.fail(std::string(what) + " mixes numbers and lists");
        cursor.array(what, [&](std::size_t) { add(cursor, what, list.numbers); });
        const std::size_t each = list.numbers.size() - before;
        if (list.each == 0) list.each = each;
        if (each == 0 || list.each != each)
            cursor.fail(std::string(what) + " has joints of " + std::to_string(list.each) +
                        " and " + std::to_string(each) + " numbers");
    });
}

}  // namespace

JointList read_joint_list(JsonCursor& cursor, std::string_view what) {
    JointList list;
    if (cursor.next_is(JsonCursor::Kind::null)) {
        cursor.skip();
        return list;
    }
    read_into(cursor, what, 0, list);
    // One flat list in a list of its own: [[x, y, c, x, y, c, …]].
    if (list.each > 4 && list.each == list.numbers.size()) list.each = 0;
    return list;
}

std::vector<double> with_scores(const JointList& list, const std::vector<double>& scores,
                                bool has_scores, const std::string& where) {
    const std::size_t each = list.each == 0
                                 ? (has_scores && scores.size() * 2 == list.numbers.size() ? 2 : 3)
                                 : list.each;
    if (each == 3 && has_scores)
        throw Error(where + " has 3 numbers for each joint and scores besides: a pose in 3-D",
                    "convert the 2-D poses that it was made from: boxes in pictures need them");
    if (each != 2 && each != 3)
        throw Error(where + " has " + std::to_string(each) +
                    " numbers for each joint instead of x, y or x, y, confidence");
    if (list.numbers.size() % each != 0)
        throw Error(where + " has " + std::to_string(list.numbers.size()) +
                    " numbers, which is no multiple of " + std::to_string(each));
    if (each == 3) return list.numbers;
    const std::size_t joints = list.numbers.size() / 2;
    if (has_scores && scores.size() != joints)
        throw Error(where + " has " + std::to_string(joints) + " joints and " +
                    std::to_string(scores.size()) + " scores");
    std::vector<double> triples;
    for (std::size_t i = 0; i < joints; ++i)
        triples.insert(triples.end(), {list.numbers[2 * i], list.numbers[2 * i + 1],
                                       has_scores ? scores[i] : 1.0});
    return triples;
}

}  // namespace mdn
