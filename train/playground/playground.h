// The engine behind playground.html: what the page's script asks for and is told, as JSON. Numbers
// in bulk are not written as text: the answer says where they lie in memory.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "train/playground/played_model.h"

namespace mdn {

class Playground {
  public:
    /// Place for `bytes` that the next request brings along.
    uint8_t* buffer(int64_t bytes);

    /// {"do": "open model", "name"}: the buffer holds a safetensors file →
    ///     {model, classes, config}.
    /// {"do": "open clip", "model", "name", "sizes": [bytes of each frame's JPEG, in the buffer],
    ///  "boxes": [T·K·4]} → {clip}. Decodes and resamples frames as evaluation does.
    /// {"do": "answer", "model", "clip", "order": [T], "parts": [{covered, unseen, dx, dy, scale,
    ///  alpha_st}, … K]} (what is left out is unchanged) → {milliseconds, backbone_ran, tensors:
    ///     {name: {shape, type, address}}}, valid until the next answer.
    /// {"do": "memory"} → {bytes} that tensors take.
    /// Where something is wrong: {error, hint}.
    std::string call(const std::string& request);

  private:
    using Json = nlohmann::ordered_json;
    Json reply_to(const Json& request);
    Json open_model(const Json& request);
    Json open_clip(const Json& request);
    Json answer(const Json& request);

    std::vector<uint8_t> buffer_;
    std::vector<PlayedModel> models_;
    std::vector<Inputs> clips_;
    PlayedAnswer last_;
    Tensor pictures_;  // [T,S,S,4] u8: what the model was shown, as a canvas wants it
};

}  // namespace mdn
