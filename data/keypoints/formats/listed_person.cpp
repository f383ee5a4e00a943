#include "data/keypoints/formats/listed_person.h"

#include <cmath>
#include <cstdint>

#include "engine/error.h"

namespace mdn {

namespace {

using Kind = JsonCursor::Kind;

bool holds_joints(const std::string& key) {
    return key == "pose_keypoints_2d" || key == "pose_keypoints" || key == "keypoints" ||
           key == "joints" || key == "body_parts";
}

}  // namespace

std::string read_identity(JsonCursor& cursor, const std::string& key) {
    const std::string what = "`" + key + "`";
    if (!cursor.next_is(Kind::number)) return cursor.string(what);
    const JsonCursor begin = cursor;
    const double number = cursor.number(what);
    if (!(std::abs(number) < 1e15) || number != std::floor(number) || number < 0)
        begin.fail(what + " is " + begin.describe() + " where a whole number or a text belongs");
    return std::to_string(static_cast<std::int64_t>(number));
}

ListedPerson read_listed_person(JsonCursor& cursor, const std::string& where) {
    ListedPerson person;
    JointList list;
    std::vector<double> scores;
    bool has_scores = false;
    cursor.object(where, [&](const std::string& key) {
        if (person.fields.size() < 12) person.fields.push_back(key.substr(0, 40));
        if (holds_joints(key)) {
            JointList found = read_joint_list(cursor, "`" + key + "`");
            // 1.0 and later names may both be there; the one that holds numbers counts.
            if (person.field.empty() || list.numbers.empty()) {
                list = std::move(found);
                person.field = key;
            }
        } else if (key == "keypoint_scores" || key == "keypoints_scores") {
            scores = read_joint_list(cursor, "`" + key + "`").numbers;
            has_scores = true;
        } else if (key == "image_id") {
            person.image = read_identity(cursor, key);
        } else {
            cursor.skip();
        }
    });
    if (!has_confidences(list, has_scores)) person.confidences = Confidences::none;
    if (!list.numbers.empty())
        person.joints = with_scores(list, scores, has_scores, where + ": `" + person.field + "`");
    return person;
}

std::vector<Pose> read_listed_people(JsonCursor& cursor, PersonBuilder& builder,
                                     const std::string& where) {
    std::vector<Pose> people;
    cursor.array(where, [&](std::size_t i) {
        const auto who = [&] { return where + ": person " + std::to_string(i); };
        const ListedPerson person = read_listed_person(cursor, who());
        if (person.field.empty() && !person.fields.empty()) {
            std::string names;
            for (const std::string& name : person.fields)
                names.append(names.empty() ? "`" : ", `").append(name).append("`");
            throw Error(who() + " has no list of joints; its fields are " + names);
        }
        if (!person.joints.empty())
            people.push_back(builder.build(
                person.joints, [&] { return who() + ": `" + person.field + "`"; },
                person.confidences));
    });
    return people;
}

}  // namespace mdn
