#include "model/config.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>

#include "engine/error.h"

using namespace mdn;

namespace {

/// The message with which `json` is refused; fails if it is accepted.
std::string refusal(const std::string& json) {
    try {
        parse_config(json, "my.json");
    } catch (const Error& error) {
        return error.what();
    }
    FAIL("accepted: " << json);
    return "";
}

void check_refused(const std::string& json, const std::string& expected) {
    INFO(json);
    const std::string message = refusal(json);
    INFO(message);
    CHECK(message.find("my.json: ") == 0);
    CHECK(message.find(expected) != std::string::npos);
}

}  // namespace

TEST_SUITE("model/config") {
    TEST_CASE("the presets are those of SPEC §8") {
        const Config paper = parse_config("{}", "my.json");
        CHECK(paper.preset == "paper-ma52");
        CHECK(paper.classes == 52);
        CHECK(paper.entity_count() == 6);
        CHECK(paper.feature_channels() == 2048);
        CHECK(to_json(paper) == to_json(preset_config("paper-ma52")));
        CHECK(to_json(paper) == to_json(Config{}));

        const Config imigue = preset_config("paper-imigue");
        CHECK(imigue.classes == 32);
        CHECK(imigue.entities ==
              std::vector<std::string>{"face", "head", "torso", "left_hand", "right_hand"});
        CHECK(imigue.backbone.depths == paper.backbone.depths);

        const Config tiny = preset_config("tiny");
        CHECK(tiny.backbone.block == Block::basic);
        CHECK(tiny.feature_channels() == 128);
        CHECK(tiny.backbone.strides == std::array<int64_t, 4>{1, 2, 2, 1});
        CHECK(tiny.size == 112);
        CHECK(tiny.roi == 3);
        CHECK(tiny.dim == 64);
        CHECK(tiny.router_hidden == 32);
        CHECK(tiny.head_hidden == 128);
        CHECK(tiny.layers == 2);
        CHECK(tiny.heads == 4);
    }

    TEST_CASE("keys override the preset one by one, wherever the preset is written") {
        const Config config = parse_config(
            R"({"backbone": {"width": 8, "block": "basic"}, "classes": 7, "preset": "tiny",
                "entities": ["torso", "face"], "router_temperature": 2, "regions": "fixed",
                "paths": "ts", "fusion": "mean", "mac_weight": 0})",
            "my.json");
        CHECK(config.preset == "tiny");
        CHECK(config.backbone.width == 8);
        CHECK(config.backbone.depths == std::array<int64_t, 4>{1, 1, 1, 1});
        CHECK(config.dim == 64);
        CHECK(config.classes == 7);
        CHECK(config.names_classes);
        CHECK_FALSE(parse_config(R"({"preset": "tiny"})", "my.json").names_classes);
        CHECK_FALSE(preset_config("paper-imigue").names_classes);
        CHECK(config.entities == std::vector<std::string>{"torso", "face"});
        CHECK(config.router_temperature == 2);
        CHECK(config.regions == Regions::fixed);
        CHECK(config.paths == Paths::ts);
        CHECK(config.fusion == Fusion::mean);
        CHECK(config.mac_weight == 0);
    }

    TEST_CASE("to_json round trips every key") {
        // Every value differs from every preset's, so that a key left out would show.
        const std::string json = R"({"preset": "tiny", "classes": 9, "frames": 5, "size": 65,
            "entities": ["torso"], "backbone": {"block": "bottleneck", "depths": [2, 1, 3, 4],
            "width": 24, "strides": [2, 1, 2, 3]}, "roi": 5, "dim": 48, "heads": 6, "layers": 5,
            "mlp_ratio": 2, "router_hidden": 17, "router_temperature": 0.7, "head_hidden": 19,
            "dropout": 0.3, "head_dropout": 0.123456789012345, "mac_weight": 0.25,
            "mac_temperature": 0.05, "modality": "rgb", "regions": "none", "paths": "st",
            "fusion": "mean"})";
        const Config config = parse_config(json, "my.json");
        const Config again = parse_config(to_json(config), "my.json");
        CHECK(to_json(again) == to_json(config));
        CHECK(again.head_dropout == 0.123456789012345);
        CHECK(again.backbone.strides == std::array<int64_t, 4>{2, 1, 2, 3});
        CHECK(again.backbone.block == Block::bottleneck);
        CHECK(again.modality == Modality::rgb);
        CHECK(again.paths == Paths::st);
        for (const char* key : {"preset",      "classes",
                                "frames",      "size",
                                "entities",    "backbone",
                                "block",       "depths",
                                "width",       "strides",
                                "roi",         "dim",
                                "heads",       "layers",
                                "mlp_ratio",   "router_hidden",
                                "head_hidden", "router_temperature",
                                "dropout",     "head_dropout",
                                "mac_weight",  "mac_temperature",
                                "modality",    "regions",
                                "paths",       "fusion"})
            CHECK(to_json(config).find(std::string(key) + "\":") != std::string::npos);
    }

    TEST_CASE("a modality without keypoints has fixed regions, one without frames keypoints") {
        CHECK(parse_config("{}", "my.json").modality == Modality::rgb_pose);
        const Config rgb = parse_config(R"({"modality": "rgb"})", "my.json");
        CHECK(rgb.modality == Modality::rgb);
        CHECK(rgb.regions == Regions::fixed);
        CHECK(rgb.has_frames());
        CHECK(parse_config(R"({"modality": "rgb", "regions": "none"})", "my.json").regions ==
              Regions::none);
        check_refused(R"({"modality": "rgb", "regions": "keypoints"})",
                      "modality rgb has no keypoints");
        const Config pose = parse_config(R"({"modality": "pose"})", "my.json");
        CHECK(pose.regions == Regions::keypoints);
        CHECK_FALSE(pose.has_frames());
        for (const Config& config : {rgb, pose})
            CHECK(to_json(parse_config(to_json(config), "my.json")) == to_json(config));
        for (const char* regions : {"fixed", "none"})
            check_refused(R"({"modality": "pose", "regions": ")" + std::string(regions) + "\"}",
                          "modality pose needs regions keypoints");
        check_refused(R"({"modality": "video"})", "modality has no choice 'video'");
        check_refused(R"({"modality": 1})", "modality must be a name");
    }

    TEST_CASE("unknown and duplicate keys are named at any depth") {
        check_refused(R"({"clases": 3})", "unknown key 'clases'");
        check_refused(R"({"backbone": {"wdith": 3}})", "unknown key 'backbone.wdith'");
        check_refused(R"({"width": 3})", "unknown key 'width'");
        check_refused(R"({"dim": 64, "heads": 4, "dim": 64})", "duplicate key 'dim'");
        check_refused(R"({"preset": "tiny", "preset": "tiny"})", "duplicate key 'preset'");
        check_refused(R"({"backbone": {"width": 8, "width": 8}})", "duplicate key 'width'");
        check_refused(R"({"backbone": {"width": 8}, "backbone": {}})", "duplicate key 'backbone'");
        check_refused(R"({"preset": "huge"})", "preset 'huge'");
    }

    TEST_CASE("wrong types are named with the key's path") {
        check_refused(R"({"classes": "52"})", "classes must be an integer, not string");
        check_refused(R"({"frames": 8.5})", "frames must be an integer, not 8.5");
        check_refused(R"({"dim": null})", "dim must be an integer, not null");
        check_refused(R"({"layers": true})", "layers must be an integer, not boolean");
        check_refused(R"({"dropout": "0"})", "dropout must be a number, not string");
        check_refused(R"({"backbone": {"width": []}})", "backbone.width must be an integer");
        check_refused(R"({"backbone": 3})", "backbone must be an object, not number");
        check_refused(R"({"backbone": {"block": 3}})", "backbone.block must be a name");
        check_refused(R"({"backbone": {"block": "wide"}})", "backbone.block has no choice 'wide'");
        check_refused(R"({"backbone": {"depths": 3}})", "backbone.depths must be a list");
        check_refused(R"({"backbone": {"depths": [1, 1, 1]}})",
                      "backbone.depths must list 4 integers, one per stage, not 3");
        check_refused(R"({"backbone": {"strides": [1, 2, 2, 2, 2]}})",
                      "backbone.strides must list 4 integers, one per stage, not 5");
        check_refused(R"({"backbone": {"strides": [1, 2, "2", 2]}})",
                      "backbone.strides[2] must be an integer");
        check_refused(R"({"entities": "face"})", "entities must be a list");
        check_refused(R"({"entities": ["face", 3]})", "entities[1] must be a name");
        check_refused(R"({"regions": "boxes"})", "regions has no choice 'boxes'");
        check_refused(R"({"paths": "both"})", "paths has no choice 'both'");
        check_refused(R"({"fusion": "sum"})", "fusion has no choice 'sum'");
        check_refused(R"({"preset": 3})", "preset must be a name");
        check_refused(R"([])", "must be a JSON object, not array");
    }

    TEST_CASE("values out of range are named") {
        for (const char* key : {"classes", "frames", "size", "roi", "dim", "heads", "layers",
                                "mlp_ratio", "router_hidden", "head_hidden"})
            for (const char* value : {"0", "-1", "10000000", "9223372036854775807"}) {
                std::string json = "{'";
                json.append(key).append("': ").append(value).append("}");
                std::replace(json.begin(), json.end(), '\'', '"');
                check_refused(json, std::string(key) + " must be from 1 to ");
            }
        check_refused(R"({"classes": 18446744073709551615})", "classes is out of range");
        check_refused(R"({"classes": 1e3})", "classes must be an integer, not 1000.0");
        check_refused(R"({"backbone": {"width": 0}})", "backbone.width must be from 1 to 512");
        check_refused(R"({"backbone": {"depths": [1, 0, 1, 1]}})",
                      "backbone.depths[1] must be from 1 to 128, not 0");
        check_refused(R"({"backbone": {"strides": [1, 2, 2, -2]}})",
                      "backbone.strides[3] must be from 1 to 8, not -2");
        check_refused(R"({"dropout": 1})", "dropout must be from 0 to 0.999, not 1");
        check_refused(R"({"head_dropout": -0.1})", "head_dropout must be from 0 to 0.999");
        check_refused(R"({"mac_weight": -1})", "mac_weight must be from 0");
        check_refused(R"({"mac_temperature": 0})", "mac_temperature must be from 1e-06");
        check_refused(R"({"router_temperature": 1e300})", "router_temperature must be from 1e-06");
        check_refused(R"({"dim": 64, "heads": 5})", "dim must be a multiple of heads");
        check_refused(R"({"entities": []})", "entities must name at least one entity");
        check_refused(R"({"entities": ["face", "face"]})", "entities names 'face' twice");
        check_refused(R"({"entities": ["face", "foot"]})", "unknown entity 'foot'");

        Config config;
        config.dropout = std::numeric_limits<double>::quiet_NaN();
        CHECK_THROWS_WITH_AS(check_config(config), doctest::Contains("dropout"), Error);
        config = {};
        config.mac_temperature = std::numeric_limits<double>::infinity();
        CHECK_THROWS_WITH_AS(check_config(config), doctest::Contains("mac_temperature"), Error);
    }

    TEST_CASE("malformed JSON is refused with its place") {
        check_refused("", "line 1, column 1");
        check_refused("{\"dim\": 64,\n  \"heads\": }", "line 2, column 12");
        check_refused("{\"dim\": NaN}", "line 1, column 9");
        check_refused("{\"dim\": 64} {}", "line 1, column 13");
        check_refused("{'dim': 64}", "line 1, column 2");
        check_refused("{\"dim\": 64,}", "line 1, column 12");
        check_refused("{\"dropout\": 1e999}", "1e999");
        check_refused("{\"preset\": \"\xff\"}", "line 1");
    }

    TEST_CASE("what is no config is refused before it takes memory") {
        const std::string blank(70'000, ' ');
        check_refused(blank + "{}", "65536 bytes");
        check_refused(std::string(60'000, '['), "nested deeper");
        CHECK(parse_config(blank.substr(0, 60'000) + "{}", "my.json").classes == 52);
        // /dev/zero never ends.
        if (!std::filesystem::exists("/dev/zero")) return;
        try {
            load_config("/dev/zero");
            FAIL("accepted");
        } catch (const Error& error) {
            CHECK(std::string(error.what()).find("/dev/zero: longer") == 0);
        }
    }

    TEST_CASE("load_config names the file") {
        CHECK_THROWS_WITH_AS(load_config("no/such/config.json"),
                             doctest::Contains("no/such/config.json"), Error);
        CHECK_THROWS_WITH_AS(load_config("model"), doctest::Contains("model"), Error);
    }

    TEST_CASE("the configs that ship are what their names say") {
        for (const char* preset : {"tiny", "paper-ma52", "paper-imigue"})
            CHECK(to_json(load_config("configs/" + std::string(preset) + ".json")) ==
                  to_json(preset_config(preset)));
        int count = 0;
        for (const auto& entry : std::filesystem::directory_iterator("configs")) {
            INFO(entry.path().string());
            CHECK_NOTHROW(load_config(entry.path().string()));
            ++count;
        }
        CHECK(count >= 3);
        const auto row = [](const std::string& name) {
            return load_config("configs/" + name + ".json");
        };
        CHECK(row("tiny-tsm").regions == Regions::none);
        CHECK(row("tiny-fixed").regions == Regions::fixed);
        CHECK(row("tiny-st").paths == Paths::st);
        CHECK(row("tiny-ts").paths == Paths::ts);
        CHECK(row("tiny-mean").fusion == Fusion::mean);
        CHECK(row("tiny-no-mac").mac_weight == 0);
        CHECK(row("tiny-pose").modality == Modality::pose);
        for (const char* paper : {"paper-ma52", "paper-imigue"}) {
            const Config pose = row(std::string(paper) + "-pose");
            const Config rgb = row(std::string(paper) + "-rgb");
            CHECK(pose.modality == Modality::pose);
            CHECK(rgb.modality == Modality::rgb);
            CHECK(pose.classes == preset_config(paper).classes);
            CHECK(rgb.regions == Regions::fixed);
        }
        CHECK(row("tiny-ts-fixed").paths == Paths::ts);
        CHECK(row("tiny-ts-fixed").regions == Regions::fixed);
        CHECK(row("tiny-mean-no-mac").fusion == Fusion::mean);
        CHECK(row("tiny-mean-no-mac").mac_weight == 0);
    }
}
