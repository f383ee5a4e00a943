#include "data/keypoints/openpose.h"

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

TEST_SUITE("data/keypoints/openpose") {
    TEST_CASE("people come back joint by joint, in the file's order") {
        TemporaryFolder folder;
        Pose first = standing_figure(100, 50, 200), second = standing_figure(300, 60, 180);
        first[left_wrist] = {0, 0, 0};
        second[nose] = {-1.5e-2, 1.25e3, 1.00002};
        second[neck].confidence = -7e-06;
        write(folder / "f.json", openpose_json({first, second}));
        const auto people = read_openpose(folder / "f.json");
        REQUIRE(people.size() == 2);
        for (std::size_t j = 0; j < body25_joints; ++j) {
            CHECK(people[0][j].x == doctest::Approx(first[j].x).epsilon(1e-5));
            CHECK(people[0][j].y == doctest::Approx(first[j].y).epsilon(1e-5));
            CHECK(people[1][j].x == doctest::Approx(second[j].x).epsilon(1e-5));
        }
        CHECK_FALSE(people[0][left_wrist].valid());
        CHECK(people[1][nose].y == 1250);
        CHECK(people[1][nose].confidence == 1.00002);
        CHECK(people[1][nose].valid());
        CHECK_FALSE(people[1][neck].valid());
    }

    TEST_CASE("nobody in every form that occurs") {
        TemporaryFolder folder;
        for (const char* text :
             {R"({"version":1.3,"people":[]})", R"({"people":[{}]})",
              R"({"people":[{"person_id":[-1],"pose_keypoints_2d":[],"face_keypoints_2d":[]}]})",
              R"({"people":[{"person_id":[3]}]})", R"({"people":[{"pose_keypoints":[]}]})"}) {
            CAPTURE(text);
            write(folder / "f.json", text);
            CHECK(read_openpose(folder / "f.json").empty());
        }
    }

    TEST_CASE("somebody whose joints stand elsewhere is an error, not nobody") {
        TemporaryFolder folder;
        const auto error = [&](const std::string& person) {
            write(folder / "f.json", R"({"people":[{},)" + person + "]}");
            return error_of([&] { read_openpose(folder / "f.json"); });
        };
        CHECK(contains(error(R"({"keypoints":[[1,2],[3,4]],"score":0.9})"),
                       {"f.json: person 1 has no `pose_keypoints_2d`, but `keypoints`, `score`",
                        "microdualnet keypoints"}));
        CHECK(contains(error(R"({"person_id":[-1],"pose_keypoints_3d":[1,2,3,0.5]})"),
                       {"but `pose_keypoints_3d`"}));
        // OpenPose without its body detector.
        CHECK(contains(error(R"({"pose_keypoints_2d":[],"face_keypoints_2d":[1,2,0.5]})"),
                       {"person 1: `pose_keypoints_2d` is empty, but `face_keypoints_2d` is not"}));
        CHECK(contains(error(R"({"face_keypoints_2d":[1,2,0.5],"pose_keypoints_2d":[]})"),
                       {"`face_keypoints_2d` is not"}));
        write(folder / "f.json", R"([{"frame_id":0,"instances":[]}])");
        CHECK(contains(error_of([&] { read_openpose(folder / "f.json"); }),
                       {"no `people` list", "microdualnet keypoints"}));
    }

    TEST_CASE("versions and layouts, also in one file") {
        TemporaryFolder folder;
        const auto list = [](std::size_t count, double first) {
            std::string text;
            for (std::size_t i = 0; i < count; ++i) {
                text.append(i ? "," : "").append(std::to_string(first + static_cast<double>(i)));
            }
            return text;
        };
        write(folder / "f.json", R"({"version":1.0,"people":[{"pose_keypoints":[)" + list(54, 1) +
                                     R"(],"hand_left_keypoints":[1,2]},{},)"
                                     R"({"person_id":[-1],"pose_keypoints_2d":[)" +
                                     list(75, 200) + R"(]},{"pose_keypoints_2d":[]},)" +
                                     R"({"x":{"people":[[{}]]},"pose_keypoints_2d":[)" +
                                     list(51, 300) + R"(]}],"note":{"people":[7]}})");
        const auto people = read_openpose(folder / "f.json");
        REQUIRE(people.size() == 3);
        CHECK(people[0][right_shoulder].x == 7);  // joint 2 of COCO-18
        CHECK(people[1][right_shoulder].x == 206);
        CHECK(people[2][right_shoulder].x == 318);  // joint 6 of COCO-17
        CHECK(people[2][left_wrist].confidence == 329);
        CHECK(read_openpose(folder / "f.json", KeypointLayout::body25b)[1][right_shoulder].x ==
              218);
    }

    TEST_CASE("the name that OpenPose had for joints before version 1.0") {
        TemporaryFolder folder;
        std::string numbers = "1,2,0.9";
        for (int i = 1; i < 18; ++i)
            numbers.append(",").append(std::to_string(10 * i)).append(",5,0.8");
        write(folder / "f.json", R"({"version":0.1,"people":[{"body_parts":[)" + numbers + "]}]}");
        const auto people = read_openpose(folder / "f.json");
        REQUIRE(people.size() == 1);
        CHECK(people[0][nose].x == 1);
        CHECK(people[0][left_wrist].x == 70);  // 8th of COCO-18
        write(folder / "f.json", R"({"people":[{"body_parts":[1,2,0.9]}]})");
        CHECK(contains(error_of([&] { read_openpose(folder / "f.json"); }),
                       {"f.json: person 0: `body_parts` has 3 numbers"}));
    }

    TEST_CASE("numbers that are missing make a missing joint") {
        TemporaryFolder folder;
        for (const char* token : {"nan", "NaN", "-nan", " nan ", "null"}) {
            CAPTURE(token);
            for (int at = 0; at < 3; ++at) {
                std::string text = R"({"nan":"a nan, nan","people":[{"pose_keypoints_2d":[)";
                for (int i = 0; i < 75; ++i)
                    text.append(i ? "," : "").append(i == 12 + at ? token : "0.5");
                write(folder / "f.json", text + "]}]}");
                const auto people = read_openpose(folder / "f.json");
                REQUIRE(people.size() == 1);
                for (std::size_t j = 0; j < body25_joints; ++j) {
                    CHECK(people[0][j].valid() == (j != right_wrist));
                }
            }
        }
        for (const char* token : {"nano", "xnan", "na", "n", "+nan", "--nan", "nan0"}) {
            CAPTURE(token);
            write(folder / "f.json",
                  R"({"people":[{"pose_keypoints_2d":[)" + std::string(token) + "]}]}");
            CHECK(contains(error_of([&] { read_openpose(folder / "f.json"); }),
                           {"f.json", "JSON", "column 3"}));
        }
    }

    TEST_CASE("endless names, numbers and blanks are refused before they are parsed") {
        TemporaryFolder folder;
        const std::string endless(100'000, '1');
        for (const std::string& text : {endless, "\"" + endless + "\"",
                                        R"({"people":[{"pose_keypoints_2d":[)" + endless + "]}]}",
                                        "{" + std::string(100'000, ' ') + "}"}) {
            write(folder / "f.json", text);
            CHECK(
                contains(error_of([&] { read_openpose(folder / "f.json"); }), {"f.json", "65536"}));
        }
        // A file may be long without any of them being so.
        std::string long_list = R"({"people":[],"x":[0)";
        for (int i = 0; i < 100'000; ++i) long_list += ",0";
        write(folder / "f.json", long_list + "]}");
        CHECK(read_openpose(folder / "f.json").empty());
    }

    TEST_CASE("malformed files are errors that name the file") {
        TemporaryFolder folder;
        const auto error = [&](const std::string& text) {
            write(folder / "bad.json", text);
            return error_of([&] { read_openpose(folder / "bad.json"); });
        };
        const auto person = [](const std::string& numbers) {
            return R"({"people":[{"pose_keypoints_2d":[)" + numbers + "]}]}";
        };
        std::string numbers = "1";
        for (int i = 1; i < 75; ++i) numbers += ",1";
        write(folder / "good.json", person(numbers));
        CHECK(read_openpose(folder / "good.json").size() == 1);

        CHECK(contains(error(""), {"bad.json", "JSON"}));
        CHECK(contains(error("{\"people\":\n[{\"pose"), {"bad.json", "line 2", "column"}));
        CHECK(contains(error(R"({"people":[]} x)"), {"bad.json", "column"}));
        CHECK(contains(error(person(numbers.substr(2) + ",inf")), {"bad.json", "JSON", "column"}));
        CHECK(contains(error(person(numbers.substr(2) + ",1e999")), {"bad.json", "1e999"}));
        CHECK(contains(error(person(numbers.substr(2) + ",true")), {"person 0", "true"}));
        CHECK(contains(error(person(numbers.substr(2) + ",\"1\"")), {"person 0", "\"1\""}));
        CHECK(contains(error(person(numbers.substr(2) + ",[1]")), {"person 0", "[...]"}));
        CHECK(contains(error(person(numbers.substr(2) + ",{}")), {"person 0", "{...}"}));
        CHECK(contains(error(person(numbers.substr(2))), {"bad.json", "person 0", "74", "75"}));
        CHECK(contains(error(person(numbers + ",1,1,1,1,1,1")), {"bad.json", "81"}));
        CHECK(contains(error(R"({"people":[{},{"pose_keypoints":[1,2,3]}]})"),
                       {"bad.json", "person 1", "pose_keypoints", "3 numbers", "BODY_25"}));
        CHECK(contains(error(R"({"people":[{"pose_keypoints_2d":7}]})"), {"bad.json", "list"}));
        CHECK(contains(error(R"({"people":[7]})"), {"bad.json", "person 0"}));
        CHECK(contains(error(R"({"people":{}})"), {"bad.json", "`people`"}));
        CHECK(contains(error(R"({"person":[{"pose_keypoints_2d":[1]}]})"), {"`people`"}));
        CHECK(contains(error("[1]"), {"bad.json", "`people`"}));
        CHECK(contains(error("null"), {"bad.json", "`people`"}));

        CHECK(contains(error_of([&] { read_openpose(folder / "none.json"); }),
                       {"missing file", "none.json"}));
        std::filesystem::create_directory(folder / "folder.json");
        CHECK(contains(error_of([&] { read_openpose(folder / "folder.json"); }),
                       {"folder.json", "not a file"}));
    }
}

}  // namespace mdn::test
