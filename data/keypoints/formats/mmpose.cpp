// MMPose's predictions.
//
// The inferencer (MMPoseInferencer, pred_out_dir) writes a file for each video
//   [{"frame_id": 0, "instances": [PERSON, …]}, …]
// and one for each picture of a folder, [PERSON, …], called as the picture is. The scripts of
// demo/ write one file
//   {"meta_info": {…}, "instance_info": [{"frame_id": 1, "instances": [PERSON, …]}, …]}
// for a video and {…, "instance_info": [PERSON, …]} for a picture. A person is
//   {"keypoints": [[x, y], …], "keypoint_scores": [c, …], "bbox": [[x1, y1, x2, y2]], "bbox_score":
//   s}
// in pixels; a frame without anybody has no instances. The two count differently: the inferencer's
// frame_id begins at 0, that of the scripts at 1. (MMPose 1.3.2, run and read.)
#include <charconv>
#include <map>

#include "data/keypoints/formats/json_format.h"
#include "data/keypoints/formats/listed_person.h"

namespace mdn {

namespace {

bool is_person(const JsonCursor& value) {
    JsonCursor scores = value;
    return scores.enter("keypoint_scores");
}

bool is_frame(const JsonCursor& value) {
    JsonCursor number = value, people = value;
    return number.enter("frame_id") && people.enter("instances");
}

void read_frame(JsonCursor& cursor, PersonBuilder& builder, const std::string& where,
                FoundClip& clip) {
    const JsonCursor begin = cursor;
    FoundFrame frame;
    frame.number = -1;
    cursor.object(where + ": a frame", [&](const std::string& key) {
        if (key == "frame_id") {
            const double number = cursor.number("`frame_id`");
            if (!(number >= 0 && number < 1e9) ||
                number != static_cast<double>(static_cast<std::int64_t>(number)))
                begin.fail("`frame_id` is no whole number");
            frame.number = static_cast<std::int64_t>(number);
        } else if (key == "instances") {
            // The list may stand before the number, so only the place in the file can be said.
            const std::string place = cursor.where();
            frame.people = read_listed_people(cursor, builder, place);
        } else {
            cursor.skip();
        }
    });
    if (frame.number < 0) begin.fail("a frame has no `frame_id`");
    clip.frames.push_back(std::move(frame));
}

void read_frames(JsonCursor& cursor, PersonBuilder& builder, const std::string& where,
                 FoundClip& clip) {
    cursor.array(where, [&](std::size_t) { read_frame(cursor, builder, where, clip); });
}

/// meta_info.keypoint_id2name: {"0": "nose", …}.
JointNames joint_names(const JsonCursor& root) {
    JointNames names;
    JsonCursor cursor = root;
    if (!cursor.enter("meta_info") || !cursor.enter("keypoint_id2name")) return names;
    if (!cursor.next_is(JsonCursor::Kind::object)) return names;
    cursor.object("`keypoint_id2name`", [&](const std::string& key) {
        std::size_t place = 0;
        const auto [end, failure] = std::from_chars(key.data(), key.data() + key.size(), place);
        if (failure != std::errc() || place > 1000 || !cursor.next_is(JsonCursor::Kind::string))
            return cursor.skip();
        names[place] = cursor.string("a joint's name");
    });
    return names;
}

bool is_demo(const JsonCursor& root) {
    JsonCursor frames = root;
    return frames.enter("instance_info");
}

void read_demo(JsonCursor& root, PersonBuilder& builder, const std::string& where,
               FoundClip& clip) {
    clip.first = 1;
    builder.set_joint_names(joint_names(root), where + ": `keypoint_id2name`");
    root.object(where, [&](const std::string& key) {
        if (key != "instance_info") return root.skip();
        JsonCursor first = root;
        if (first.enter_first() && !is_frame(first)) {  // of a picture
            FoundFrame frame;
            frame.number = 1;
            frame.people = read_listed_people(root, builder, where);
            clip.frames.push_back(std::move(frame));
        } else {
            read_frames(root, builder, where, clip);
        }
    });
}

}  // namespace

const JsonFormat mmpose_video = {
    .name = "MMPose's inferencer: a file for each video, a list of {frame_id, instances}",
    .numbering = "frame_id, which the inferencer counts from 0",
    .holds = FileHolds::video,
    .lists_all = true,
    .counts_videos_from_zero = false,
    .recognise =
        [](const JsonCursor& root) {
            JsonCursor first = root;
            return first.enter_first() && is_frame(first);
        },
    .read_video =
        [](JsonCursor& root, PersonBuilder& builder, const std::string& where, FoundClip& clip) {
            clip.first = 0;
            read_frames(root, builder, where, clip);
        }};

const JsonFormat mmpose_demo = {
    .name = "MMPose's demo scripts: a file for each video, {meta_info, instance_info}",
    .numbering = "frame_id, which the demo scripts count from 1",
    .holds = FileHolds::video,
    .lists_all = true,
    .counts_videos_from_zero = false,
    .recognise = is_demo,
    .read_video = read_demo};

const JsonFormat mmpose_picture = {
    .name = "MMPose's inferencer: a file for each picture, a list of {keypoints, keypoint_scores}",
    .numbering = "the number in the files' names",
    .holds = FileHolds::picture,
    .lists_all = true,
    .counts_videos_from_zero = false,
    .recognise =
        [](const JsonCursor& root) {
            JsonCursor first = root;
            return first.enter_first() && is_person(first);
        },
    .read_picture = [](JsonCursor& root, PersonBuilder& builder, const std::string& where,
                       FoundFrame& frame,
                       FoundClip&) { frame.people = read_listed_people(root, builder, where); }};

}  // namespace mdn
