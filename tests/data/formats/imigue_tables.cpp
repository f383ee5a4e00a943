#include "data/formats/imigue_tables.h"

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

/// Collects what is reported.
struct Reported {
    std::vector<std::string> errors;
    Report report = [this](const Error& error) { errors.emplace_back(error.what()); };
};

}  // namespace

TEST_SUITE("data/formats/imigue_tables") {
    TEST_CASE("a video's own file: classes from 1 and 99; bad rows are reported, good ones kept") {
        const TemporaryFolder folder;
        const auto file = folder / "0007_label.csv";
        write(file, "1,2,3\n0,4,5\n99,6,6\n31,8,7\n12,0,7\n5,6\nx,1,2\n2,10,12");
        Reported reported;
        const auto gestures = read_label_file(file, 7, false, 1, reported.report);
        REQUIRE(gestures.size() == 3);
        CHECK(gestures[0].video == 7);
        CHECK(gestures[0].label == 0);
        CHECK(gestures[0].start == 2);
        CHECK(gestures[0].end == 3);
        CHECK(gestures[1].label == 31);
        CHECK(gestures[2].label == 1);
        CHECK(gestures[2].where == file.string() + ":8");
        const std::vector<std::vector<std::string>> expected = {{":2", "class 0"},
                                                                {":4", "after end frame 7"},
                                                                {":5", "from 1"},
                                                                {":6", "class,start,end"},
                                                                {":7", "class 'x'"}};
        REQUIRE(reported.errors.size() == expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i)
            CHECK_MESSAGE(contains(reported.errors[i], expected[i]), reported.errors[i]);
    }

    TEST_CASE("class 0 may stand for a label that is not given; a file may have no other") {
        const TemporaryFolder folder;
        const auto file = folder / "0007_label.csv";
        write(file, "0,4,5\n3,6,7\n");
        Reported reported;
        const auto gestures = read_label_file(file, 7, true, 1, reported.report);
        REQUIRE(gestures.size() == 2);
        CHECK(gestures[0].label == unlabelled);
        CHECK(gestures[1].label == 2);
        CHECK(reported.errors.empty());
        CHECK_FALSE(lacks_labels(file));
        write(file, "0,4,5\r\n\r\n0,6,7");
        CHECK(lacks_labels(file));
        write(file, "0,4,5\nfour,6,7\n");  // a mistake is said where rows are read
        CHECK_FALSE(lacks_labels(file));
    }

    TEST_CASE("the table of all: rows of the wanted subjects, columns by name") {
        const TemporaryFolder folder;
        const auto file = folder / "labels.csv";
        const std::string header = "class,subject_id,end_frame,video_id,start_frame\n";
        write(file, header + "4,2,9,12,3\n99,5,8,13,1\n4,73,9,12,3\nbad,5,9,12,3\n4,2,9,0,3\n");
        Reported reported;
        const auto gestures = read_label_table(
            file, [](std::int64_t subject) { return subject == 2; }, 0, reported.report);
        REQUIRE(gestures.size() == 1);
        CHECK(gestures[0].video == 12);
        CHECK(gestures[0].label == 3);
        CHECK(gestures[0].start == 3);
        CHECK(gestures[0].end == 9);
        // What is wrong with a row of other subjects is theirs.
        REQUIRE(reported.errors.size() == 2);
        CHECK(contains(reported.errors[0], {":4", "subject 73", "1..72"}));
        CHECK(contains(reported.errors[1], {":6", "video_id 0"}));
        write(file, "class,subject_id\n");
        CHECK(contains(error_of([&] {
                           read_label_table(
                               file, [](std::int64_t) { return true; }, 0, reported.report);
                       }),
                       {":1", "no column video_id"}));
    }

    TEST_CASE("the subjects of videos") {
        const TemporaryFolder folder;
        const auto file = folder / "subjects.csv";
        write(file, "video_id,subject_id\n1,2\n7,72\n8,0\n");
        Reported reported;
        const auto subjects = read_subjects(file, reported.report);
        CHECK(subjects == std::map<std::int64_t, std::int64_t>{{1, 2}, {7, 72}});
        REQUIRE(reported.errors.size() == 1);
        CHECK(contains(reported.errors[0], {":4", "subject 0"}));
        write(file, "");
        CHECK(contains(error_of([&] { read_subjects(file, reported.report); }),
                       {"subjects.csv is empty"}));
    }
}

}  // namespace mdn::test
