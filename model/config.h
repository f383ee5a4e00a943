// What a Micro-DualNet is built from (SPEC §8).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace mdn {

enum class Block { basic, bottleneck };
/// What the model is shown: pictures with regions where keypoints put them, pictures alone, or
/// keypoints alone.
enum class Modality { rgb_pose, rgb, pose };
enum class Regions { keypoints, fixed, none };
enum class Paths { dual, st, ts };
enum class Fusion { router, mean };

/// Every key of SPEC §8 under its own name; the defaults are the preset `paper-ma52`. The ranges
/// that check_config enforces are listed in config.cpp; they are wide for any model that can be
/// trained and narrow enough that no size computed from them overflows 64 bits.
struct Config {
    std::string preset = "paper-ma52";
    int64_t classes = 52;
    /// Whether the JSON names `classes`. Otherwise it is the preset's, and gives way to the number
    /// that a dataset or a checkpoint has.
    bool names_classes = false;
    int64_t frames = 8;  // T
    int64_t size = 224;  // S, pixels
    std::vector<std::string> entities = {"face",      "head",       "torso",
                                         "left_hand", "right_hand", "lower_body"};
    struct Backbone {
        Block block = Block::bottleneck;
        std::array<int64_t, 4> depths = {3, 4, 23, 3};
        int64_t width = 64;
        std::array<int64_t, 4> strides = {1, 2, 2, 2};
    } backbone;
    int64_t roi = 7;
    int64_t dim = 256;  // D
    int64_t heads = 8;
    int64_t layers = 3;
    int64_t mlp_ratio = 4;
    int64_t router_hidden = 128;
    double router_temperature = 1.0;
    int64_t head_hidden = 512;
    double dropout = 0.1;
    double head_dropout = 0.5;
    double mac_weight = 0.1;  // λ
    double mac_temperature = 0.1;
    Modality modality = Modality::rgb_pose;
    Regions regions = Regions::keypoints;
    Paths paths = Paths::dual;
    Fusion fusion = Fusion::router;
    /// The JSON object `training`: settings of a run for who trains (a whole recipe in one file).
    /// Not part of the model: nothing here looks into it, and to_json() leaves it out. Empty if the
    /// config has none.
    std::string training;

    int64_t entity_count() const { return static_cast<int64_t>(entities.size()); }  // K
    /// Output channels of a block over its width (SPEC §2).
    int64_t expansion() const { return backbone.block == Block::bottleneck ? 4 : 1; }
    /// Channels C of the feature map: 8·width·expansion.
    int64_t feature_channels() const { return 8 * backbone.width * expansion(); }
    /// Whether there are frames to look at, and a backbone that does.
    bool has_frames() const { return modality != Modality::pose; }
    bool has_entities() const { return regions != Regions::none; }
    bool has_st() const { return has_entities() && paths != Paths::ts; }
    bool has_ts() const { return has_entities() && paths != Paths::st; }
    bool has_both_paths() const { return has_st() && has_ts(); }
    bool has_router() const { return has_both_paths() && fusion == Fusion::router; }
};

/// paper-ma52, paper-imigue, tiny.
const std::vector<std::string>& preset_names();
/// One of these; throws Error naming any other.
Config preset_config(const std::string& name);
/// Reads a JSON config over its preset (key by key into nested objects). Throws Error with
/// `source` and the key's name for malformed JSON, unknown or duplicate keys, wrong types and
/// values out of range.
Config parse_config(const std::string& json, const std::string& source);
/// parse_config on a file; throws Error if it cannot be read.
Config load_config(const std::string& path);
/// Throws Error naming the first key whose value is out of range; `source` begins the message.
void check_config(const Config& config, const std::string& source = "config");
/// All keys of the model, as parse_config reads them back.
std::string to_json(const Config& config);

}  // namespace mdn
