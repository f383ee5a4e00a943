// OpenPose's form, as other programs write it: a file for each picture,
//   {"people": [{"pose_keypoints_2d": [x, y, c, …]}, …], "canvas_width": W, "canvas_height": H}
// ControlNet's tools add the size of the picture, and may write null for a list. A list of such
// objects, one for each frame of a video, is what ComfyUI's nodes save. People may also have their
// joints in `keypoints` (COCO's word), or in `body_parts` (OpenPose before 1.0).
#include <cmath>

#include "data/keypoints/formats/json_format.h"
#include "data/keypoints/formats/listed_person.h"
#include "data/keypoints/keypoint_scale.h"

namespace mdn {

namespace {

bool has_people(const JsonCursor& value) {
    JsonCursor people = value;
    return people.enter("people") && people.next_is(JsonCursor::Kind::array);
}

std::int64_t read_side(JsonCursor& cursor, const std::string& key) {
    const JsonCursor begin = cursor;
    const double side = cursor.number("`" + key + "`");
    if (!(side >= 1 && side <= 1e6)) begin.fail("`" + key + "` is no width or height of a picture");
    return std::llround(side);
}

/// Whether joints are too close together to be pixels.
bool is_normalised(const std::vector<Pose>& people) {
    return detect_scale({people}) != KeypointScale::pixels;
}

void read_frame(JsonCursor& cursor, PersonBuilder& builder, const std::string& where,
                FoundFrame& frame, FoundClip& clip) {
    FrameSize canvas{0, 0};
    cursor.object(where, [&](const std::string& key) {
        if (key == "people")
            frame.people = read_listed_people(cursor, builder, where);
        else if (key == "version" && cursor.next_is(JsonCursor::Kind::string))
            // It writes no file for a picture without anybody.
            clip.lists_all &= !cursor.string(key).starts_with("AlphaPose");
        else if (key == "canvas_width")
            canvas.width = read_side(cursor, key);
        else if (key == "canvas_height")
            canvas.height = read_side(cursor, key);
        else
            cursor.skip();
    });
    if (canvas.width == 0 || canvas.height == 0) return;
    if (is_normalised(frame.people)) {
        for (Pose& pose : frame.people)
            for (Joint& joint : pose)
                joint.x *= static_cast<double>(canvas.width),
                    joint.y *= static_cast<double>(canvas.height);
    }
    frame.picture = canvas;
}

}  // namespace

const JsonFormat openpose_picture = {
    .name =
        "OpenPose's form (ControlNet, DWPose, AlphaPose `open`): a file for each picture, {people}",
    .numbering = "the number in the files' names",
    .holds = FileHolds::picture,
    .lists_all = true,
    .counts_videos_from_zero = false,
    .recognise = has_people,
    .read_picture = read_frame};

const JsonFormat controlnet_video = {
    .name =
        "ControlNet's and ComfyUI's list: a file for each video, a list of {people, canvas_width}",
    .numbering = "the place in the list",
    .holds = FileHolds::video,
    .lists_all = true,
    .counts_videos_from_zero = false,
    .recognise =
        [](const JsonCursor& root) {
            JsonCursor first = root;
            return first.enter_first() && has_people(first);
        },
    .read_video =
        [](JsonCursor& root, PersonBuilder& builder, const std::string& where, FoundClip& clip) {
            clip.first = 0;
            root.array(where, [&](std::size_t i) {
                FoundFrame frame;
                frame.number = static_cast<std::int64_t>(i);
                read_frame(root, builder, where + ": frame " + std::to_string(i), frame, clip);
                clip.frames.push_back(std::move(frame));
            });
        }};

}  // namespace mdn
