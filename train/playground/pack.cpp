// Puts playground.html together: two trained models, some clips and the compiled engine in one
// page. `make playground` runs it; it has no other user.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "data/file.h"
#include "engine/files/atomic_file.h"
#include "train/checkpoints/checkpoint.h"
#include "train/checkpoints/checkpoint_file.h"
#include "train/load_model.h"
#include "train/output/format.h"
#include "train/page/page.h"
#include "train/playground/played_model.h"
#include "train/settings/command_line.h"
#include "train/settings/reading_settings.h"
#include "train/settings/setting_visitors.h"

namespace {

using namespace mdn;
using Json = nlohmann::ordered_json;

struct Sources {
    std::string with_mac, without_mac, dataset, split = "test", engine, output = "playground.html";
    std::string folder = "train/playground";
    ReadingSettings reading;

    void declare(CommandLine& options) {
        options.text("--with-mac", with_mac, "FILE", "checkpoint of the model trained with MAC");
        options.text("--without-mac", without_mac, "FILE", "checkpoint of its twin without");
        options.text("--dataset,--data", dataset, "DIR", "dataset that clips are taken from");
        options.text("--split", split, "NAME", "list of the dataset: train, val or test");
        options.text("--engine", engine, "FILE",
                     "the compiled engine: a script, and beside it its .wasm");
        options.text("--scripts", folder, "DIR", "folder of the page's scripts and stylesheet");
        options.text("--output", output, "FILE", "the page to write");
        for (const char* flag : {"--with-mac", "--without-mac", "--dataset", "--engine"})
            options.require(flag);
        reading.declare(options);
    }
};

/// A model as a page carries it: its weights alone, without the optimizer's state.
struct PackedModel {
    PlayedModel model;
    std::string bytes;
    std::map<std::string, std::string> metadata;
};

/// `scratch` is a file that there is for a moment.
PackedModel packed_model(const std::string& path, const std::string& scratch) {
    const SafetensorsFile file = read_weights(path);
    PlayedModel model(file);
    std::map<std::string, std::string> metadata;
    for (const char* key : {metadata_config, metadata_classes})
        if (const auto found = file.metadata.find(key); found != file.metadata.end())
            metadata.insert(*found);
    write_safetensors(scratch, weights_to_disk(model.parameters()), metadata);
    std::string bytes = read_file(scratch);
    std::filesystem::remove(scratch);
    return {std::move(model), std::move(bytes), file.metadata};
}

/// The page says that MAC is all that differs: throws Error where it is not so.
void check_twins(const Sources& from, const CommandLine& given, const PackedModel& with_mac,
                 const PackedModel& without_mac) {
    const auto check_weight = [](const std::string& path, const PackedModel& model, bool wanted) {
        if ((model.model.config().mac_weight > 0) != wanted)
            throw Error(path + " was trained with mac_weight " +
                            format("%g", model.model.config().mac_weight),
                        wanted ? "--with-mac wants a checkpoint whose mac_weight is above 0"
                               : "--without-mac wants a checkpoint whose mac_weight is 0");
    };
    check_weight(from.with_mac, with_mac, true);
    check_weight(from.without_mac, without_mac, false);

    const std::string both = from.with_mac + " and " + from.without_mac;
    const char* const hint =
        "train both on one dataset, with settings that differ in mac_weight alone";
    Config twin = with_mac.model.config();
    twin.mac_weight = 0;
    const std::string difference =
        config_difference(without_mac.metadata.at(metadata_config), from.without_mac, twin);
    if (!difference.empty())
        throw Error(both + " differ in more than MAC: the second has" + difference, hint);
    if (with_mac.model.classes() != without_mac.model.classes())
        throw Error(both + " were trained on other classes", hint);
    const auto reading = [&](const PackedModel& model, const std::string& path) {
        std::map<std::string, std::string> settings;
        const ReadingSettings trained = from.reading.as_trained(given, model.metadata, path);
        visit_reading_settings(trained, WriteSetting{settings});
        return settings;
    };
    if (reading(with_mac, from.with_mac) != reading(without_mac, from.without_mac))
        throw Error(both + " were trained with other settings of reading frames and keypoints",
                    hint);
}

/// Of each class the first clip of the list that the model answers rightly; the first of all where
/// there is none such. In the order of the classes.
std::vector<ListedClip> chosen_clips(PlayedModel& model, const std::vector<ListedClip>& listed,
                                     const ClipOptions& options) {
    std::vector<ListedClip> chosen;
    for (int64_t label = 0; label < model.config().classes; ++label) {
        const ListedClip* best = nullptr;
        for (const ListedClip& clip : listed) {
            if (clip.label != label) continue;
            if (best == nullptr) best = &clip;
            const Inputs inputs = model_inputs(read_clip(clip.files, options).tensors);
            const Tensor p = model.answer(inputs, unchanged_scene(model.config())).probabilities;
            const float* first = p.data<float>();
            if (std::max_element(first, first + p.numel()) - first != label) continue;
            best = &clip;
            break;
        }
        if (best != nullptr) chosen.push_back(*best);
    }
    return chosen;
}

Json packed_clip(const ListedClip& clip, const ClipOptions& options) {
    const ClipView view = first_view(clip.files, options);
    Json frames = Json::array();
    for (const int64_t t : view.frames) frames.push_back(base64(read_file(clip.files.frame(t))));
    const Tensor boxes = read_clip(clip.files, options).tensors.boxes;
    return {{"name", clip.files.name}, {"label", clip.label}, {"count", clip.files.count},
            {"numbers", view.frames},  {"frames", frames},    {"boxes", boxes.to_vector<float>()}};
}

void pack(const CommandLine& given, const Sources& from, std::ostream& notes) {
    const std::string scratch = from.output + ".weights";
    PackedModel with_mac = packed_model(from.with_mac, scratch);
    const PackedModel without_mac = packed_model(from.without_mac, scratch);
    check_twins(from, given, with_mac, without_mac);
    const Config& config = with_mac.model.config();
    const ReadingSettings reading =
        from.reading.as_trained(given, with_mac.metadata, from.with_mac);
    ClipOptions options = clip_options(config, Sampling::test);
    options.keypoints = reading.keypoint_options();
    options.dataset = reading.dataset_options();
    const std::vector<ListedClip> listed =
        read_split(from.dataset, from.split, config.classes, clip_needs(config), options.dataset);
    Json clips = Json::array();
    for (const ListedClip& clip : chosen_clips(with_mac.model, listed, options))
        clips.push_back(packed_clip(clip, options));

    Json models = Json::array();
    const auto add = [&](const char* name, const std::string& path, const PackedModel& packed) {
        models.push_back({{"name", name},
                          {"file", path},
                          {"mac_weight", packed.model.config().mac_weight},
                          {"bytes", base64(packed.bytes)}});
    };
    add("trained with MAC", from.with_mac, with_mac);
    add("trained without MAC", from.without_mac, without_mac);

    const auto text = [&](const std::string& name) { return read_file(from.folder + "/" + name); };
    const std::filesystem::path compiled =
        std::filesystem::path(from.engine).replace_extension(".wasm");
    const Page page{.title = "Micro-DualNet, live",
                    .scripts = {"clip_view.js"},
                    .data = {{"split", from.split},
                             {"engine", base64(read_file(compiled))},
                             {"models", models},
                             {"clips", clips}},
                    .without_scripts = "It computes everything it shows.",
                    .own_style = text("playground.css"),
                    .own_scripts = {read_file(from.engine), text("bridge.js"), text("views.js"),
                                    text("playground.js"), text("tour.js"), text("begin.js")},
                    .compiles = true};
    const std::string html = page_html(page);
    write_file(from.output, html);
    notes << "playground: wrote " << from.output << " (" << (html.size() + 50'000) / 100'000 / 10.0
          << " MB, " << clips.size() << " clips): open it in a browser\n";
}

}  // namespace

int main(int argc, char** argv) try {
    Sources from;
    CommandLine options("pack_playground", "writes playground.html (docs/playground.md)", "");
    from.declare(options);
    if (options.parse({argv + 1, argv + argc}))
        pack(options, from, std::cout);
    else
        std::cout << options.help();
    return 0;
} catch (const mdn::Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    if (!error.hint().empty()) std::cerr << "hint: " << error.hint() << "\n";
    return 2;
} catch (const std::exception& fault) {
    std::cerr << "error: " << fault.what() << "\n";
    return 1;
}
