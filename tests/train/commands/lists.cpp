#include "data/dataset.h"
#include "tests/train/program.h"

using namespace mdn;
using namespace mdn::test;

namespace {

/// Clips of three classes by five people, without lists: P1_nod_0, ...
struct Recordings : TemporaryFolder {
    std::string data = (*this / "data").string();

    Recordings() {
        uint64_t seed = 1;
        for (int person = 1; person <= 5; ++person)
            for (const char* action : {"nod", "wave", "bow"})
                write_clip(data,
                           std::string("P").append(std::to_string(person) + "_" + action + "_0"), 3,
                           40, 36, seed += 10);
    }
    Ran lists(std::vector<std::string> more) const {
        more.insert(more.begin(), {"lists", data});
        return microdualnet(more);
    }
};

}  // namespace

TEST_SUITE("train/commands/lists") {
    TEST_CASE("folders become a dataset that passes the check and trains") {
        const Recordings recordings;
        const Ran ran = recordings.lists({"--names", "{group}_{class}_{}"});
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        CHECK(ran.err.empty());
        CHECK(contains(
            ran.out,
            {"  2  wave         3       1       1\n", "     clips        9       3       3\n",
             "train 3 groups: P1 P2 P3", "val   1 group: P4", "test  1 group: P5", "wrote ",
             "test.txt", "next: microdualnet check " + recordings.data + "\n"}));
        const Ran check = microdualnet({"check", recordings.data});
        INFO(check.out);
        CHECK(check.code == 0);
        CHECK(contains(check.out, {"0 errors, 0 warnings"}));
        const Ran train = microdualnet({"train", "--data", recordings.data, "--preset", "tiny",
                                        "--out", (recordings / "run").string(), "--epochs", "1"});
        INFO(train.err);
        CHECK(train.code == 0);

        CHECK_MISTAKE(recordings.lists({"--names", "{group}_{class}_{}"}),
                      {"labels.txt exists already", "--overwrite"});
        const std::string before = bytes_of(recordings.data + "/val.txt");
        CHECK(recordings.lists({"--names", "{group}_{class}_{}", "--overwrite"}).code == 0);
        CHECK(bytes_of(recordings.data + "/val.txt") == before);
    }

    TEST_CASE("groups can be named, and nothing is written on trial") {
        const Recordings recordings;
        const std::vector<std::string> options = {"--names", "{group}_{class}_{}", "--val-share",
                                                  "0",       "--dry-run",          "--test-groups",
                                                  "P2,P4"};
        const Ran ran = recordings.lists(options);
        REQUIRE(ran.code == 0);
        CHECK(contains(ran.out,
                       {"train 3 groups: P1 P3 P5", "test  2 groups: P2 P4", "nothing written"}));
        CHECK_FALSE(contains(ran.out, {"\nval "}));
        CHECK_FALSE(std::filesystem::exists(recordings.data + "/labels.txt"));
        // The folder of frames is the same dataset.
        Recordings other;
        other.data += "/frames/";
        CHECK(other.lists(options).out == ran.out);
    }

    TEST_CASE("what would mislead is warned of, and mistakes are named by their option") {
        const Recordings recordings;
        std::filesystem::create_directories(recordings.data + "/frames/P9_nod_9");
        const Ran ran = recordings.lists({"--names", "{}_{class}_{}"});
        CHECK(ran.code == 0);
        CHECK(contains(ran.err, {"warning: ", "P9_nod_9 holds no frames",
                                 "warning: --names has no {group}: clips of one person may be"}));
        CHECK_MISTAKE(recordings.lists({"--dry-run"}),
                      {"--names does not fit 15 of 15 clips", "P1_bow_0"});
        CHECK_MISTAKE(recordings.lists({"--names", "{group}_{clas}"}), {"--names", "{clas}"});
        CHECK_MISTAKE(recordings.lists({"--names", "{}_{class}_{}", "--test-groups", "P1"}),
                      {"--names", "has no {group}"});
        CHECK_MISTAKE(recordings.lists({"--test-groups", "P1", "--test-share", "0.1"}),
                      {"--test-share and --test-groups cannot both"});
        CHECK_MISTAKE(recordings.lists({"--test-groups", "P1,,P2"}), {"--test-groups P1,,P2"});
        CHECK_MISTAKE(recordings.lists({"--val-share", "1"}), {"--val-share must be from 0 to"});
        CHECK_MISTAKE(microdualnet({"lists"}), {"DATASET is missing"});
        CHECK_MISTAKE(microdualnet({"lists", recordings.data + "/no"}),
                      {"/no: there is no such folder", "hint: DATASET"});
    }

    TEST_CASE("only what has happened is printed") {
        const Recordings recordings;
        std::filesystem::create_directories(recordings.data + "/val.txt");
        const std::vector<std::string> options = {"--names", "{group}_{class}_{}", "--val-share",
                                                  "0", "--overwrite"};
        const Ran refused = recordings.lists(options);
        CHECK_MISTAKE(refused, {"val.txt is a folder", "hint: move it away"});
        CHECK(refused.out.empty());
        CHECK_FALSE(std::filesystem::exists(recordings.data + "/labels.txt"));
        std::filesystem::remove(recordings.data + "/val.txt");
        write(recordings.data + "/val.txt", "old 3 0\n");
        CHECK(contains(recordings.lists(options).out,
                       {"test.txt\nremoved " + recordings.data + "/val.txt: no clip belongs"}));
        CHECK_FALSE(std::filesystem::exists(recordings.data + "/val.txt"));
    }

    TEST_CASE("why clips are missing is said before the error that follows from it") {
        const Recordings recordings;
        for (const char* person : {"P3", "P4", "P5"})
            for (const char* action : {"nod", "wave", "bow"})
                std::filesystem::remove_all(recordings.data + "/keypoints/" + person + "_" +
                                            action + "_0");
        const Ran ran = recordings.lists({"--names", "{group}_{class}_{}"});
        CHECK_MISTAKE(ran, {"P3_bow_0 does not have a keypoint file", "cannot fill 3 lists"});
        CHECK(ran.err.find("P3_bow_0 does not") < ran.err.find("error: "));
    }

    TEST_CASE("a dataset of one kind of files names the config that it can be checked with") {
        const Recordings recordings;
        std::filesystem::remove_all(recordings.data + "/keypoints");
        const Ran ran = recordings.lists({"--names", "{group}_{class}_{}"});
        CHECK(contains(ran.out, {"--config configs/tiny-rgb.json\n"}));
        CHECK(microdualnet({"check", recordings.data, "--config", "configs/tiny-rgb.json"}).code ==
              0);
    }
}
