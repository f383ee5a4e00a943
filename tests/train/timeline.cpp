#include "train/timeline.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <sstream>

#include "engine/files/safetensors.h"
#include "tests/train/program.h"
#include "train/checkpoints/checkpoint.h"
#include "train/load_model.h"
#include "train/metrics.h"
#include "train/predict.h"

using namespace mdn;
using namespace mdn::test;
using doctest::Approx;
using Json = nlohmann::json;

namespace {

/// A model of small_config_json and a recording of that many frames, whose windows all differ.
struct Recording : SmallProject {
    MicroDualNet model{load_config(config), 3};
    std::string frames = data + "/frames/day", keypoints = data + "/keypoints/day";
    std::string weights = file("w.safetensors");

    explicit Recording(int64_t count) {
        write_clip(data, "day", count, 40, 36, 77);
        write_safetensors(weights, weights_to_disk(model.parameters()));
    }
    ClipFiles files() const { return clip_in_folders(frames, keypoints); }
    ClipOptions clips() const { return clip_options(model.config(), Sampling::test); }
    std::vector<TimelineRow> rows(const TimelineOptions& options) {
        std::vector<TimelineRow> rows;
        make_timeline(model, files(), clips(), options,
                      [&](const TimelineRow& row) { rows.push_back(row); });
        return rows;
    }
    std::vector<std::string> predict(const std::vector<std::string>& more) const {
        std::vector<std::string> arguments = {"predict", "--config",  config, "--weights",
                                              weights,   "--frames",  frames, "--keypoints",
                                              keypoints, "--threads", "2"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
};

std::vector<std::pair<int64_t, int64_t>> all(const Windows& windows) {
    std::vector<std::pair<int64_t, int64_t>> list;
    for (int64_t i = 0; i < windows.count(); ++i)
        list.emplace_back(windows.at(i).first, windows.at(i).count);
    return list;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

}  // namespace

TEST_SUITE("train/timeline") {
    TEST_CASE("windows cover every frame, all equally long, the last moved back to the end") {
        using List = std::vector<std::pair<int64_t, int64_t>>;
        CHECK(all(Windows(72, 48, 12)) == List{{0, 48}, {12, 48}, {24, 48}});
        CHECK(all(Windows(73, 48, 12)) == List{{0, 48}, {12, 48}, {24, 48}, {25, 48}});
        CHECK(all(Windows(49, 48, 12)) == List{{0, 48}, {1, 48}});
        CHECK(all(Windows(48, 48, 12)) == List{{0, 48}});
        CHECK(all(Windows(20, 48, 12)) == List{{0, 20}});
        CHECK(all(Windows(5, 2, 2)) == List{{0, 2}, {2, 2}, {3, 2}});
        CHECK(Windows(1'000'000'000, 48, 1).count() == 1'000'000'000 - 47);
        for (const int64_t frames : {1, 7, 30, 31, 32, 33}) {
            std::set<int64_t> seen;
            for (const auto& [first, count] : all(Windows(frames, 9, 4)))
                for (int64_t t = first; t < first + count; ++t) seen.insert(t);
            CHECK(std::ssize(seen) == frames);
            CHECK(*seen.rbegin() == frames - 1);
        }
        CHECK(contains(error_of([] { Windows(9, 4, 5); }), {"stride", "from 1 to", "4", "not 5"}));
        CHECK(contains(error_of([] { Windows(9, 4, 0); }), {"stride", "not 0"}));
        CHECK(contains(error_of([] { Windows(0, 4, 2); }), {"without frames"}));
    }

    TEST_CASE("a row says what predict says of the same frames alone, whatever the cache") {
        Recording recording(9);
        const TimelineOptions options{.window = 4, .stride = 2, .batch = 3, .workers = 3};
        const auto rows = recording.rows(options);
        REQUIRE(rows.size() == 4);
        const std::pair<int64_t, int64_t> frames[] = {{1, 4}, {3, 6}, {5, 8}, {6, 9}};
        for (size_t i = 0; i < rows.size(); ++i) {
            CHECK(rows[i].first_frame == frames[i].first);
            CHECK(rows[i].last_frame == frames[i].second);
            // The same files, numbered from 1, in folders of their own.
            const std::string name = "alone" + std::to_string(i);
            for (int64_t t = 0; t < 4; ++t) {
                char from[64], to[64];
                std::snprintf(from, sizeof from, "img_%05d", static_cast<int>(frames[i].first + t));
                std::snprintf(to, sizeof to, "img_%05d", static_cast<int>(t + 1));
                for (const auto& [kind, ending] :
                     {std::pair("frames", ".jpg"), {"keypoints", "_keypoints.json"}}) {
                    const auto folder = std::filesystem::path(recording.data) / kind;
                    write(folder / name / (std::string(to) + ending),
                          bytes_of(folder / "day" / (std::string(from) + ending)));
                }
            }
            const Prediction alone = predict(recording.model,
                                             clip_in_folders(recording.data + "/frames/" + name,
                                                             recording.data + "/keypoints/" + name),
                                             recording.clips());
            CHECK(rows[i].person_visible);
            CHECK(rows[i].action == top_classes(alone.probabilities, 1)[0]);
            CHECK(rows[i].probability == Approx(alone.probabilities[rows[i].action]).epsilon(1e-5));
            REQUIRE(rows[i].alpha_st.size() == 2);
            for (size_t k = 0; k < 2; ++k)
                CHECK(rows[i].alpha_st[k] == Approx(alone.alpha[k].first).epsilon(1e-5));
        }
        // Or a row of another window would do as well.
        CHECK(std::abs(rows[0].probability - rows[1].probability) > 1e-4);
        for (const int64_t cache : {0, 5000, 1 << 20}) {
            TimelineOptions other{.window = 4, .stride = 2, .batch = 1, .workers = 1};
            other.cache_bytes = cache;
            const auto again = recording.rows(other);
            REQUIRE(again.size() == rows.size());
            for (size_t i = 0; i < rows.size(); ++i)
                CHECK(again[i].probability == Approx(rows[i].probability).epsilon(1e-5));
        }
    }

    TEST_CASE("a frame of several windows is decoded once, and forgotten after the last") {
        Recording recording(40);
        Config config = recording.model.config();
        config.regions = Regions::fixed;
        MicroDualNet model(config, 1);
        // Of 16 frames the 5th and the 13th are taken: with a stride of 1 each is needed again 8
        // windows later, when 14 others were; so there must be room for 15 of the 40.
        TimelineOptions options{.window = 16, .stride = 1, .batch = 1, .workers = 1};
        options.cache_bytes = 16 * 40 * 36 * 3;
        const ClipFiles files = recording.files();
        int64_t rows = 0;
        make_timeline(model, files, clip_options(config, Sampling::test), options,
                      [&](const TimelineRow&) {
                          // The loader is less than 8 windows ahead: the file would be missed.
                          CHECK(std::filesystem::remove(files.frame(rows + 12)));
                          ++rows;
                      });
        CHECK(rows == 25);
    }

    TEST_CASE("CSV and JSON hold the same rows, to a file or to stdout") {
        Recording recording(9);
        const std::string csv = recording.file("t.csv"), json = recording.file("t.json");
        const Ran printed = microdualnet(recording.predict({"--window", "4", "--stride", "2"}));
        INFO(printed.err);
        REQUIRE(printed.code == 0);
        const auto lines = lines_of(printed.out);
        REQUIRE(lines.size() == 5);
        CHECK(lines[0] ==
              "start_frame,end_frame,action,name,probability,person_visible,alpha_face,"
              "alpha_left_hand");
        CHECK(lines[1].starts_with("1,4,"));
        CHECK(lines[4].starts_with("6,9,"));
        CHECK(contains(printed.err, {"9 frames, 4 windows"}));

        const Ran written =
            microdualnet(recording.predict({"--window", "4", "--stride", "2", "--timeline", csv}));
        REQUIRE(written.code == 0);
        CHECK(bytes_of(csv) == printed.out);
        CHECK(written.out.empty());
        REQUIRE(microdualnet(recording.predict({"--window", "4", "--stride", "2", "--fps", "25",
                                                "--timeline", json}))
                    .code == 0);
        const Json rows = Json::parse(bytes_of(json));
        REQUIRE(rows.size() == 4);
        const std::vector<TimelineRow> expected =
            recording.rows({.window = 4, .stride = 2, .batch = 4, .workers = 2});
        for (size_t i = 0; i < 4; ++i) {
            CHECK(rows[i]["start_frame"] == expected[i].first_frame);
            CHECK(rows[i]["end_frame"] == expected[i].last_frame);
            CHECK(rows[i]["start_seconds"].get<double>() ==
                  Approx(static_cast<double>(expected[i].first_frame - 1) / 25));
            CHECK(rows[i]["end_seconds"].get<double>() ==
                  Approx(static_cast<double>(expected[i].last_frame) / 25));
            CHECK(rows[i]["action"] == expected[i].action);
            CHECK(rows[i]["name"] == "class " + std::to_string(expected[i].action));
            CHECK(rows[i]["person_visible"] == true);
            CHECK(rows[i]["probability"].get<double>() == Approx(expected[i].probability));
            CHECK(rows[i]["alpha"]["face"].get<double>() == Approx(expected[i].alpha_st[0]));
            CHECK(rows[i]["alpha"]["left_hand"].get<double>() == Approx(expected[i].alpha_st[1]));
        }
        // A quarter of the window is the stride unless it is given; a listed clip will do as well.
        const Ran listed = microdualnet({"predict", "--config", recording.config, "--weights",
                                         recording.weights, "--dataset", recording.data, "--clip",
                                         "val_0", "--window", "2", "--json"});
        INFO(listed.err);
        REQUIRE(listed.code == 0);
        CHECK(Json::parse(listed.out).size() == 2);
        CHECK(contains(listed.out, {"nodding"}) + contains(listed.out, {"waving"}) +
                  contains(listed.out, {"shaking head"}) >
              0);
    }

    TEST_CASE("names are quoted where CSV asks for it; without two paths there is no alpha") {
        TimelineText text(TimelineText::Format::csv, {"a", "touching \"nose\", ears"}, {}, 10);
        CHECK(text.begin() ==
              "start_frame,end_frame,start_seconds,end_seconds,action,name,probability,"
              "person_visible\n");
        const TimelineRow row{.first_frame = 11,
                              .last_frame = 25,
                              .person_visible = false,
                              .action = 1,
                              .probability = 0.5,
                              .alpha_st = {},
                              .probabilities = {}};
        CHECK(text.row(row) == "11,25,1.000,2.500,1,\"touching \"\"nose\"\", ears\",0.500000,0\n");
        CHECK(text.end().empty());
    }

    TEST_CASE("windows in which nobody is seen say so") {
        Recording recording(8);
        for (int64_t t = 0; t < 4; ++t) write(recording.files().keypoint(t), openpose_json({}));
        const auto rows = recording.rows({.window = 4, .stride = 4, .batch = 2, .workers = 1});
        REQUIRE(rows.size() == 2);
        CHECK_FALSE(rows[0].person_visible);
        CHECK(rows[1].person_visible);
        const Ran ran = microdualnet(recording.predict({"--window", "4", "--stride", "4"}));
        CHECK(contains(ran.err, {"windows without a visible person: 1"}));
    }

    TEST_CASE("frames beyond number 99999") {
        Recording recording(1);
        const auto folder = std::filesystem::path(recording.data) / "frames/long";
        for (const int64_t n : {99999, 100000, 100001})
            write_image(folder / ("img_" + std::to_string(n) + ".jpg"),
                        random_image(40, 36, static_cast<uint64_t>(n)));
        Config config = recording.model.config();
        config.regions = Regions::fixed;
        MicroDualNet model(config, 1);
        std::vector<TimelineRow> rows;
        make_timeline(
            model, {.name = "long", .frames = folder, .keypoints = {}, .count = 3, .first = 99998},
            clip_options(config, Sampling::test),
            {.window = 2, .stride = 1, .batch = 2, .workers = 1},
            [&](const TimelineRow& row) { rows.push_back(row); });
        REQUIRE(rows.size() == 2);
        CHECK(rows[1].first_frame == 100000);
        CHECK(rows[1].last_frame == 100001);
    }

    TEST_CASE("a file that only the last window needs is missed before the first") {
        Recording recording(9);
        for (const int t : {8, 7, 6}) std::filesystem::remove(recording.files().keypoint(t));
        const Ran ran = microdualnet(recording.predict({"--window", "4"}));
        CHECK_MISTAKE(ran, {"no keypoints for frame 9"});
        CHECK(ran.out.empty());
        int64_t rows = 0;
        for (const char* number : {"7", "8", "9"})
            write(recording.keypoints + "/img_0000" + number + "_keypoints.json",
                  openpose_json({}));
        const ClipFiles listed = recording.files();
        const auto run = [&] {
            make_timeline(recording.model, listed, recording.clips(),
                          {.window = 4, .stride = 2, .batch = 1, .workers = 1},
                          [&](const TimelineRow&) { ++rows; });
        };
        run();
        CHECK(rows == 4);
        // A listed clip may have a hole that its list does not know of.
        for (const auto& path : {listed.keypoint(6), listed.frame(6)}) {
            rows = 0;
            const std::string bytes = bytes_of(path);
            std::filesystem::remove(path);
            CHECK(contains(error_of(run), {path.filename().string()}));
            CHECK(rows == 0);
            write(path, bytes);
        }
    }

    TEST_CASE("mistakes end in a message, before the work where that can be") {
        Recording recording(9);
        const Ran ran = microdualnet(recording.predict({"--window", "4", "--stride", "5"}));
        CHECK_MISTAKE(ran, {"stride", "not 5"});
        CHECK(ran.out.empty());
        CHECK_MISTAKE(microdualnet(recording.predict({"--stride", "5"})), {"--stride", "--window"});
        CHECK_MISTAKE(microdualnet(recording.predict({"--timeline", recording.file("t.txt")})),
                      {"t.txt", ".csv or .json"});
        CHECK_MISTAKE(
            microdualnet(recording.predict({"--timeline", recording.file("no/such.csv")})),
            {"no/such.csv"});
        // A file that cannot be completed does not appear.
        const std::string csv = recording.file("t.csv");
        write(recording.files().frame(6), "broken");
        CHECK_MISTAKE(microdualnet(recording.predict({"--window", "4", "--timeline", csv})),
                      {"img_00007.jpg"});
        CHECK_FALSE(std::filesystem::exists(csv));
        CHECK_FALSE(std::filesystem::exists(csv + ".partial-1"));
        std::filesystem::remove(recording.files().frame(6));
        CHECK_MISTAKE(microdualnet(recording.predict({"--window", "4"})),
                      {"img_00007.jpg is missing", "goes on to img_00009.jpg"});
        for (float& x : std::span(
                 recording.model.parameters().find("classifier.fc2.bias")->value.data<float>(), 3))
            x = NAN;
        write_clip(recording.data, "day", 9, 40, 36, 77);
        CHECK(contains(
            error_of([&] { recording.rows({.window = 4, .stride = 2, .batch = 1, .workers = 1}); }),
            {"day, frames 1 to 4", "not finite"}));
    }
}
