// MA-52 and iMiGUE in miniature, in their own formats: each trains, is evaluated and is submitted.
#include <nlohmann/json.hpp>
#include <sstream>

#include "data/formats/list_file.h"
#include "data/formats/ma52.h"
#include "tests/train/program.h"
#include "train/metrics.h"
#include "train/trainer.h"

using namespace mdn;
using namespace mdn::test;

namespace {

std::string config_for(int64_t classes) {
    std::string config = small_config_json;
    const std::string three = "\"classes\": 3";
    return config.replace(config.find(three), three.size(),
                          "\"classes\": " + std::to_string(classes));
}

struct Miniature : TemporaryFolder {
    std::string config = (*this / "config.json").string();
    std::string data = (*this / "data").string();
    std::string run = (*this / "run").string();
    std::string weights = best_checkpoint(run);

    explicit Miniature(int64_t classes) { write(config, config_for(classes)); }

    std::string file(const std::string& name) const { return (*this / name).string(); }
    Ran train(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments = {"train", "--data", data,      "--config",  config,
                                              "--out", run,      "--batch", "3",         "--epochs",
                                              "1",     "--seed", "3",       "--threads", "2"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return microdualnet(arguments);
    }
    Ran with_weights(const std::string& command, const std::vector<std::string>& more) const {
        std::vector<std::string> arguments = {command, "--weights", weights, "--data", data};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return microdualnet(arguments);
    }
};

struct SmallMa52 : Miniature {
    SmallMa52() : Miniature(52) {
        uint64_t seed = 1;
        for (const auto& [split, names, labels] :
             {std::tuple("train", "001_01_00", std::vector<int>{0, 5, 33, 51, 12, 33}),
              {"val", "002_01_00", {47, 33, 28}},
              {"test", "test000", {0, 0, 0}}}) {
            std::string list;
            for (size_t i = 0; i < labels.size(); ++i) {
                const std::string name = names + std::to_string(i);
                write_clip(data, name, 3, 40, 48, seed += 10);
                list.append(i ? "\r\n" : "").append(name).append(".mp4 ");
                list += std::to_string(labels[i]);
            }
            write(std::filesystem::path(data) / (std::string(split) + "_list_videos.txt"), list);
        }
    }
};

/// A frame's row of a light_hand.csv: a figure that drifts, and finger tips.
std::string light_hand_row(int index) {
    std::string text = std::to_string(index);
    for (const Joint& joint : standing_figure(16 + index, 8, 26)) {
        char numbers[96];
        std::snprintf(numbers, sizeof numbers, ",%.3f,%.3f,%.3f", joint.x, joint.y,
                      joint.confidence);
        text += numbers;
    }
    for (int tip = 0; tip < 10; ++tip) text += ",1.5,2.5,0.5";
    return text + "\n";
}

}  // namespace

TEST_SUITE("train/datasets") {
    TEST_CASE("MA-52 in its own format trains, is evaluated and gives the challenge's file") {
        SmallMa52 mini;
        const Ran trained = mini.train();
        INFO(trained.err);
        REQUIRE(trained.code == 0);
        CHECK(contains(trained.out, {"6 training clips, 3 for validation"}));

        // All seven published columns.
        const Ran table = mini.with_weights("eval", {"--split", "val"});
        REQUIRE(table.code == 0);
        for (const char* column :
             {"action  Top-1", "Top-5", "body    Top-1", "F1 macro", "F1 micro", "F1mean"})
            CHECK(contains(table.out, {column}));
        const auto json =
            nlohmann::json::parse(mini.with_weights("eval", {"--split", "val", "--json"}).out);
        double sum = 0;
        for (const char* level : {"action", "body"})
            for (const char* average : {"f1_macro", "f1_micro"})
                sum += json.at(level).at(average).get<double>();
        CHECK(json.at("f1_mean").get<double>() == doctest::Approx(sum / 4));
        CHECK(json.at("action").contains("top1"));
        CHECK(json.at("action").contains("top5"));
        CHECK(json.at("body").contains("top1"));

        const std::string zip = mini.file("prediction.zip"), csv = mini.file("all.csv");
        const Ran submitted = mini.with_weights(
            "predict", {"--submission", zip, "--predictions", csv, "--top", "3", "--batch", "2"});
        INFO(submitted.err);
        REQUIRE(submitted.code == 0);
        CHECK(contains(submitted.out, {"wrote " + zip, "3 clips of the test list"}));
        const std::string bytes = bytes_of(zip);
        const size_t begin = bytes.find("vid,"), end = bytes.find("PK\1\2");
        const std::string name = "prediction.csv";
        CHECK(bytes.substr(30, name.size()) == name);
        REQUIRE(begin == 30 + name.size());
        // Each row: the name, five actions, their body-level classes.
        std::istringstream rows(bytes.substr(begin, end - begin));
        std::string row;
        std::getline(rows, row);
        CHECK(row ==
              "vid,action_pred_1,action_pred_2,action_pred_3,action_pred_4,action_pred_5,"
              "body_pred_1,body_pred_2,body_pred_3,body_pred_4,body_pred_5\r");
        std::istringstream predictions(bytes_of(csv));
        std::string predicted;
        std::getline(predictions, predicted);
        CHECK(predicted ==
              "clip,label,class_1,name_1,probability_1,class_2,name_2,probability_2,"
              "class_3,name_3,probability_3");
        const ClassNames classes = ma52_classes();
        for (int i = 0; i < 3; ++i) {
            REQUIRE(std::getline(rows, row));
            REQUIRE(row.ends_with("\r"));
            row.pop_back();
            const auto fields = split_csv(row, "");
            REQUIRE(fields.size() == 11);
            CHECK(fields[0] == "test000" + std::to_string(i) + ".mp4");
            for (size_t k = 1; k <= 5; ++k)
                CHECK(std::stoll(fields[k + 5]) == classes.body_of.at(std::stoull(fields[k])));
            // The table says the same, and no label: the list has none.
            REQUIRE(std::getline(predictions, predicted));
            const auto cells = split_csv(predicted, "");
            REQUIRE(cells.size() == 11);
            CHECK(cells[0] == "test000" + std::to_string(i));
            CHECK(cells[1].empty());
            for (size_t k = 0; k < 3; ++k) {
                CHECK(cells[2 + 3 * k] == fields[k + 1]);
                CHECK(cells[3 + 3 * k] == classes.names[std::stoull(fields[k + 1])]);
            }
        }
        CHECK(!std::getline(rows, row));
        CHECK(bytes.substr(end - 2, 2) == "\r\n");
        CHECK(!std::getline(predictions, predicted));

        // A clip of the test list by name, labelled or not.
        CHECK(mini.with_weights("predict", {"--clip", "test0002"}).code == 0);

        // What the placeholders cannot be used for.
        CHECK_MISTAKE(mini.with_weights("eval", {"--split", "test"}),
                      {"test_list_videos.txt:1", "placeholders", "--submission"});
        CHECK_MISTAKE(mini.train({"--overwrite", "--val", "test"}),
                      {"test_list_videos.txt:1", "placeholders"});
        CHECK_MISTAKE(mini.with_weights("predict", {"--split", "test"}),
                      {"--clip or --submission or --predictions beside --dataset is missing"});
        CHECK_MISTAKE(mini.with_weights("predict", {"--submission", zip, "--clip", "test0002"}),
                      {"cannot both"});
        CHECK_MISTAKE(mini.with_weights("predict", {"--submission", zip, "--predictions", zip}),
                      {"cannot both", zip});
        CHECK_MISTAKE(mini.with_weights("predict", {"--submission", mini.file("no/such.zip")}),
                      {"no/such.zip"});
        // A failure leaves the file of before.
        std::filesystem::remove(mini.data + "/frames/test0001/img_00002.jpg");
        CHECK_MISTAKE(mini.with_weights("predict", {"--submission", zip}), {"test0001"});
        CHECK(bytes_of(zip) == bytes);
    }

    TEST_CASE("a submission is refused for anything but MA-52") {
        SmallProject project;
        const std::string run = project.file("run"), zip = project.file("p.zip");
        REQUIRE(microdualnet(project.train(run, {"--epochs", "1"})).code == 0);
        CHECK_MISTAKE(microdualnet({"predict", "--weights", best_checkpoint(run), "--dataset",
                                    project.data, "--submission", zip}),
                      {"MA-52", "3 classes", "--predictions"});
        CHECK(!std::filesystem::exists(zip));
        const std::string csv = project.file("p.csv");
        REQUIRE(microdualnet({"predict", "--weights", best_checkpoint(run), "--dataset",
                              project.data, "--split", "val", "--predictions", csv})
                    .code == 0);
        // More classes are asked for than there are; labels are known here.
        CHECK(contains(bytes_of(csv), {"probability_3\n", "\nval_1,1,", "shaking head"}));
    }

    TEST_CASE("iMiGUE's original CSV trains and is evaluated on the subjects set aside") {
        Miniature mini(32);
        write_clip(mini.data, "0001", 14, 40, 36, 100);
        write_clip(mini.data, "0002", 9, 40, 36, 200);
        std::string table =
            "video_id,label_id,start_time,start_frame,end_time,end_frame,class,subject_id,"
            "subject_gender,subject_nationality,win_or_lose\r\n";
        for (const char* row :
             {"1,1,0:0:0,0,0:0:0,3,7,2,M,Japan,win", "1,2,0:0:0,2,0:0:0,8,99,2,M,Japan,win",
              "1,3,0:0:0,13,0:0:0,13,31,2,M,Japan,win",
              "2,1,0:0:0,1,0:0:0,8,7,1,F,\"Korea, Republic of\",lose"})
            table.append(row).append("\r\n");
        write(mini.data + "/labels_20200831.csv", table);
        const Ran trained = mini.train();
        INFO(trained.err);
        REQUIRE(trained.code == 0);
        CHECK(contains(trained.out,
                       {"3 training clips, 1 for validation", "val is the list of the test"}));
        const Ran table_of = mini.with_weights("eval", {"--split", "test"});
        REQUIRE(table_of.code == 0);
        CHECK(contains(table_of.out, {"1 clips", "action  Top-1", "Top-5", "rubbing eyes"}));
        CHECK(!contains(table_of.out, {"F1mean"}));
        CHECK(mini.with_weights("predict", {"--clip", "0002_00001_00008"}).code == 0);
        const std::string csv = mini.file("p.csv");
        REQUIRE(mini.with_weights("predict", {"--predictions", csv}).code == 0);
        CHECK(contains(bytes_of(csv), {"clip,label,", "\n0002_00001_00008,6,"}));
    }

    TEST_CASE("the MiGA release with its keypoint tables trains and gives predictions") {
        Miniature mini(32);
        for (const auto& [split, video, labels] :
             {std::tuple("train", "0003", "1,1,5\r\n99,4,8\r\n12,2,2"),
              {"validate", "0005", "1,2,6\r\n"},
              {"test", "0349", "0,1,8\r\n0,3,4\r\n"}}) {
            const std::string folder =
                mini.data + "/imigue_skeleton_" + split + "/" + video + "/" + video;
            write_clip(mini.data, video, 8, 40, 36, 300);
            write(folder + "_label.csv", labels);
            std::string table;
            for (int t = 0; t < 8; ++t) table += light_hand_row(t);
            write(folder + "_light_hand.csv", table);
        }
        std::filesystem::remove_all(mini.data + "/keypoints");
        const Ran trained = mini.train();
        INFO(trained.err);
        REQUIRE(trained.code == 0);
        CHECK(contains(trained.out, {"3 training clips, 1 for validation"}));
        CHECK(mini.with_weights("eval", {"--split", "val"}).code == 0);
        // A whole recording with its table.
        CHECK(microdualnet({"predict", "--weights", mini.weights, "--frames",
                            mini.data + "/frames/0005", "--keypoints",
                            mini.data + "/imigue_skeleton_validate/0005/0005_light_hand.csv"})
                  .code == 0);
        CHECK_MISTAKE(mini.with_weights("eval", {"--split", "test"}),
                      {"0349_label.csv:1", "placeholders"});
        const std::string csv = mini.file("p.csv");
        REQUIRE(mini.with_weights("predict", {"--split", "test", "--predictions", csv}).code == 0);
        CHECK(contains(bytes_of(csv), {"\n0349_00001_00008,,", "\n0349_00003_00004,,"}));
    }

    TEST_CASE("a folder in no known format is refused with what was looked for") {
        Miniature mini(3);
        std::filesystem::create_directories(mini.data + "/frames");
        CHECK_MISTAKE(mini.train(), {mini.data, "labels.txt", "train_list_videos.txt",
                                     "labels_20200831.csv", "_label.csv", "docs/datasets.md"});
    }
}
