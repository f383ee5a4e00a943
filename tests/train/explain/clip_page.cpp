#include "train/explain/clip_page.h"

#include <cmath>

#include "tests/train/program.h"
#include "train/load_model.h"

using namespace mdn;
using namespace mdn::test;

namespace {

using Json = nlohmann::ordered_json;

struct Explained : SmallProject {
    Config model_config = load_config(config);
    Explanation explanation;
    Film film;

    explicit Explained(Modality modality = Modality::rgb_pose) {
        model_config.modality = modality;
        MicroDualNet model(model_config, 3);
        const ClipOptions options = clip_options(model_config, Sampling::test);
        const ClipFiles files = find_clip(data, "val_1", 3, {}).files;
        explanation = explain(model, files, options, 1);
        film = film_of(files, options, explanation.clip.view.frames, most_film_frames);
    }
    Json page_data() const {
        return clip_page_data(explanation, film, model_config,
                              {.clip = "val_1",
                               .weights = "w.safetensors",
                               .classes = {"nodding", "waving", "</script><b>"},
                               .first_number = 11,
                               .seconds = 1.25});
    }
};

}  // namespace

TEST_SUITE("train/explain/clip_page") {
    TEST_CASE("the page's data are those of the explanation, by the numbers of the files") {
        const Explained explained;
        const Explanation& e = explained.explanation;
        const Json data = explained.page_data();
        // Frames 0 and 2 of the clip; clip_view.js adds 1.
        CHECK(data["clip"]["frames"] == std::vector<int64_t>{10, 12});
        CHECK(data["film"]["frames"] == std::vector<int64_t>{10, 11, 12});
        CHECK(data["film"]["count"] == 3);
        CHECK(data["film"]["pictures"].size() == 3);
        CHECK(data["entities"] == std::vector<std::string>{"face", "left_hand"});
        REQUIRE(data["classes"].size() == 3);
        const auto index_of = [&](int64_t cls) {
            const std::vector<std::string> names = {"nodding", "waving", "</script><b>"};
            for (size_t i = 0; i < 3; ++i)
                if (data["classes"][i] == names[cls]) return i;
            FAIL("a class is missing");
            return size_t{0};
        };
        CHECK(data["label"] == index_of(1));
        CHECK(data["keypoints"] == true);
        CHECK(data["person"] == true);
        for (int64_t c = 0; c < 3; ++c) {
            const auto near = [&](const Json& values, double expected) {
                CHECK(std::abs(values[index_of(c)].get<double>() - expected) <= 0.51e-4);
            };
            near(data["probabilities"], e.clip.probabilities[c]);
            near(data["alone"]["st"], e.st_alone[c]);
            near(data["alone"]["ts"], e.ts_alone[c]);
            for (size_t i = 0; i < e.occlusions.size(); ++i)
                near(data["occlusions"][i]["probabilities"], e.occlusions[i].probabilities[c]);
        }
        CHECK(data["occlusions"][0]["kind"] == "covered");
        CHECK(data["occlusions"][0]["entity"] == 0);
        const Json& dropped = data["occlusions"][5];
        CHECK(dropped["kind"] == "dropped");
        CHECK(dropped["frames"] == std::vector<int64_t>{12, 12});
        const size_t cells = static_cast<size_t>(e.height * e.width);
        REQUIRE(data["cells"].size() == 4);  // 2 frames of 2 boxes
        for (size_t box = 0; box < 4; ++box)
            for (size_t i = 0; i < cells; ++i)
                CHECK(data["cells"][box][i] == std::lround(1000 * e.cells[box * cells + i]));
        REQUIRE(data["class_maps"].size() == 3);
        for (size_t m = 0; m < 3; ++m) {
            const ClassMap& map = e.class_maps[m];
            CHECK(data["class_maps"][m]["class"] == index_of(map.cls));
            const double largest = data["class_maps"][m]["largest"];
            for (size_t t = 0; t < 2; ++t)
                for (size_t i = 0; i < cells; ++i)
                    CHECK(data["class_maps"][m]["frames"][t][i] ==
                          (largest > 0 ? std::lround(1000 * map.map[t * cells + i] / largest) : 0));
        }
        for (size_t i = 0; i < 4; ++i)
            CHECK(std::abs(data["similarity"]["cosines"][i].get<double>() - e.similarity[i]) <=
                  0.51e-4);
        CHECK(data["missing"].empty());
        CHECK(data["facts"]["passes"] == e.passes);
    }

    TEST_CASE(
        "for how many body parts the positive is the largest is counted by rows and columns") {
        Explained explained;
        explained.explanation.similarity = {0.5, 0.9, 0.4, 0.7};  // ST rows, TS columns
        const Json data = explained.page_data();
        CHECK(data["similarity"]["rows_right"] == 1);
        CHECK(data["similarity"]["columns_right"] == 1);
        explained.explanation.similarity = {0.5, 0.4, 0.6, 0.7};
        CHECK(explained.page_data()["similarity"]["rows_right"] == 2);
        CHECK(explained.page_data()["similarity"]["columns_right"] == 1);
    }

    TEST_CASE("a class that only an occlusion makes the likeliest has its place on the page") {
        Explained explained;
        Explanation& e = explained.explanation;
        e.clip.probabilities = {0.5, 0.3, 0.1, 0.05, 0.03, 0.02, 0};
        e.label = 0;
        e.class_maps.clear();
        for (OccludedAnswer& one : e.occlusions) one.probabilities = e.clip.probabilities;
        e.st_alone = e.ts_alone = e.clip.probabilities;
        e.occlusions[1].probabilities = {0, 0, 0, 0, 0, 0, 1};
        const Json data = explained.page_data();
        REQUIRE(data["classes"].size() == 6);
        CHECK(data["classes"][5] == "class 6");
        CHECK(data["occlusions"][1]["likeliest"] == 5);
        CHECK(data["occlusions"][0]["likeliest"] == 0);
    }

    TEST_CASE("beside a mean over views, the page has that mean of each class it speaks of") {
        Explained explained;
        Explanation& e = explained.explanation;
        CHECK(explained.page_data()["views"] == Json({{"count", 1}, {"mean", Json::array()}}));
        e.clip.probabilities = {0.3, 0.25, 0.2, 0.1, 0.08, 0.07, 0};
        e.label = unlabelled;
        e.class_maps.clear();
        for (OccludedAnswer& one : e.occlusions) one.probabilities = e.clip.probabilities;
        e.st_alone = e.ts_alone = e.clip.probabilities;
        const std::vector<double> mean = {0.1, 0.15, 0.05, 0.05, 0.05, 0, 0.6};
        const Json data = clip_page_data(
            e, explained.film, explained.model_config,
            {.clip = "c", .weights = "w", .classes = {}, .views = 6, .mean_of_views = mean});
        CHECK(data["views"]["count"] == 6);
        // The likeliest over all views is none of the five of this one.
        CHECK(data["views"]["mean"] == Json({0.1, 0.15, 0.05, 0.05, 0.05, 0.6}));
        CHECK(data["classes"][5] == "class 6");
    }

    TEST_CASE("the document holds its data whatever names they contain") {
        const Explained explained;
        const std::string page =
            clip_page(explained.explanation, explained.film, explained.model_config,
                      {.clip = "</title><x>", .weights = "w", .classes = {}});
        CHECK(contains(page, {"<!DOCTYPE html>", "&lt;/title&gt;&lt;x&gt;", "scrubber"}));
        CHECK(page.find("</title><x>") == std::string::npos);
    }

    TEST_CASE("a model says which figures it does not have") {
        const auto missing = [](const Config& config) {
            std::string all;
            for (const std::string& text : missing_figures(config, {0, 2})) all += text + "\n";
            return all;
        };
        Config config = load_config(SmallProject().config);
        CHECK(missing(config).empty());
        REQUIRE(missing_figures(config, {4, 4}).size() == 1);
        CHECK(contains(missing_figures(config, {4, 4})[0], {"one frame", "reads 2 times"}));
        config.paths = Paths::ts;
        CHECK(contains(missing(config), {"Routing", "TS path only"}));
        config.paths = Paths::dual;
        config.fusion = Fusion::mean;
        CHECK(contains(missing(config), {"mean of both paths"}));
        config.modality = Modality::rgb;
        config.regions = Regions::fixed;
        CHECK(contains(missing(config), {"no keypoints"}));
        config.regions = Regions::none;
        CHECK(contains(missing(config), {"no body parts"}));
        CHECK(!contains(missing(config), {"path only"}));
        const Explained pose(Modality::pose);
        CHECK(contains(missing(pose.model_config), {"Grad-CAM", "joints alone"}));
        const Json data = pose.page_data();
        CHECK(data["film"]["pictures"].empty());
        CHECK(data["class_maps"].empty());
        CHECK(data["cells"].empty());
        CHECK(data["clip"]["boxes"].empty());
        CHECK(data["missing"].size() == 1);
    }

    TEST_CASE("passes are counted in words") {
        Explanation explanation;
        explanation.passes = 17;
        explanation.head_passes = 9;
        explanation.backward_passes = 1;
        CHECK(passes_text(explanation) ==
              "17 forward passes, 9 forward passes of what follows the backbone, 1 backward pass");
        explanation.head_passes = explanation.backward_passes = 0;
        CHECK(passes_text(explanation) == "17 forward passes");
    }
}
