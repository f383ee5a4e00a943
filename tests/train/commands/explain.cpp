// `explain`, and the page of `predict --html`.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/files/safetensors.h"
#include "model/micro_dualnet.h"
#include "tests/train/program.h"
#include "train/checkpoints/checkpoint.h"
#include "train/inspection.h"
#include "train/load_model.h"

using namespace mdn;
using namespace mdn::test;
using Json = nlohmann::json;

namespace {

struct Project : SmallProject {
    std::string weights = file("w.safetensors"), page = file("clip.html");

    Project() { write_weights(load_config(config)); }

    void write_weights(const Config& model_config) {
        MicroDualNet model(model_config, 3);
        write_safetensors(weights, weights_to_disk(model.parameters()));
    }
    /// Weights by which some windows of 4 frames of a clip are the first class and some the second,
    /// none the third: the bias lies between what the first is ahead of the second in them.
    void write_weights_of_two_actions(const std::string& clip, int64_t frames) {
        MicroDualNet model(load_config(config), 3);
        const ClipFiles files{.name = clip,
                              .frames = data + "/frames/" + clip,
                              .keypoints = data + "/keypoints/" + clip,
                              .count = frames};
        std::vector<float> ahead;
        for (int64_t first = 0; first + 4 <= frames; first += 2) {
            const auto logits =
                inspect(model, files.part(first, 4), clip_options(model.config(), Sampling::test))
                    .outputs.logits.to_vector<float>();
            ahead.push_back(logits[0] - logits[1]);
        }
        const auto [least, most] = std::minmax_element(ahead.begin(), ahead.end());
        REQUIRE(*most - *least > 1e-4f);
        auto* bias = model.parameters().find("classifier.fc2.bias")->value.data<float>();
        bias[1] += (*least + *most) / 2;
        bias[2] -= 100;
        write_safetensors(weights, weights_to_disk(model.parameters()));
    }
    /// `predict` of windows of 4 frames of a clip, to NAME.csv, NAME.html and two pages of windows.
    std::vector<std::string> timeline(const std::string& clip, const std::string& name,
                                      const std::vector<std::string>& more) const {
        std::vector<std::string> words = {"predict",
                                          "--config",
                                          config,
                                          "--weights",
                                          weights,
                                          "--frames",
                                          data + "/frames/" + clip,
                                          "--keypoints",
                                          data + "/keypoints/" + clip,
                                          "--window",
                                          "4",
                                          "--stride",
                                          "2",
                                          "--timeline",
                                          file(name + ".csv"),
                                          "--html",
                                          file(name + ".html"),
                                          "--explain",
                                          "2",
                                          "--keypoint-fill",
                                          "1"};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    Ran explain(std::vector<std::string> more) const {
        more.insert(more.begin(), "explain");
        for (const std::string& word :
             {std::string("--config"), config, std::string("--weights"), weights,
              std::string("--output"), page, std::string("--threads"), std::string("2")})
            more.push_back(word);
        return microdualnet(more);
    }
};

Json data_of(const std::string& page) {
    const std::string html = bytes_of(page), mark = "id=\"data\">";
    const size_t at = html.find(mark);
    REQUIRE(at != std::string::npos);
    const size_t from = at + mark.size();
    return Json::parse(html.substr(from, html.find("</script>", from) - from));
}

}  // namespace

TEST_SUITE("train/commands/explain") {
    TEST_CASE("a dataset's clip and the same clip as a folder have the same page, but its label") {
        Project project;
        const Ran listed = project.explain({"val_1", "--data", project.data});
        INFO(listed.err);
        REQUIRE(listed.code == 0);
        // 2 entities, 2 frames: 1 + 2 covered + 2 dropped + still + backwards; of the head 2 unseen
        // and 3 classes.
        CHECK(contains(listed.err, {"7 forward passes, 5 forward passes of what follows the "
                                    "backbone, 3 backward passes",
                                    "wrote " + project.page}));
        const Json of_dataset = data_of(project.page);
        CHECK(of_dataset["classes"][of_dataset["label"].get<size_t>()] == "waving");

        const Ran folder = project.explain({project.data + "/frames/val_1/"});
        INFO(folder.err);
        REQUIRE(folder.code == 0);
        const Json of_folder = data_of(project.page);
        CHECK(of_folder["label"].is_null());
        for (const char* same : {"probabilities", "cells", "occlusions", "similarity", "visible"})
            CHECK(of_folder[same] == of_dataset[same]);
        const Ran told = project.explain(
            {project.data + "/frames/val_1", "--keypoints", project.data + "/keypoints/val_1"});
        REQUIRE(told.code == 0);
        CHECK(data_of(project.page)["probabilities"] == of_dataset["probabilities"]);
    }

    TEST_CASE("a part of a clip is that part, by the numbers of its files") {
        Project project;
        write_clip(project.data, "day", 9, 40, 36, 55);
        const std::string day = project.data + "/frames/day";
        REQUIRE(project.explain({day, "--from", "4", "--to", "7"}).code == 0);
        const Json part = data_of(project.page);
        CHECK(part["film"]["frames"] == std::vector<int64_t>{3, 4, 5, 6});  // less one
        CHECK(part["film"]["count"] == 4);
        CHECK(part["clip"]["name"] == "day, frames 4 to 7");
        // The same files in folders of their own.
        for (int t = 0; t < 4; ++t)
            for (const auto& [kind, ending] :
                 {std::pair("frames", ".jpg"), {"keypoints", "_keypoints.json"}}) {
                char from[64], to[64];
                std::snprintf(from, sizeof from, "img_%05d", t + 4);
                std::snprintf(to, sizeof to, "img_%05d", t + 1);
                const auto folder = std::filesystem::path(project.data) / kind;
                write(folder / "alone" / (std::string(to) + ending),
                      bytes_of(folder / "day" / (std::string(from) + ending)));
            }
        REQUIRE(project.explain({project.data + "/frames/alone"}).code == 0);
        CHECK(data_of(project.page)["probabilities"] == part["probabilities"]);

        CHECK_MISTAKE(project.explain({day, "--from", "4", "--to", "12"}),
                      {"--from 4 --to 12", "frames 1 to 9"});
        CHECK_MISTAKE(project.explain({day, "--from", "7", "--to", "4"}), {"no frames"});
    }

    TEST_CASE("models that lack something write a page, and say what it lacks") {
        Project project;
        Config rgb = load_config(project.config);
        rgb.modality = Modality::rgb;
        rgb.regions = Regions::fixed;
        write(project.config, to_json(rgb));
        project.write_weights(rgb);
        Ran ran = project.explain({project.data + "/frames/val_0"});
        INFO(ran.err);
        CHECK(ran.code == 0);
        CHECK(contains(ran.err, {"not on the page: ", "no keypoints"}));
        CHECK_MISTAKE(project.explain({project.data + "/frames/val_0", "--keypoints",
                                       project.data + "/keypoints/val_0"}),
                      {"--keypoints has no effect"});

        Config pose = load_config(project.config);
        pose.modality = Modality::pose;
        pose.regions = Regions::keypoints;
        write(project.config, to_json(pose));
        project.write_weights(pose);
        ran = project.explain({project.data + "/keypoints/val_0"});
        INFO(ran.err);
        CHECK(ran.code == 0);
        CHECK(contains(ran.err, {"Grad-CAM"}));
        CHECK(data_of(project.page)["clip"]["pictures"].empty());
    }

    TEST_CASE("what is missing or does not go together is said") {
        Project project;
        std::filesystem::create_directories(project.file("elsewhere"));
        CHECK_MISTAKE(project.explain({project.file("elsewhere")}),
                      {"needs keypoints", "--keypoints DIR"});
        CHECK_MISTAKE(project.explain({project.file("nowhere"), "--keypoints",
                                       project.data + "/keypoints/val_0"}),
                      {"there is no folder", "--data DIR"});
        CHECK_MISTAKE(
            project.explain({"val_0", "--data", project.data, "--keypoints", project.data}),
            {"--keypoints is for a folder"});
        CHECK_MISTAKE(project.explain({"nobody", "--data", project.data}), {"nobody"});
        const std::string frame = project.data + "/frames/val_0/img_00001.jpg",
                          before = bytes_of(frame);
        project.page = frame;
        CHECK_MISTAKE(project.explain({project.data + "/frames/val_0"}),
                      {"--output " + frame, "must end in .html"});
        CHECK(bytes_of(frame) == before);
        CHECK_MISTAKE(microdualnet({"explain", "x"}), {"--weights"});
        CHECK_MISTAKE(microdualnet({"explain", "--weights", "w"}), {"CLIP_DIR"});
    }

    TEST_CASE("a timeline's page has its rows, and leads to the windows that are explained") {
        Project project;
        write_clip(project.data, "day one", 12, 40, 36, 55);
        const std::string html = project.file("t.html"), csv = project.file("t.csv");
        const std::vector<std::string> arguments = project.timeline("day one", "t", {"--fps", "5"});
        const Ran ran = microdualnet(arguments);
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        const Json data = data_of(html);
        CHECK(data["cells"].size() == 5);
        CHECK(data["thumbnails"].size() == 12);
        CHECK(data["fps"] == 5);
        const std::string rows = bytes_of(csv);
        for (const Json& cell : data["cells"]) {
            const std::string frames = std::to_string(cell[0].get<int64_t>()) + "," +
                                       std::to_string(cell[1].get<int64_t>()) + ",";
            const size_t at = rows.find("\n" + frames);
            REQUIRE(at != std::string::npos);
            CHECK(
                rows.substr(at, 80).find(data["names"][std::to_string(cell[3][0][0].get<int64_t>())]
                                             .get<std::string>()) != std::string::npos);
        }
        const std::string command = data["explain"]["command"];
        CHECK(contains(command, {"microdualnet explain '", "frames/day one'", "--keypoints '",
                                 "--keypoint-fill 1", "--weights", "--config"}));
        REQUIRE(!data["links"].empty());
        for (auto link = data["links"].begin(); link != data["links"].end(); ++link) {
            const int64_t frame = std::stoll(link.key());
            const Json window = data_of(project.file(link.value().get<std::string>()));
            CHECK(window["film"]["frames"][0].get<int64_t>() + 1 == frame);
            // The window of the timeline and its explanation say the same.
            for (const Json& cell : data["cells"])
                if (cell[0] == frame)
                    CHECK(std::abs(window["probabilities"][0].get<double>() -
                                   cell[3][0][1].get<double>()) < 0.002);
        }
        CHECK_MISTAKE(microdualnet({"predict", "--weights", project.weights, "--frames",
                                    project.data, "--window", "4", "--explain", "2"}),
                      {"--explain", "--html FILE"});
    }

    TEST_CASE("where a timeline's rows are means over views, page and window say so") {
        Project project;
        write_clip(project.data, "day", 12, 40, 36, 55);
        const Ran ran =
            microdualnet(project.timeline("day", "t", {"--clips", "2", "--crops", "3"}));
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        const Json data = data_of(project.file("t.html"));
        CHECK(data["views"] == 6);
        REQUIRE(!data["links"].empty());
        bool differ = false;
        for (auto link = data["links"].begin(); link != data["links"].end(); ++link) {
            const Json window = data_of(project.file(link.value().get<std::string>()));
            CHECK(window["views"]["count"] == 6);
            for (const Json& cell : data["cells"]) {
                if (cell[0] != std::stoll(link.key())) continue;
                // The strip's answer is on the window's page, beside that of its one view.
                const std::string name =
                    data["names"][std::to_string(cell[3][0][0].get<int64_t>())];
                for (size_t c = 0; c < window["classes"].size(); ++c) {
                    if (window["classes"][c] != name) continue;
                    const double mean = window["views"]["mean"][c];
                    CHECK(std::abs(mean - cell[3][0][1].get<double>()) < 0.001);
                    differ |= std::abs(mean - window["probabilities"][c].get<double>()) > 0.0005;
                }
            }
        }
        CHECK(differ);  // or one view would do for all
        REQUIRE(microdualnet(project.timeline("day", "one", {})).code == 0);
        const Json one = data_of(project.file("one.html"));
        CHECK(one["views"] == 1);
    }

    TEST_CASE("a timeline's page and those of its windows are written all, or none") {
        Project project;
        write_clip(project.data, "day", 40, 40, 36, 55);
        project.write_weights_of_two_actions("day", 40);
        const auto arguments = project.timeline("day", "t", {});
        REQUIRE(microdualnet(arguments).code == 0);
        std::vector<std::string> pages = {project.file("t.html")};
        const Json links = data_of(pages[0])["links"];
        for (const Json& link : links) pages.push_back(project.file(link.get<std::string>()));
        REQUIRE(pages.size() == 3);
        for (const std::string& page : pages) write(page, "older");
        // Where one of them cannot be written, the others stay as they are.
        std::filesystem::remove(pages[2]);
        std::filesystem::create_directory(pages[2]);
        const auto before = names_in(project.file(""));
        CHECK_MISTAKE(microdualnet(arguments), {pages[2]});
        CHECK(bytes_of(pages[0]) == "older");
        CHECK(bytes_of(pages[1]) == "older");
        CHECK(names_in(project.file("")) == before);
        // Those whose files had no name yet have none now.
        std::filesystem::remove(pages[0]);
        std::filesystem::remove(pages[1]);
        CHECK(microdualnet(arguments).code == 2);
        CHECK_FALSE(std::filesystem::exists(pages[0]));
        CHECK_FALSE(std::filesystem::exists(pages[1]));
    }
}
