#include "train/playground/playground.h"

#include <doctest/doctest.h>
#include <algorithm>

#include "data/file.h"
#include "tests/model/inputs.h"
#include "tests/train/program.h"
#include "train/checkpoints/checkpoint.h"
#include "train/inspection.h"
#include "train/load_model.h"

using namespace mdn;
using namespace mdn::test;
using Json = nlohmann::ordered_json;

namespace {

/// What a page does, without a page: a model and a clip of a small project, opened by their bytes.
struct SmallPage {
    SmallProject project;
    Playground playground;
    std::unique_ptr<MicroDualNet> model;
    Inspection clip;

    SmallPage() {
        model = std::make_unique<MicroDualNet>(load_config(project.config), 3);
        const std::string file = project.file("model.safetensors");
        write_safetensors(file, weights_to_disk(model->parameters()),
                          {{metadata_config, to_json(model->config())},
                           {metadata_classes, "nodding\nwaving\nshaking head\n"}});
        const Json opened = call({{"do", "open model"}, {"name", file}}, read_file(file));
        REQUIRE(opened.value("error", "") == "");
        CHECK(opened["classes"] == Json{"nodding", "waving", "shaking head"});

        const ClipFiles files = find_clip(project.data, "val_1", 3, {}).files;
        clip = inspect(*model, files, clip_options(model->config(), Sampling::test));
        std::string frames;
        Json request = {{"do", "open clip"}, {"model", 0}, {"name", "val_1"}};
        for (const int64_t t : clip.view.frames) {
            const std::string bytes = read_file(files.frame(t));
            request["sizes"].push_back(bytes.size());
            frames += bytes;
        }
        request["boxes"] = clip.inputs.boxes.to_vector<float>();
        const Json reply = call(request, frames);
        REQUIRE(reply.value("error", "") == "");
    }

    Json call(const Json& request, const std::string& bytes = {}) {
        if (!bytes.empty())
            std::copy(bytes.begin(), bytes.end(),
                      playground.buffer(static_cast<int64_t>(bytes.size())));
        return Json::parse(playground.call(request.dump()));
    }
    Json ask(const Json& changes = Json::object()) {
        Json request = {{"do", "answer"}, {"model", 0}, {"clip", 0}};
        request.update(changes);
        return call(request);
    }
    template <class T = float>
    static std::vector<T> numbers(const Json& answer, const std::string& name) {
        const Json& place = answer.at("tensors").at(name);
        const T* first = reinterpret_cast<const T*>(place.at("address").get<uintptr_t>());
        int64_t count = 1;
        for (const int64_t size : place.at("shape")) count *= size;
        return {first, first + count};
    }
};

Scene scene_of(const Config& config) { return unchanged_scene(config); }

}  // namespace

TEST_SUITE("train/playground") {
    TEST_CASE("a page is told what evaluation computes, bit for bit") {
        SmallPage page;
        const Json answer = page.ask();
        const Outputs& expected = page.clip.outputs;
        CHECK(SmallPage::numbers(answer, "logits") == expected.logits.to_vector<float>());
        CHECK(SmallPage::numbers(answer, "alpha") == expected.alpha.to_vector<float>());
        CHECK(SmallPage::numbers(answer, "entities") == expected.entities.to_vector<float>());
        for (const auto& [name, layers] : page.clip.attention)
            CHECK(SmallPage::numbers(answer, name + ".0") == layers[0].to_vector<float>());
        double sum = 0;
        for (const float p : SmallPage::numbers(answer, "probabilities")) sum += p;
        CHECK(sum == doctest::Approx(1));
        // The pictures are those that a report would show, with an opaque fourth channel.
        const auto pixels = SmallPage::numbers<uint8_t>(answer, "pictures");
        const Image& first = page.clip.pictures[0];
        REQUIRE(pixels.size() == 2 * first.pixels.size() / 3 * 4);
        for (size_t i = 0; i < first.pixels.size(); ++i)
            REQUIRE(pixels[i / 3 * 4 + i % 3] == first.pixels[i]);
        CHECK(pixels[3] == 255);
    }

    TEST_CASE("what the reader changes reaches the model, and only that") {
        SmallPage page;
        const auto before = SmallPage::numbers(page.ask(), "logits");
        const auto other = [&](const Json& changes) {
            return SmallPage::numbers(page.ask(changes), "logits") != before;
        };
        const Json none = Json::object();
        CHECK(other({{"order", {1, 0}}}));
        CHECK(other({{"order", {1, 1}}}));
        CHECK(other({{"parts", Json::array({{{"covered", true}}, none})}}));
        CHECK(other({{"parts", Json::array({none, {{"unseen", true}}})}}));
        CHECK(other({{"parts", Json::array({{{"dx", 4}}, none})}}));
        CHECK(other({{"parts", Json::array({none, {{"dy", -3}}})}}));
        CHECK(other({{"parts", Json::array({none, {{"scale", 1.5}}})}}));
        CHECK(other({{"parts", Json::array({{{"alpha_st", 0}}, none})}}));
        CHECK_FALSE(other({{"parts", Json::array({none, {{"alpha_st", nullptr}}})}}));
        CHECK_FALSE(other({{"order", {0, 1}}}));
    }

    TEST_CASE("a box that moves runs no backbone, and is answered as by a model that never ran") {
        SmallPage page;
        CHECK(page.ask()["backbone_ran"] == true);
        const Json moved = {{"parts", Json::array({{{"dx", 5}, {"scale", 0.8}}, Json::object()})}};
        const Json quick = page.ask(moved);
        CHECK(quick["backbone_ran"] == false);
        const auto logits = SmallPage::numbers(quick, "logits");
        SmallPage fresh;
        const Json whole = fresh.ask(moved);
        CHECK(whole["backbone_ran"] == true);
        CHECK(logits == SmallPage::numbers(whole, "logits"));
        CHECK(page.ask({{"order", {1, 0}}})["backbone_ran"] == true);
    }

    TEST_CASE("routed by hand to one path, a page is told what that path says alone") {
        SmallPage page;
        for (const int st : {0, 1}) {
            const Json part = {{"alpha_st", st}};
            const Json answer = page.ask({{"parts", {part, part}}});
            const Tensor alone =
                page.model->logits_of_path(page.clip.outputs, st ? Paths::st : Paths::ts);
            const auto logits = SmallPage::numbers(answer, "logits");
            for (size_t c = 0; c < logits.size(); ++c)
                CHECK(logits[c] == doctest::Approx(alone.data<float>()[c]).epsilon(1e-5));
            CHECK(SmallPage::numbers(answer, "router alpha") ==
                  page.clip.outputs.alpha.to_vector<float>());
            CHECK(SmallPage::numbers(answer, "alpha")[0] == static_cast<float>(st));
        }
    }

    TEST_CASE("boxes are moved about their centres, and cover where they were moved to") {
        const Config config = small_config();
        const Inputs clip = random_batch(config, 1, 5).inputs;
        const int64_t T = config.frames, K = config.entity_count(), S = config.size;
        for (int64_t i = 0; i < T * K; ++i) {
            const float box[] = {4, 6, 12, 10};
            std::copy_n(box, 4, clip.boxes.data<float>() + 4 * i);
        }
        Scene scene = scene_of(config);
        scene.parts[1] = {.covered = true, .dx = 3, .dy = -1, .scale = 0.5f};
        const Inputs changed = staged(clip, scene, config);
        const auto box = changed.boxes.to_vector<float>();
        CHECK(std::vector<float>(box.begin(), box.begin() + 8) ==
              std::vector<float>{4, 6, 12, 10, 9, 6, 13, 8});
        for (int64_t y = 0; y < S; ++y)
            for (int64_t x = 0; x < S; ++x) {
                const int64_t at = (y * S + x) * 3;
                const bool inside = x >= 9 && x < 13 && y >= 6 && y < 8;
                REQUIRE(changed.frames.data<float>()[at] ==
                        (inside ? 0 : clip.frames.data<float>()[at]));
            }
    }

    TEST_CASE("what cannot be is refused by name") {
        SmallPage page;
        const auto error = [&](const Json& changes) {
            return page.ask(changes).value("error", "");
        };
        CHECK(error({{"order", {0}}}) == "order has 1 moments, but the model reads 2");
        CHECK(error({{"order", {0, 2}}}) == "order names frame 2 of 2");
        CHECK(error({{"parts", Json::array({Json::object()})}}) ==
              "parts are 1, but the model has 2 body parts");
        const auto part = [](const Json& what) {
            return Json{{"parts", Json::array({Json::object(), what})}};
        };
        CHECK(error(part({{"alpha_st", 1.5}})) == "alpha of left_hand must lie between 0 and 1");
        CHECK(error(part({{"scale", 0}})) == "the box of left_hand cannot be moved so");
        CHECK(error({{"clip", 7}}) == "no clip 7 has been opened");
        CHECK(page.call({{"do", "sing"}}).value("error", "") ==
              "the playground does not know how to 'sing'");
        CHECK(page.call({{"do", "open model"}, {"name", "m.safetensors"}}, "short")
                  .value("error", "")
                  .starts_with("m.safetensors"));
        // And what was there before still answers.
        CHECK(error(Json::object()) == "");
    }

    TEST_CASE("a model of another kind has no playground") {
        SmallProject project;
        Config config = load_config(project.config);
        config.paths = Paths::st;
        const MicroDualNet model(config, 3);
        const std::string file = project.file("st.safetensors");
        write_safetensors(file, weights_to_disk(model.parameters()),
                          {{metadata_config, to_json(config)}});
        CHECK_THROWS_WITH_AS(PlayedModel(read_safetensors(file)),
                             (file + " holds a model without frames or without two paths").c_str(),
                             Error);
    }
}
