#include "data/openpose.h"

#include <nlohmann/json.hpp>
#include <string>

#include "data/file.h"
#include "engine/error.h"

namespace mdn {

namespace {

using nlohmann::json;

json parse(const std::filesystem::path& path) {
    try {
        return json::parse(read_file(path));
    } catch (const json::exception& failure) {
        // what() is "[json.exception.parse_error.101] parse error at line 1, column 9: …".
        const std::string what = failure.what();
        const std::size_t prefix = what.find("] ");
        throw Error(path.string() + " is not valid JSON: " +
                        (prefix == std::string::npos ? what : what.substr(prefix + 2)),
                    "OpenPose writes a missing joint as 0,0,0; `nan` is not JSON");
    }
}

/// "person 0", for messages.
std::string person_at(const std::filesystem::path& path, std::size_t index) {
    return path.string() + ": person " + std::to_string(index);
}

/// False when nobody is there: no pose array, or an empty one (the part was disabled).
bool read_pose(const std::filesystem::path& path, std::size_t index, const json& person,
               Pose& pose) {
    if (!person.is_object()) throw Error(person_at(path, index) + " is not an object");
    const auto old_form = person.find("pose_keypoints");
    if (old_form != person.end() && !old_form->empty()) {
        throw Error(person_at(path, index) + " has `pose_keypoints` with " +
                        std::to_string(old_form->size()) +
                        " numbers (OpenPose 1.0, COCO-18) instead of `pose_keypoints_2d`",
                    "run OpenPose 1.2 or newer with --model_pose BODY_25");
    }
    const auto numbers = person.find("pose_keypoints_2d");
    if (numbers == person.end()) return false;
    if (!numbers->is_array()) {
        throw Error(person_at(path, index) + ": `pose_keypoints_2d` is not a list");
    }
    if (numbers->empty()) return false;
    if (numbers->size() != 3 * pose.size()) {
        throw Error(person_at(path, index) + ": `pose_keypoints_2d` has " +
                        std::to_string(numbers->size()) +
                        " numbers, BODY_25 has 75 (x, y, confidence of 25 joints)",
                    "run OpenPose with --model_pose BODY_25");
    }
    for (const json& number : *numbers) {
        if (!number.is_number()) {
            throw Error(person_at(path, index) + ": `pose_keypoints_2d` holds " + number.dump() +
                        " where a number belongs");
        }
    }
    for (std::size_t j = 0; j < pose.size(); ++j) {
        pose[j] = {(*numbers)[3 * j].get<double>(), (*numbers)[3 * j + 1].get<double>(),
                   (*numbers)[3 * j + 2].get<double>()};
    }
    return true;
}

}  // namespace

std::vector<Pose> read_openpose(const std::filesystem::path& path) {
    const json document = parse(path);
    const auto people = document.find("people");
    if (!document.is_object() || people == document.end() || !people->is_array()) {
        throw Error(path.string() + " has no `people` list: not an OpenPose keypoint file");
    }
    std::vector<Pose> poses;
    for (std::size_t i = 0; i < people->size(); ++i) {
        Pose pose;
        if (read_pose(path, i, (*people)[i], pose)) poses.push_back(pose);
    }
    return poses;
}

}  // namespace mdn
