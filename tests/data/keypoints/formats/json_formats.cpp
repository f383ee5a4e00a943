#include "data/keypoints/formats/json_format.h"

#include "tests/data/keypoints/formats/source_files.h"

namespace mdn::test {

namespace {

const Skeleton& coco17() { return skeleton_named("coco17"); }

/// A person as MMPose lists it.
std::string mmpose_person(const ListedJoints& joints) {
    return R"({"keypoints":[)" + joints.pairs() + R"(],"keypoint_scores":[)" + joints.scores() +
           R"(],"bbox":[[1,2,3,4]],"bbox_score":0.9})";
}

std::string coco_person(const std::string& image, const ListedJoints& joints,
                        const std::string& more = "") {
    return R"({"image_id":)" + image + R"(,"category_id":1,"keypoints":[)" + joints.flat() +
           R"(],"score":2.9)" + more + "}";
}

std::string error_from(const std::filesystem::path& path) {
    return error_of([&] { ReadSource source(path); });
}

}  // namespace

TEST_SUITE("data/keypoints/formats/json_formats") {
    TEST_CASE("MMPose's inferencer: frame_id counts from 0") {
        TemporaryFolder folder;
        const ListedJoints first{coco17(), 1}, second{coco17(), 40};
        write(folder / "predictions/walk.json",
              R"([{"frame_id":1,"instances":[]},{"frame_id":0,"instances":[)" +
                  mmpose_person(first) + "," + mmpose_person(second) + "]}]");
        write(folder / "predictions/sit/P02.json", R"([{"frame_id":0,"instances":[]}])");
        write(folder / "visualizations/walk.jpg", "x");
        const ReadSource source(folder.path());
        CHECK(contains(source.opened.source->format(), {"MMPose's inferencer", "video"}));
        CHECK(source.opened.others == 1);
        REQUIRE(source.clips.size() == 2);
        CHECK(source.clips[0].name == "sit/P02");
        const FoundClip& clip = source.clips[1];
        CHECK(clip.name == "walk");
        CHECK(clip.first == 0);
        CHECK(clip.lists_all);
        REQUIRE(clip.frames.size() == 2);
        CHECK(clip.frames[1].people.empty());
        REQUIRE(clip.frames[0].people.size() == 2);
        check_same(clip.frames[0].people[0], first.pose());
        check_same(clip.frames[0].people[1], second.pose());
        write(folder / "twice.json",
              R"([{"frame_id":3,"instances":[]},{"frame_id":3,"instances":[]}])");
        CHECK(contains(error_from(folder / "twice.json"), {"twice.json", "frame 3", "twice"}));
    }

    TEST_CASE("MMPose's demo scripts: frame_id counts from 1, and joints have names") {
        TemporaryFolder folder;
        const ListedJoints joints{coco17(), 2};
        write(
            folder / "results_walk.json",
            R"({"meta_info":{"dataset_name":"coco","keypoint_id2name":{"0":"nose","5":"left_shoulder"}},)"
            R"("instance_info":[{"frame_id":1,"instances":[)" +
                mmpose_person(joints) + R"(]},{"frame_id":2,"instances":[]}]})");
        const ReadSource source(folder / "results_walk.json");
        REQUIRE(source.clips.size() == 1);
        CHECK(source.clips[0].name == "walk");
        CHECK(source.clips[0].first == 1);
        check_same(source.clips[0].frames.at(0).people.at(0), joints.pose());

        // 17 joints of which the first is the pelvis are Human3.6M's.
        const ListedJoints other{skeleton_named("human36m"), 2};
        write(
            folder / "h36m.json",
            R"({"instance_info":[{"frame_id":1,"instances":[)" + mmpose_person(other) +
                R"(]}],"meta_info":{"keypoint_id2name":{"0":"root","1":"right_hip","4":"left_hip",)"
                R"("11":"left_shoulder","14":"right_shoulder","16":"right_wrist"}}})");
        const ReadSource lifted(folder / "h36m.json");
        check_same(lifted.clips[0].frames.at(0).people.at(0), other.pose());
    }

    TEST_CASE("MMPose's inferencer on pictures: a file for each") {
        TemporaryFolder folder;
        const ListedJoints joints{coco17(), 3};
        write(folder / "clip0/img_00007.json", std::string("[") + mmpose_person(joints) + "]");
        write(folder / "clip0/img_00008.json", "[]");
        write(folder / "clip1/img_00001_keypoints.json",
              std::string("[") + mmpose_person(joints) + "]");
        const ReadSource source(folder.path());
        REQUIRE(source.clips.size() == 2);
        CHECK(source.clips[0].name == "clip0");
        REQUIRE(source.clips[0].frames.size() == 2);
        CHECK(source.clips[0].frames[0].number == 7);
        CHECK(source.clips[0].frames[1].people.empty());
        check_same(source.clips[0].frames[0].people.at(0), joints.pose());
        CHECK(source.clips[1].frames.at(0).number == 1);
    }

    TEST_CASE("AlphaPose's list and its two other forms are the same people") {
        TemporaryFolder folder;
        const ListedJoints first{coco17(), 4}, second{coco17(), 60};
        const std::string more = R"(,"box":[1,2,3,4],"idx":[0.0])";
        write(folder / "walk/alphapose-results.json",
              std::string("[") + coco_person("\"2.jpg\"", first, more) + "," +
                  coco_person("\"0.jpg\"", second, more) + "," +
                  coco_person("\"2.jpg\"", second, more) + "]");
        const ReadSource list(folder / "walk/alphapose-results.json");
        REQUIRE(list.clips.size() == 1);
        const FoundClip& clip = list.clips[0];
        CHECK(clip.name == "walk");
        CHECK_FALSE(clip.lists_all);
        REQUIRE(clip.frames.size() == 2);
        CHECK(clip.frames[0].number == 0);
        check_same(clip.frames[0].people.at(0), second.pose());
        REQUIRE(clip.frames[1].people.size() == 2);
        check_same(clip.frames[1].people[0], first.pose());
        CHECK(list.opened.source->counts_videos_from_zero());

        const ListedJoints openpose{skeleton_named("coco18"), 5};
        for (const auto& names :
             {std::pair("people", "pose_keypoints_2d"), std::pair("bodies", "joints")}) {
            const char *people = names.first, *joints = names.second;
            CAPTURE(people);
            const std::string entry = R"({"version":"AlphaPose v0.3",")" + std::string(people) +
                                      R"(":[{")" + joints + R"(":[)" + openpose.flat() + "]}]}";
            write(folder / "all.json", R"({"12.jpg":)" + entry + R"(,"3.jpg":)" + entry + "}");
            const ReadSource all(folder / "all.json");
            CHECK(all.clips.at(0).name == "all");
            CHECK(all.clips[0].frames.at(0).number == 3);
            check_same(all.clips[0].frames.at(1).people.at(0), openpose.pose());
            std::filesystem::remove_all(folder / "sep-json");
            write(folder / "sep-json/12.json", entry);
            const ReadSource pictures(folder / "sep-json");
            CHECK_FALSE(pictures.clips.at(0).lists_all);
            CHECK(pictures.clips[0].frames.at(0).number == 12);
            check_same(pictures.clips[0].frames[0].people.at(0), openpose.pose());
        }
    }

    TEST_CASE("COCO's results and annotations") {
        TemporaryFolder folder;
        const ListedJoints joints{coco17(), 6};
        write(folder / "results.json", std::string("[") + coco_person("12", joints) + "]");
        const ReadSource results(folder / "results.json");
        CHECK(contains(results.opened.source->format(), {"COCO results"}));
        CHECK(results.clips.at(0).frames.at(0).number == 12);
        check_same(results.clips[0].frames[0].people.at(0), joints.pose());

        // Visible, hidden, and not labelled.
        std::string labelled = "11,12,2,13,14,1,0,0,0";
        for (int i = 3; i < 17; ++i) labelled += ",5,6,2";
        write(folder / "person_keypoints.json",
              R"({"annotations":[{"image_id":70,"keypoints":[)" + labelled +
                  R"(],"num_keypoints":16},{"image_id":70,"bbox":[1,2,3,4]}],)"
                  R"("images":[{"id":70,"file_name":"walk/00002.jpg","width":640,"height":480},)"
                  R"({"id":5,"file_name":"walk/00001.jpg","width":640,"height":480}]})");
        const ReadSource set(folder / "person_keypoints.json");
        const FoundClip& clip = set.clips.at(0);
        CHECK(clip.name == "walk");
        CHECK(clip.lists_all);
        REQUIRE(clip.frames.size() == 2);
        CHECK(clip.frames[0].people.empty());
        CHECK(clip.frames[1].picture->width == 640);
        const Pose& pose = clip.frames[1].people.at(0);
        CHECK(pose[nose].x == 11);
        CHECK(pose[nose].confidence == 1);
        CHECK(pose[left_eye].confidence == 0.5);
        CHECK_FALSE(pose[right_eye].valid());

        write(folder / "bad.json",
              R"({"images":[],"annotations":[{"image_id":70,"keypoints":[)" + labelled + "]}]}");
        CHECK(contains(error_from(folder / "bad.json"), {"bad.json", "`image_id` '70'"}));
    }

    TEST_CASE("COCO annotations: the category's names give the order of the joints") {
        TemporaryFolder folder;
        // COCO's joints in an order of their own: place -> COCO's index.
        const std::vector<std::size_t> order = {0,  2,  1,  3,  4, 6, 5, 11, 12,
                                                14, 16, 13, 15, 7, 9, 8, 10};
        const std::vector<std::string> names = {
            "nose",          "left_eye",       "right_eye", "left_ear",  "right_ear",
            "left_shoulder", "Right Shoulder", "LElbow",    "r_elbow",   "left_wrist",
            "right_wrist",   "left_hip",       "right_hip", "left_knee", "right_knee",
            "left_ankle",    "right_ankle"};
        const ListedJoints joints{coco17(), 6};
        const auto listed = [&](const std::vector<std::size_t>& places) {
            std::pair<std::string, std::string> text;  // names, numbers
            for (const std::size_t i : places) {
                text.first.append(text.first.empty() ? "\"" : ",\"").append(names[i]).append("\"");
                text.second.append(text.second.empty() ? "" : ",")
                    .append(std::to_string(joints.x(i)) + "," + std::to_string(joints.y(i)) + ",2");
            }
            return text;
        };
        const auto file = [&](const std::string& annotations, const std::string& categories) {
            write(folder / "a.json", R"({"images":[{"id":7,"file_name":"walk/1.jpg"}],)"
                                     R"("annotations":[)" +
                                         annotations + R"(],"categories":[)" + categories + "]}");
            return folder / "a.json";
        };
        const auto annotation = [](const std::string& numbers, int category) {
            return R"({"image_id":7,"category_id":)" + std::to_string(category) +
                   R"(,"keypoints":[)" + numbers + "]}";
        };
        const auto category = [](int id, const std::string& names) {
            return R"({"id":)" + std::to_string(id) + R"(,"name":"person","keypoints":[)" + names +
                   "]}";
        };
        const auto check_places = [&](const Pose& pose, const std::vector<std::size_t>& places) {
            for (const std::size_t i : places) {
                CAPTURE(i);
                const Joint& joint = pose[coco17().joints[i]];
                CHECK(joint.x == doctest::Approx(joints.x(i)));
                CHECK(joint.y == doctest::Approx(joints.y(i)));
            }
        };
        const auto [own_names, own_numbers] = listed(order);
        {
            const ReadSource source(file(annotation(own_numbers, 1), category(1, own_names)));
            const Pose& pose = source.clips.at(0).frames.at(0).people.at(0);
            check_places(pose, order);
            // Made of the shoulders where they were found.
            CHECK(pose[neck].x == doctest::Approx((joints.x(5) + joints.x(6)) / 2));
            const Skeleton& skeleton = *source.builder.people().begin()->first;
            CHECK(std::string(skeleton.name) == "an order of its own");
            CHECK(source.builder.was_named(skeleton));
        }
        {  // COCO's own order is COCO-17, named.
            std::vector<std::size_t> all(17);
            for (std::size_t i = 0; i < 17; ++i) all[i] = i;
            const auto [coco_names, numbers] = listed(all);
            const ReadSource source(file(annotation(numbers, 1), category(1, coco_names)));
            CHECK(source.builder.people().begin()->first == &coco17());
            CHECK(source.builder.was_named(coco17()));
            // Without names it is assumed.
            const ReadSource assumed(file(annotation(numbers, 1), category(1, "")));
            CHECK(assumed.builder.people().begin()->first == &coco17());
            CHECK_FALSE(assumed.builder.was_named(coco17()));
        }
        // A part of the joints, others beside them, and two categories in one file.
        const std::vector<std::size_t> upper = {6, 5, 0, 9, 10};
        auto [upper_names, upper_numbers] = listed(upper);
        upper_names += R"(,"head_top")";
        upper_numbers += ",1,2,2";
        {
            const ReadSource source(
                file(annotation(upper_numbers, 2) + "," + annotation(own_numbers, 1),
                     category(1, own_names) + "," + category(2, upper_names)));
            const auto& people = source.clips.at(0).frames.at(0).people;
            REQUIRE(people.size() == 2);
            check_places(people[0], upper);
            CHECK_FALSE(people[0][left_eye].valid());
            check_places(people[1], order);
            bool told = false;
            for (const auto& [skeleton, count] : source.builder.people())
                told |= contains(skeleton->name, {"without", "right elbow", "left out 'head_top'"});
            CHECK(told);
        }
        // The user's word counts more than names.
        {
            const ReadSource source(file(annotation(own_numbers, 1), category(1, own_names)),
                                    &coco17());
            CHECK(source.clips.at(0).frames.at(0).people.at(0)[left_eye].x ==
                  doctest::Approx(joints.x(2)));
        }
        CHECK(contains(error_from(file(annotation(own_numbers, 1), category(1, R"("nose","paw")"))),
                       {"a.json: annotation 0", "17 joints", "category 1 names 2"}));
        CHECK(
            contains(error_from(file(annotation("1,2,2,3,4,2", 1), category(1, R"("nose","paw")"))),
                     {"a.json: category 1: joint 1 'paw'", "--layout"}));
        CHECK(contains(error_from(file(annotation(own_numbers, 3), category(1, own_names))),
                       {"a.json", "`category_id` '3'"}));
        CHECK(contains(error_from(file(R"({"image_id":7,"keypoints":[)" + own_numbers + "]}",
                                       category(1, own_names) + "," + category(2, upper_names))),
                       {"a.json", "no `category_id`", "2 categories"}));
    }

    TEST_CASE("MMPose's names of joints that are in no known order") {
        TemporaryFolder folder;
        std::string names;
        for (int i = 0; i < 17; ++i) {
            names.append(i ? R"(,")" : R"(")").append(std::to_string(i)).append(R"(":"kp)");
            names.append(std::to_string(i)).append(R"(")");
        }
        write(folder / "results_walk.json",
              R"({"meta_info":{"keypoint_id2name":{)" + names +
                  R"(}},"instance_info":[{"frame_id":1,"instances":[)" +
                  mmpose_person(ListedJoints{coco17(), 2}) + "]}]}");
        CHECK(contains(error_from(folder / "results_walk.json"),
                       {"`keypoint_id2name`", "joint 0 'kp0'", "--layout"}));
        const ReadSource said(folder / "results_walk.json", &coco17());
        CHECK(said.clips.size() == 1);
    }

    TEST_CASE("Kinetics-skeleton: shares of the picture, from 1 or from 0, in any order") {
        TemporaryFolder folder;
        const ListedJoints joints{skeleton_named("coco18"), 6};
        std::string pose;
        for (std::size_t i = 0; i < 18; ++i)
            pose.append(i ? "," : "")
                .append(std::to_string(joints.x(i) / 400) + "," +
                        std::to_string(joints.y(i) / 200));
        const auto frame = [&](int number, const std::string& skeletons) {
            return R"({"frame_index":)" + std::to_string(number) + R"(,"skeleton":[)" + skeletons +
                   "]}";
        };
        const std::string person =
            R"({"pose":[)" + pose + R"(],"score":[)" + joints.scores() + "]}";
        const auto text = [](const std::string& frames) {
            return R"({"data":[)" + frames + R"(],"label":"waving","label_index":3})";
        };
        write(folder / "v/a.json",
              text(frame(3, person + "," + person) + "," + frame(1, person) + "," + frame(2, "")));
        const ReadSource source(folder / "v");
        CHECK(contains(source.opened.source->format(), {"Kinetics-skeleton"}));
        REQUIRE(source.clips.size() == 1);
        const FoundClip& clip = source.clips[0];
        CHECK(clip.name == "a");
        CHECK(clip.normalised);
        CHECK(clip.lists_all);
        CHECK_FALSE(clip.first);
        REQUIRE(clip.frames.size() == 3);
        CHECK(clip.frames[0].number == 1);
        CHECK(clip.frames[1].people.empty());
        CHECK(clip.frames[2].people.size() == 2);
        const Pose &got = clip.frames[0].people.at(0), expected = joints.pose();
        for (std::size_t j = 0; j < body25_joints; ++j) {
            CAPTURE(j);
            CHECK(got[j].x == doctest::Approx(expected[j].x / 400).epsilon(1e-4));
            CHECK(got[j].y == doctest::Approx(expected[j].y / 200).epsilon(1e-4));
            CHECK(got[j].confidence == doctest::Approx(expected[j].confidence).epsilon(1e-4));
        }
        // Of programs that left the division out.
        write(folder / "b.json", text(frame(
                                     0, R"({"score":[)" + joints.scores() + R"(],"pose":[)" + [&] {
                                         std::string pixels;
                                         for (std::size_t i = 0; i < 18; ++i)
                                             pixels.append(i ? "," : "")
                                                 .append(std::to_string(joints.x(i)) + "," +
                                                         std::to_string(joints.y(i)));
                                         return pixels;
                                     }() + "]}")));
        CHECK_FALSE(ReadSource(folder / "b.json").clips.at(0).normalised);
        // A video that shows nobody has no frame in its list.
        write(folder / "c.json", text(""));
        CHECK(ReadSource(folder / "c.json").clips.at(0).frames.empty());
        const auto error = [&](const std::string& frames) {
            write(folder / "x.json", text(frames));
            return error_from(folder / "x.json");
        };
        CHECK(contains(error(frame(1, R"({"pose":[0.1,0.2]})")), {"x.json:1:", "`score`"}));
        CHECK(contains(error(frame(1, R"({"pose":[0.1,0.2,0.3],"score":[1]})")),
                       {"x.json", "3 numbers", "1 of `score`"}));
        CHECK(
            contains(error(frame(1, R"({"pose":[0.1,0.2],"score":[1]})")), {"x.json", "1 joints"}));
        CHECK(contains(error(frame(1, person) + "," + frame(1, person)), {"frame 1", "twice"}));
        std::string centred;
        for (int i = 0; i < 18; ++i)
            centred.append(i ? "," : "").append(std::to_string(i / 40.0 - 0.4)).append(",-0.3");
        CHECK(contains(
            error(frame(1, R"({"pose":[)" + centred + R"(],"score":[)" + joints.scores() + "]}")),
            {"x.json", "below 0", "0.5"}));
    }

    TEST_CASE("OpenPose before version 1.0: `body_parts` in files called _pose") {
        TemporaryFolder folder;
        const ListedJoints joints{skeleton_named("coco18"), 5};
        write(folder / "walk_000000000003_pose.json",
              R"({"version":0.1,"people":[{"body_parts":[)" + joints.flat() + "]}]}");
        const ReadSource source(folder.path());
        REQUIRE(source.clips.size() == 1);
        CHECK(source.clips[0].name == "walk");
        CHECK(source.clips[0].frames.at(0).number == 3);
        check_same(source.clips[0].frames[0].people.at(0), joints.pose());
    }

    TEST_CASE("people without confidences are counted") {
        TemporaryFolder folder;
        const ListedJoints joints{coco17(), 3};
        const std::string plain = R"({"keypoints":[)" + joints.pairs() + "]}";
        write(folder / "1.json", R"({"people":[)" + plain + "," + R"({"keypoints":[)" +
                                     joints.flat() + "]}," + plain + "]}");
        const ReadSource source(folder / "1.json");
        CHECK(source.clips.at(0).frames.at(0).people.size() == 3);
        CHECK(source.builder.people_without_confidences() == 2);
    }

    TEST_CASE("ControlNet: somebody close to the camera has feet far below the canvas") {
        TemporaryFolder folder;
        const ListedJoints joints{skeleton_named("coco18"), 7};
        std::string shares;
        for (std::size_t i = 0; i < 18; ++i)
            shares.append(i ? "," : "")
                .append(std::to_string(joints.x(i) / 400) + "," + std::to_string(joints.y(i) / 40))
                .append(",0.9");  // down to 2.4 heights
        write(folder / "a/1.json", R"({"people":[{"pose_keypoints_2d":[)" + shares +
                                       R"(]}],"canvas_height":40,"canvas_width":400})");
        const ReadSource source(folder / "a");
        CHECK(source.clips.at(0).frames.at(0).people.at(0)[left_ear].y ==
              doctest::Approx(joints.y(17)).epsilon(1e-3));
    }

    TEST_CASE("ControlNet: shares of the canvas become pixels, a list is a video") {
        TemporaryFolder folder;
        const ListedJoints pixels{skeleton_named("coco18"), 7};
        std::string shares;
        for (std::size_t i = 0; i < 18; ++i)
            shares.append(i ? "," : "")
                .append(std::to_string(pixels.x(i) / 400))
                .append(",")
                .append(std::to_string(pixels.y(i) / 200))
                .append(",1.0");
        const auto frame = [](const std::string& numbers) {
            return R"({"people":[{"pose_keypoints_2d":[)" + numbers +
                   R"(],"face_keypoints_2d":null},{"pose_keypoints_2d":null}],)"
                   R"("animals":[],"canvas_height":200,"canvas_width":400})";
        };
        write(folder / "a/1.json", frame(shares));
        write(folder / "a/2.json", frame(pixels.flat()));
        const ReadSource pictures(folder / "a");
        for (const FoundFrame& found : pictures.clips.at(0).frames) {
            REQUIRE(found.people.size() == 1);
            CHECK(found.picture->height == 200);
            for (std::size_t j = 0; j < body25_joints; ++j) {
                const Joint expected = pixels.pose()[j];
                CHECK(found.people[0][j].x == doctest::Approx(expected.x).epsilon(1e-3));
                CHECK(found.people[0][j].y == doctest::Approx(expected.y).epsilon(1e-3));
            }
        }
        write(folder / "walk.json", std::string("[") + frame(shares) +
                                        R"(,{"people":[],"canvas_height":200,)"
                                        R"("canvas_width":400}])");
        const ReadSource video(folder / "walk.json");
        CHECK(video.clips.at(0).name == "walk");
        CHECK(video.clips[0].first == 0);
        REQUIRE(video.clips[0].frames.size() == 2);
        CHECK(video.clips[0].frames[0].people.at(0)[nose].x ==
              doctest::Approx(pixels.x(0)).epsilon(1e-3));
    }

    TEST_CASE("people in `keypoints` of OpenPose-like files, and people without joints") {
        TemporaryFolder folder;
        const ListedJoints joints{coco17(), 8};
        write(folder / "f_1.json",
              R"({"people":[{"keypoints":[)" + joints.flat() + R"(],"score":0.5},{}]})");
        const ReadSource source(folder / "f_1.json");
        REQUIRE(source.clips.at(0).frames.at(0).people.size() == 1);
        check_same(source.clips[0].frames[0].people[0], joints.pose());
        write(folder / "f_1.json", R"({"people":[{"face_keypoints_2d":[1,2,3],"id":4}]})");
        CHECK(contains(error_from(folder / "f_1.json"),
                       {"f_1.json", "person 0", "no list of joints", "`face_keypoints_2d`, `id`"}));
    }

    TEST_CASE("joints at exactly (0, 0) were not seen, whatever their confidence") {
        TemporaryFolder folder;
        std::string numbers = "0,0,0.4,0,7,0.4";
        for (int i = 2; i < 17; ++i) numbers += i == 5 ? ",0,0,0.4" : ",5,6,0.9";
        write(folder / "1.json", R"({"people":[{"keypoints":[)" + numbers + "]}]}");
        const ReadSource source(folder / "1.json");
        const Pose& pose = source.clips.at(0).frames.at(0).people.at(0);
        CHECK_FALSE(pose[nose].valid());
        CHECK(pose[left_eye].valid());
        CHECK_FALSE(pose[left_shoulder].valid());
        CHECK_FALSE(pose[neck].valid());  // no middle of a shoulder and the corner
        CHECK(pose[mid_hip].valid());
        CHECK(source.builder.joints_at_zero() == 2);
    }

    TEST_CASE("the layout can be said where the number of joints does not tell it") {
        TemporaryFolder folder;
        const ListedJoints joints{skeleton_named("human36m"), 9};
        write(folder / "1.json", R"({"people":[{"keypoints":[)" + joints.flat() + "]}]}");
        const ReadSource assumed(folder / "1.json");
        CHECK(assumed.builder.people().begin()->first == &coco17());
        const ReadSource said(folder / "1.json", &joints.skeleton);
        check_same(said.clips.at(0).frames.at(0).people.at(0), joints.pose());
        CHECK(
            contains(error_of([&] { ReadSource(folder / "1.json", &skeleton_named("halpe26")); }),
                     {"1.json", "person 0", "`keypoints`", "17 joints", "26", "--layout halpe26"}));
    }

    TEST_CASE("what is not known is refused with what lies there") {
        TemporaryFolder folder;
        const auto error = [&](const std::string& text) {
            write(folder / "x.json", text);
            return error_from(folder / "x.json");
        };
        CHECK(contains(error(R"({"frames":[],"fps":25})"),
                       {"x.json", "no known format", "`frames`, `fps`"}));
        CHECK(contains(error(R"([{"box":1}])"), {"x.json", "a list that begins with", "`box`"}));
        CHECK(contains(error("[1,2]"), {"x.json", "1"}));
        CHECK(contains(error("hello"), {"x.json", "neither JSON"}));
        CHECK(contains(error("PK\x03\x04"), {"x.json", "zip"}));
        CHECK(contains(error(""), {"empty"}));
        CHECK(contains(error("{\"people\": [\n}"), {"x.json:2:1", "JSON"}));
        CHECK(contains(error(R"([{"keypoints":[[1,2,3],[4,5,6]],"keypoint_scores":[0.1,0.2]}])"),
                       {"x.json", "person 0", "3-D"}));
        CHECK(contains(error(R"([{"image_id":"1.jpg","keypoints":[1,2,3,4,5,6]}])"),
                       {"x.json", "person 0", "2 joints", "17 (coco17 or human36m)"}));
        CHECK(contains(error(R"([{"image_id":"a.jpg","keypoints":[]}])"), {"'a.jpg'", "number"}));
        CHECK(contains(error(R"([{"keypoints":[[1,2],[3]],"keypoint_scores":[1,1]}])"),
                       {"x.json:1:", "`keypoints`", "2 and 1"}));
        CHECK(contains(error_from(folder / "none.json"), {"SOURCE", "none.json", "exist"}));
        write(folder / "y.json", R"({"people":[]})");
        write(folder / "x.json", R"([{"frame_id":0,"instances":[]}])");
        CHECK(contains(error_from(folder.path()), {"two formats", "x.json", "y.json", "MMPose"}));
        std::filesystem::create_directory(folder / "empty");
        CHECK(contains(error_from(folder / "empty"), {"no .json, .txt or .pkl"}));
    }
}

}  // namespace mdn::test
