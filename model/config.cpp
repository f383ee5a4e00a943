#include "model/config.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "engine/error.h"
#include "engine/nearest_name.h"

namespace mdn {

namespace {

using Json = nlohmann::ordered_json;  // keeps the keys in the order of SPEC §8

template <class T>
using Names = std::vector<std::pair<const char*, T>>;

const Names<Block> block_names = {{"basic", Block::basic}, {"bottleneck", Block::bottleneck}};
const Names<Modality> modality_names = {
    {"rgb+pose", Modality::rgb_pose}, {"rgb", Modality::rgb}, {"pose", Modality::pose}};
const Names<Regions> regions_names = {
    {"keypoints", Regions::keypoints}, {"fixed", Regions::fixed}, {"none", Regions::none}};
const Names<Paths> paths_names = {{"dual", Paths::dual}, {"st", Paths::st}, {"ts", Paths::ts}};
const Names<Fusion> fusion_names = {{"router", Fusion::router}, {"mean", Fusion::mean}};
const std::vector<std::string> entity_names = {"face",      "head",       "torso",
                                               "left_hand", "right_hand", "lower_body"};

/// For hints.
template <class T>
std::vector<std::string> names_of(const Names<T>& choices) {
    std::vector<std::string> names;
    for (const auto& [name, choice] : choices) names.emplace_back(name);
    return names;
}

/// Every key but `preset` and `training`, once: its name, its place in Config, and its range.
/// Reading, checking and writing are three visitors of this list.
template <class ConfigType, class Visitor>
void visit_keys(ConfigType& c, Visitor&& v) {
    v.integer("classes", c.classes, 1, 10000);
    v.integer("frames", c.frames, 1, 128);
    v.integer("size", c.size, 1, 1024);
    v.entities("entities", c.entities);
    v.open("backbone");
    v.choice("block", c.backbone.block, block_names);
    v.four("depths", c.backbone.depths, 1, 128);
    v.integer("width", c.backbone.width, 1, 512);
    v.four("strides", c.backbone.strides, 1, 8);
    v.close();
    v.integer("roi", c.roi, 1, 64);
    v.integer("dim", c.dim, 1, 8192);
    v.integer("heads", c.heads, 1, 8192);
    v.integer("layers", c.layers, 1, 128);
    v.integer("mlp_ratio", c.mlp_ratio, 1, 64);
    v.integer("router_hidden", c.router_hidden, 1, 65536);
    v.number("router_temperature", c.router_temperature, 1e-6, 1e6);
    v.integer("head_hidden", c.head_hidden, 1, 65536);
    v.number("dropout", c.dropout, 0, 0.999);
    v.number("head_dropout", c.head_dropout, 0, 0.999);
    v.number("mac_weight", c.mac_weight, 0, 1e6);
    v.number("mac_temperature", c.mac_temperature, 1e-6, 1e6);
    v.choice("modality", c.modality, modality_names);
    v.choice("regions", c.regions, regions_names);
    v.choice("paths", c.paths, paths_names);
    v.choice("fusion", c.fusion, fusion_names);
}

/// Overwrites what a JSON object holds and leaves the rest; remembers which keys are known.
class Reader {
  public:
    Reader(const Json& root, std::string source) : source_(std::move(source)) {
        levels_.push_back({&root, {}, {"preset", "training"}});
    }

    void integer(const char* key, int64_t& value, int64_t, int64_t) {
        if (const Json* json = find(key)) value = as_integer(*json, path(key));
    }
    void number(const char* key, double& value, double, double) {
        const Json* json = find(key);
        if (!json) return;
        if (!json->is_number()) wrong_type(path(key), "a number", *json);
        value = json->get<double>();
    }
    void four(const char* key, std::array<int64_t, 4>& values, int64_t, int64_t) {
        const Json* json = find(key);
        if (!json) return;
        if (!json->is_array()) wrong_type(path(key), "a list of 4 integers", *json);
        if (json->size() != 4)
            fail(path(key) + " must list 4 integers, one per stage, not " +
                 std::to_string(json->size()));
        for (size_t i = 0; i < 4; ++i)
            values[i] = as_integer((*json)[i], path(key) + "[" + std::to_string(i) + "]");
    }
    void entities(const char* key, std::vector<std::string>& values) {
        const Json* json = find(key);
        if (!json) return;
        if (!json->is_array()) wrong_type(path(key), "a list of names", *json);
        values.clear();
        for (const Json& item : *json) {
            if (!item.is_string())
                wrong_type(path(key) + "[" + std::to_string(values.size()) + "]", "a name", item);
            values.push_back(item.get<std::string>());
        }
    }
    template <class T>
    void choice(const char* key, T& value, const Names<T>& names) {
        const Json* json = find(key);
        if (!json) return;
        if (!json->is_string()) wrong_type(path(key), "a name", *json);
        for (const auto& [name, choice] : names)
            if (*json == name) {
                value = choice;
                return;
            }
        const std::string wrong = json->get<std::string>();
        throw Error(
            source_ + ": " + path(key) + " has no choice '" + wrong + "'",
            did_you_mean(wrong, names_of(names), "one of " + comma_separated(names_of(names))));
    }
    void open(const char* key) {
        static const Json nothing = Json::object();
        const Json* json = find(key);
        if (json && !json->is_object()) wrong_type(path(key), "an object", *json);
        levels_.push_back({json ? json : &nothing, path(key) + ".", {}});
    }
    /// Ends an object: by now every key it may have has been visited.
    void close() {
        const Level level = levels_.back();
        levels_.pop_back();
        for (const auto& [key, value] : level.object->items())
            if (std::find(level.known.begin(), level.known.end(), key) == level.known.end())
                throw Error(
                    source_ + ": unknown key '" + level.prefix + key + "'",
                    did_you_mean(key, level.known, "known keys: " + comma_separated(level.known)));
    }

  private:
    struct Level {
        const Json* object;
        std::string prefix;
        std::vector<std::string> known;
    };

    const Json* find(const char* key) {
        levels_.back().known.push_back(key);
        const auto found = levels_.back().object->find(key);
        return found == levels_.back().object->end() ? nullptr : &*found;
    }
    std::string path(const char* key) const { return levels_.back().prefix + key; }
    [[noreturn]] void fail(const std::string& message) const {
        throw Error(source_ + ": " + message);
    }
    [[noreturn]] void wrong_type(const std::string& key, const char* expected,
                                 const Json& json) const {
        const bool fraction = json.is_number_float();
        fail(key + " must be " + expected + ", not " + (fraction ? json.dump() : json.type_name()));
    }
    int64_t as_integer(const Json& json, const std::string& key) const {
        if (!json.is_number_integer()) wrong_type(key, "an integer", json);
        constexpr auto largest = std::numeric_limits<int64_t>::max();
        if (json.is_number_unsigned() && json.get<uint64_t>() > static_cast<uint64_t>(largest))
            fail(key + " is out of range: " + json.dump());
        return json.get<int64_t>();
    }

    std::string source_;
    std::vector<Level> levels_;
};

class Checker {
  public:
    explicit Checker(std::string source) : source_(std::move(source)) {}

    void integer(const std::string& key, int64_t value, int64_t low, int64_t high) const {
        if (value < low || value > high)
            fail(key, "must be from " + std::to_string(low) + " to " + std::to_string(high) +
                          ", not " + std::to_string(value));
    }
    void number(const char* key, double value, double low, double high) const {
        // Written so that NaN fails.
        if (!(value >= low && value <= high)) {
            std::ostringstream text;
            text << "must be from " << low << " to " << high << ", not " << value;
            fail(key, text.str());
        }
    }
    void four(const char* key, const std::array<int64_t, 4>& values, int64_t low,
              int64_t high) const {
        for (size_t i = 0; i < 4; ++i)
            integer(std::string(key) + "[" + std::to_string(i) + "]", values[i], low, high);
    }
    void entities(const char* key, const std::vector<std::string>& values) const {
        if (values.empty()) fail(key, "must name at least one entity");
        std::set<std::string> seen;
        for (const std::string& name : values) {
            if (std::find(entity_names.begin(), entity_names.end(), name) == entity_names.end())
                throw Error(
                    source_ + ": " + key + " has an unknown entity '" + name + "'",
                    did_you_mean(name, entity_names, "one of " + comma_separated(entity_names)));
            if (!seen.insert(name).second) fail(key, "names '" + name + "' twice");
        }
    }
    template <class T>
    void choice(const char*, T, const Names<T>&) const {}
    void open(const char* key) { prefix_ = std::string(key) + "."; }
    void close() { prefix_.clear(); }

  private:
    [[noreturn]] void fail(const std::string& key, const std::string& message) const {
        throw Error(source_ + ": " + prefix_ + key + " " + message);
    }

    std::string source_, prefix_;
};

class Writer {
  public:
    explicit Writer(Json& root) : object_(&root), root_(&root) {}

    template <class T>
    void integer(const char* key, T value, int64_t, int64_t) {
        (*object_)[key] = value;
    }
    void number(const char* key, double value, double, double) { (*object_)[key] = value; }
    void four(const char* key, const std::array<int64_t, 4>& values, int64_t, int64_t) {
        (*object_)[key] = values;
    }
    void entities(const char* key, const std::vector<std::string>& values) {
        (*object_)[key] = values;
    }
    template <class T>
    void choice(const char* key, T value, const Names<T>& names) {
        for (const auto& [name, choice] : names)
            if (choice == value) (*object_)[key] = name;
    }
    void open(const char* key) { object_ = &((*root_)[key] = Json::object()); }
    void close() { object_ = root_; }

  private:
    Json *object_, *root_;
};

/// No config is longer, or nested deeper; of other JSON the parser might take any amount of memory.
constexpr size_t most_bytes = size_t{64} << 10;
constexpr int most_levels = 8;

[[noreturn]] void fail_as_too_long(const std::string& source) {
    throw Error(source + ": longer than " + std::to_string(most_bytes) +
                " bytes: this is not a config");
}

/// Parses JSON, refusing a key that an object has twice, however deep.
Json parse_json(const std::string& text, const std::string& source) {
    if (text.size() > most_bytes) fail_as_too_long(source);
    std::vector<std::set<std::string>> keys;  // of the objects that are open
    const auto refuse_duplicates = [&](int level, Json::parse_event_t event, Json& parsed) {
        if (level > most_levels)
            throw Error(source + ": nested deeper than " + std::to_string(most_levels) +
                        " levels: this is not a config");
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end) keys.pop_back();
        if (event == Json::parse_event_t::key && !keys.back().insert(parsed).second)
            throw Error(source + ": duplicate key '" + parsed.get<std::string>() + "'");
        return true;
    };
    try {
        return Json::parse(text, refuse_duplicates);
    } catch (const Json::exception& error) {
        // The library's text names line and column after its own bracketed error number.
        const std::string what = error.what();
        throw Error(source + ": " + what.substr(what.find("] ") + 2));
    }
}

}  // namespace

const std::vector<std::string>& preset_names() {
    static const std::vector<std::string> names = {"paper-ma52", "paper-imigue", "tiny"};
    return names;
}

Config preset_config(const std::string& name) {
    Config config;
    config.preset = name;
    if (name == "paper-ma52") return config;
    if (name == "paper-imigue") {
        config.classes = 32;
        config.entities = {"face", "head", "torso", "left_hand", "right_hand"};
        return config;
    }
    if (name == "tiny") {
        config.size = 112;
        config.backbone = {Block::basic, {1, 1, 1, 1}, 16, {1, 2, 2, 1}};
        config.roi = 3;
        config.dim = 64;
        config.heads = 4;
        config.layers = 2;
        config.router_hidden = 32;
        config.head_hidden = 128;
        return config;
    }
    throw Error("preset '" + name + "' does not exist",
                did_you_mean(name, preset_names(), "one of " + comma_separated(preset_names())));
}

void check_config(const Config& config, const std::string& source) {
    visit_keys(config, Checker(source));
    if (config.dim % config.heads != 0)
        throw Error(source + ": dim must be a multiple of heads, but " +
                    std::to_string(config.dim) + " is not a multiple of " +
                    std::to_string(config.heads));
    const bool keypoints = config.regions == Regions::keypoints;
    if (config.modality == Modality::rgb && keypoints)
        throw Error(source + ": modality rgb has no keypoints to take regions from",
                    R"("regions" may be "fixed" or "none", or be left out: fixed)");
    if (config.modality == Modality::pose && !keypoints)
        throw Error(source + ": modality pose needs regions keypoints", R"(leave "regions" out)");
}

Config parse_config(const std::string& json, const std::string& source) {
    const Json root = parse_json(json, source);
    if (!root.is_object()) throw Error(source + ": must be a JSON object, not " + root.type_name());
    Config config;
    if (const auto preset = root.find("preset"); preset != root.end()) {
        if (!preset->is_string())
            throw Error(source + ": preset must be a name, not " + preset->type_name());
        try {
            config = preset_config(preset->get<std::string>());
        } catch (const Error& error) {
            throw Error(source + ": " + error.what(), error.hint());
        }
    }
    if (const auto training = root.find("training"); training != root.end()) {
        if (!training->is_object())
            throw Error(source + ": training must be an object, not " + training->type_name());
        config.training = training->dump();
    }
    Reader reader(root, source);
    visit_keys(config, reader);
    reader.close();
    config.names_classes = root.contains("classes");
    // There is nothing else that regions without keypoints could be; asked for, it is refused.
    if (config.modality == Modality::rgb && !root.contains("regions"))
        config.regions = Regions::fixed;
    check_config(config, source);
    return config;
}

Config load_config(const std::string& path) {
    std::error_code ignored;  // a folder opens like a file; what else is wrong shows on opening
    if (std::filesystem::is_directory(path, ignored))
        throw Error("cannot read the config " + path + ": it is a folder");
    std::ifstream file(path, std::ios::binary);
    std::string text(most_bytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad()) throw Error("cannot read the config " + path);
    text.resize(static_cast<size_t>(file.gcount()));
    if (text.size() > most_bytes) fail_as_too_long(path);
    return parse_config(text, path);
}

std::string to_json(const Config& config) {
    Json root;
    root["preset"] = config.preset;
    visit_keys(config, Writer(root));
    return root.dump(2) + "\n";
}

}  // namespace mdn
