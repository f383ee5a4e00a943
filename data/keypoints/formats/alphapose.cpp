// AlphaPose's results, one file for all pictures (alphapose-results.json).
//
// By default a list of people,
//   [{"image_id": "12.jpg", "category_id": 1, "keypoints": [x, y, c, …], "score": s, "box": [x, y,
//   w, h],
//     "idx": [0.0]}, …]
// with `--format open` or `cmu` an object with an entry for each picture,
//   {"12.jpg": {"version": "AlphaPose v0.3", "people": [{"pose_keypoints_2d": [x, y, c, …]}, …]},
//   …}
//   {"12.jpg": {"version": "AlphaPose v0.3", "bodies": [{"joints": [x, y, c, …]}, …]}, …}
// and besides a file for each picture in sep-json/, with what an entry holds. All are in pixels.
// Pictures without anybody are nowhere. A video's frames are called 0.jpg, 1.jpg, …; pictures keep
// their names without their folder. (Writer of commit c60106d, 2023, run; there is no release since
// 0.5.0.)
//
// `open` and `cmu` write 18 joints in OpenPose's order, with the middle of the shoulders for the
// neck, if the model had 17. From a model of 26 joints or more they write the top of the head in
// the neck's place, and no file tells.
#include "data/keypoints/formats/json_format.h"
#include "data/keypoints/formats/listed_person.h"

namespace mdn {

namespace {

/// A list of people that say which picture they are in.
bool is_list_of_results(const JsonCursor& root, bool of_alphapose) {
    JsonCursor first = root;
    if (!first.enter_first()) return false;
    JsonCursor image = first, joints = first, box = first, index = first;
    if (!image.enter("image_id") || !joints.enter("keypoints")) return false;
    const bool alphapose = box.enter("box") || index.enter("idx");
    return alphapose == of_alphapose;
}

void read_results(JsonCursor& root, PersonBuilder& builder, const std::string& where,
                  ImageFrames& frames) {
    root.array(where, [&](std::size_t i) {
        const auto who = [&] { return where + ": person " + std::to_string(i); };
        const JsonCursor begin = root;
        const ListedPerson person = read_listed_person(root, who());
        if (person.image.empty()) begin.fail("person " + std::to_string(i) + " has no `image_id`");
        if (person.field.empty()) begin.fail("person " + std::to_string(i) + " has no `keypoints`");
        FoundFrame& frame = frames.at(person.image, who());
        if (person.joints.empty()) return;
        frame.people.push_back(builder.build(
            person.joints, [&] { return who() + ": `" + person.field + "`"; }, person.confidences));
    });
}

/// The people of {"people": …} or {"bodies": …}.
void read_entry(JsonCursor& cursor, PersonBuilder& builder, const std::string& where,
                FoundFrame& frame) {
    cursor.object(where, [&](const std::string& key) {
        if (key == "people" || key == "bodies")
            frame.people = read_listed_people(cursor, builder, where);
        else
            cursor.skip();
    });
}

bool has_bodies(const JsonCursor& value) {
    JsonCursor bodies = value;
    return bodies.enter("bodies");
}

}  // namespace

const JsonFormat alphapose_list = {
    .name = "AlphaPose's results: one list of people with image_id, box and idx",
    .numbering = "the number in image_id",
    .holds = FileHolds::pictures,
    .lists_all = false,
    .counts_videos_from_zero = true,
    .recognise = [](const JsonCursor& root) { return is_list_of_results(root, true); },
    .read_pictures = read_results};

const JsonFormat coco_results = {
    .name = "COCO results: one list of people with image_id, keypoints and score",
    .numbering = "the number in image_id",
    .holds = FileHolds::pictures,
    .lists_all = false,
    .counts_videos_from_zero = false,
    .recognise = [](const JsonCursor& root) { return is_list_of_results(root, false); },
    .read_pictures = read_results};

const JsonFormat alphapose_bodies = {
    .name = "AlphaPose's `cmu` form: a file for each picture, {bodies}",
    .numbering = "the number in the files' names",
    .holds = FileHolds::picture,
    .lists_all = false,
    .counts_videos_from_zero = true,
    .recognise = has_bodies,
    .read_picture = [](JsonCursor& root, PersonBuilder& builder, const std::string& where,
                       FoundFrame& frame, FoundClip&) { read_entry(root, builder, where, frame); }};

const JsonFormat alphapose_dict = {
    .name = "AlphaPose's `open` or `cmu` form: one object with an entry for each picture",
    .numbering = "the number in the pictures' names",
    .holds = FileHolds::pictures,
    .lists_all = false,
    .counts_videos_from_zero = true,
    .recognise =
        [](const JsonCursor& root) {
            const std::vector<std::string> names = root.keys();
            if (names.empty()) return false;
            JsonCursor entry = root, people = root;
            return entry.enter(names.front()) && people.enter(names.front()) &&
                   (has_bodies(entry) || people.enter("people"));
        },
    .read_pictures =
        [](JsonCursor& root, PersonBuilder& builder, const std::string& where,
           ImageFrames& frames) {
            root.object(where, [&](const std::string& image) {
                const std::string there = where + ": picture '" + image.substr(0, 200) + "'";
                read_entry(root, builder, there, frames.at(image, there));
            });
        }};

}  // namespace mdn
