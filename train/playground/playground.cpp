#include "train/playground/playground.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "data/augmentation.h"
#include "data/images/image.h"
#include "engine/allocator.h"
#include "engine/error.h"

namespace mdn {

namespace {

using Json = nlohmann::ordered_json;

/// Entry `index` of a list of what was opened.
template <class T>
T& opened(std::vector<T>& all, const Json& request, const char* what) {
    const auto index = request.at(what).get<size_t>();
    if (index >= all.size())
        throw Error("no " + std::string(what) + " " + std::to_string(index) + " has been opened");
    return all[index];
}

Json place_of(const Tensor& x) {
    const void* const numbers =
        x.dtype() == DType::u8 ? static_cast<const void*>(x.data<uint8_t>()) : x.data<float>();
    return {{"shape", x.shape()},
            {"type", to_string(x.dtype())},
            {"address", reinterpret_cast<uintptr_t>(numbers)}};
}

/// Frames [1,T,S,S,3] as RGBA [T,S,S,4].
Tensor canvas_pixels(const Tensor& frames) {
    const int64_t T = frames.dim(1), S = frames.dim(2);
    Tensor pixels = Tensor::full({T, S, S, 4}, 255, DType::u8);
    uint8_t* to = pixels.data<uint8_t>();
    for (int64_t t = 0; t < T; ++t) {
        const Image picture = picture_of(frames.data<float>() + t * S * S * 3, S);
        for (int64_t i = 0; i < S * S; ++i, to += 4)
            std::copy_n(picture.pixels.data() + 3 * i, 3, to);
    }
    return pixels;
}

ChangedPart part_from(const Json& json) {
    ChangedPart part{.covered = json.value("covered", false),
                     .unseen = json.value("unseen", false),
                     .dx = json.value("dx", 0.f),
                     .dy = json.value("dy", 0.f),
                     .scale = json.value("scale", 1.f)};
    const auto alpha = json.find("alpha_st");
    if (alpha != json.end() && !alpha->is_null()) part.alpha_st = alpha->get<float>();
    return part;
}

}  // namespace

uint8_t* Playground::buffer(int64_t bytes) {
    buffer_.assign(static_cast<size_t>(bytes), 0);
    return buffer_.data();
}

std::string Playground::call(const std::string& request) {
    try {
        return reply_to(Json::parse(request)).dump();
    } catch (const Error& error) {
        return Json{{"error", error.what()}, {"hint", error.hint()}}.dump();
    } catch (const std::exception& fault) {
        return Json{{"error", fault.what()}, {"hint", ""}}.dump();
    }
}

Json Playground::reply_to(const Json& request) {
    const auto what = request.at("do").get<std::string>();
    if (what == "open model") return open_model(request);
    if (what == "open clip") return open_clip(request);
    if (what == "answer") return answer(request);
    if (what == "memory") return {{"bytes", allocator(Device::cpu).stats().reserved_bytes}};
    throw Error("the playground does not know how to '" + what + "'");
}

Json Playground::open_model(const Json& request) {
    const PlayedModel& model =
        models_.emplace_back(parse_safetensors(buffer_, request.at("name").get<std::string>()));
    buffer_ = {};
    return {{"model", models_.size() - 1},
            {"classes", model.classes()},
            {"config", Json::parse(to_json(model.config()))}};
}

Json Playground::open_clip(const Json& request) {
    const Config& config = opened(models_, request, "model").config();
    const auto name = request.at("name").get<std::string>();
    const auto sizes = request.at("sizes").get<std::vector<size_t>>();
    const auto boxes = request.at("boxes").get<std::vector<float>>();
    const int64_t T = config.frames, S = config.size, K = config.entity_count();
    if (std::ssize(sizes) != T)
        throw Error(name + " has " + std::to_string(sizes.size()) +
                    " frames, but the model reads " + std::to_string(T));
    if (std::accumulate(sizes.begin(), sizes.end(), size_t{0}) != buffer_.size())
        throw Error(name + ": its frames have other sizes than were said");
    if (std::ssize(boxes) != T * K * 4)
        throw Error(name + " has " + std::to_string(boxes.size()) + " numbers of boxes, not " +
                    std::to_string(T * K * 4));

    Inputs clip{.frames = Tensor::empty({1, T, S, S, 3}), .boxes = Tensor::empty({1, T, K, 4})};
    std::copy(boxes.begin(), boxes.end(), clip.boxes.data<float>());
    const std::filesystem::path file = std::filesystem::temp_directory_path() / "playground.jpg";
    const char* bytes = reinterpret_cast<const char*>(buffer_.data());
    for (int64_t t = 0; t < T; bytes += sizes[static_cast<size_t>(t++)]) {
        std::ofstream(file, std::ios::binary)
            .write(bytes, static_cast<std::streamsize>(sizes[static_cast<size_t>(t)]));
        const Image image = read_image(file);
        resample(image, evaluation_transform({image.width, image.height}, S), S,
                 clip.frames.data<float>() + t * S * S * 3);
    }
    std::filesystem::remove(file);
    buffer_ = {};
    clips_.push_back(clip);
    return {{"clip", clips_.size() - 1}};
}

Json Playground::answer(const Json& request) {
    PlayedModel& model = opened(models_, request, "model");
    Scene scene = unchanged_scene(model.config());
    if (request.contains("order")) scene.order = request["order"].get<std::vector<int64_t>>();
    if (request.contains("parts")) {
        scene.parts.clear();
        for (const Json& part : request["parts"]) scene.parts.push_back(part_from(part));
    }
    const auto began = std::chrono::steady_clock::now();
    last_ = model.answer(opened(clips_, request, "clip"), scene);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    pictures_ = canvas_pixels(last_.inputs.frames);

    const Outputs& outputs = last_.outputs;
    Json tensors = {{"pictures", place_of(pictures_)},
                    {"boxes", place_of(last_.inputs.boxes)},
                    {"entities", place_of(outputs.entities)},
                    {"st", place_of(outputs.st)},
                    {"ts", place_of(outputs.ts)},
                    {"fused", place_of(outputs.fused)},
                    {"alpha", place_of(outputs.alpha)},
                    {"router alpha", place_of(last_.router_alpha)},
                    {"logits", place_of(outputs.logits)},
                    {"probabilities", place_of(last_.probabilities)},
                    {"similarity", place_of(last_.similarity)}};
    for (const auto& [name, layers] : last_.attention)
        for (size_t layer = 0; layer < layers.size(); ++layer)
            tensors[name + "." + std::to_string(layer)] = place_of(layers[layer]);
    return {{"milliseconds", took.count()},
            {"backbone_ran", last_.backbone_ran},
            {"tensors", std::move(tensors)}};
}

}  // namespace mdn
