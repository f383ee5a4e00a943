// Kinetics-skeleton, as ST-GCN published it and as its tools write other videos: a file for each
// video,
//   {"data": [{"frame_index": 1, "skeleton": [{"pose": [x, y, …], "score": [c, …]}, …]}, …],
//    "label": "abseiling", "label_index": 0}
// with OpenPose's 18 joints, divided by the picture's width and height; a joint that was not seen
// is at (0, 0) with score 0, and a frame without anybody has an empty list. The published files
// count from 1, those that the tools make from OpenPose's from 0, in any order. (ST-GCN's feeder
// subtracts 0.5 from coordinates in memory; no file has that. docs/data.md names the sources.)
#include <cmath>

#include "data/keypoints/formats/joint_list.h"
#include "data/keypoints/formats/json_format.h"
#include "data/keypoints/keypoint_scale.h"
#include "engine/error.h"

namespace mdn {

namespace {

bool is_frame(const JsonCursor& value) {
    JsonCursor number = value, people = value;
    return number.enter("frame_index") && people.enter("skeleton");
}

bool is_kinetics_skeleton(const JsonCursor& root) {
    JsonCursor frames = root, label = root;
    if (!frames.enter("data") || !frames.next_is(JsonCursor::Kind::array)) return false;
    JsonCursor first = frames;
    return first.enter_first() ? is_frame(first) : label.enter("label_index");
}

Pose read_person(JsonCursor& cursor, PersonBuilder& builder, const std::string& where) {
    const JsonCursor begin = cursor;
    JointList joints;
    std::vector<double> scores;
    bool has_joints = false, has_scores = false;
    cursor.object("a skeleton", [&](const std::string& key) {
        if (key == "pose") {
            joints = read_joint_list(cursor, "`pose`");
            has_joints = true;
        } else if (key == "score") {
            scores = read_joint_list(cursor, "`score`").numbers;
            has_scores = true;
        } else {
            cursor.skip();
        }
    });
    if (!has_joints || !has_scores) begin.fail("a skeleton has no `pose` and `score`");
    if (joints.each == 0 && joints.numbers.size() != 2 * scores.size())
        begin.fail("`pose` has " + std::to_string(joints.numbers.size()) +
                   " numbers, not two for "
                   "each of the " +
                   std::to_string(scores.size()) + " of `score`");
    const auto who = [&] { return where + ": `pose`"; };
    return builder.build(with_scores(joints, scores, true, who()), who);
}

FoundFrame read_frame(JsonCursor& cursor, PersonBuilder& builder) {
    const JsonCursor begin = cursor;
    FoundFrame frame;
    frame.number = -1;
    cursor.object("a frame", [&](const std::string& key) {
        if (key == "frame_index") {
            const double number = cursor.number("`frame_index`");
            if (!(number >= 0 && number < 1e9) || number != std::floor(number))
                begin.fail("`frame_index` is no whole number");
            frame.number = static_cast<std::int64_t>(number);
        } else if (key == "skeleton") {
            cursor.array("`skeleton`", [&](std::size_t) {
                const std::string place = cursor.where();
                frame.people.push_back(read_person(cursor, builder, place));
            });
        } else {
            cursor.skip();
        }
    });
    if (frame.number < 0) begin.fail("a frame has no `frame_index`");
    return frame;
}

void read_video(JsonCursor& root, PersonBuilder& builder, const std::string& where,
                FoundClip& clip) {
    builder.set_joint_names({}, where);
    root.object(where, [&](const std::string& key) {
        if (key != "data") return root.skip();
        root.array("`data`",
                   [&](std::size_t) { clip.frames.push_back(read_frame(root, builder)); });
    });
    ScaleSurvey survey;
    for (const FoundFrame& frame : clip.frames)
        for (const Pose& pose : frame.people) survey.add(pose);
    const KeypointScale scale = survey.scale();
    clip.normalised = scale == KeypointScale::unit;
    if (scale == KeypointScale::symmetric)
        throw Error(where +
                        ": coordinates reach below 0, but `pose` holds shares of the picture's "
                        "width and height",
                    "if a program moved the origin to the picture's middle, add 0.5 to each");
}

}  // namespace

const JsonFormat kinetics_skeleton = {
    .name = "Kinetics-skeleton (ST-GCN, mmskeleton): a file for each video, {data, label_index}",
    .numbering = "frame_index, which published files count from 1 and ST-GCN's tools from 0",
    .holds = FileHolds::video,
    .lists_all = true,
    .counts_videos_from_zero = false,
    .recognise = is_kinetics_skeleton,
    .read_video = read_video};

}  // namespace mdn
