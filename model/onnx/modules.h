// The modules of the model as parts of an ONNX graph: a function for each, which calls the same ops
// in the same order as the module's forward pass. The file of each has the name of the one in
// model/ that it follows.
#pragma once

#include <string>

#include "model/backbone.h"
#include "model/config.h"
#include "model/dual_path.h"
#include "model/onnx/graph_builder.h"

namespace mdn::onnx {

// layers.cpp; the parameters are those under `name` at the present place.
Edge convolution(GraphBuilder& graph, const std::string& name, const Edge& x, int64_t stride = 1,
                 int64_t pad = 0);
Edge batch_norm(GraphBuilder& graph, const std::string& name, const Edge& x);
Edge layer_norm(GraphBuilder& graph, const std::string& name, const Edge& x);
Edge linear(GraphBuilder& graph, const std::string& name, const Edge& x);
Edge gelu(GraphBuilder& graph, const Edge& x);
Edge mlp(GraphBuilder& graph, const std::string& name, const Edge& x,
         const std::string& type = "Mlp");
/// fc1_weight [K,O,I] and fc1_bias [K,O] for the layer "fc1": x [N,K,I] → [N,K,O].
Edge grouped_linear(GraphBuilder& graph, const std::string& layer, const Edge& x);
/// x [B·T·K,D] + entity_embedding [K,D] + frame_embedding [T,D].
Edge add_embeddings(GraphBuilder& graph, const Edge& x, const Config& config);
/// [B·T·K,D] → [B,K,D]
Edge mean_over_frames(GraphBuilder& graph, const Edge& tokens, const Config& config);

/// backbone.cpp: images [B·T,3,S,S] → features [B·T,C,H,W]
Edge backbone(GraphBuilder& graph, const Edge& images, const Config& config);
/// sem.cpp: features [B·T,C,H,W], boxes [B·T,K,4] in pixels → X [B·T·K,D]
Edge sem(GraphBuilder& graph, const Edge& features, const Edge& boxes, const Config& config);
/// pose_encoder.cpp: joints [B,T,K,J,3] → X [B·T·K,D]
Edge pose_encoder(GraphBuilder& graph, const Edge& joints, const Config& config);
/// transformer.cpp: X [B·T·K,D] → [B·T·K,D]
Edge encoder(GraphBuilder& graph, const std::string& name, const Edge& x, TokenAxis axis,
             const Config& config);
/// dual_path.cpp: X [B·T·K,D] → X_st or X_ts [B·T·K,D]
Edge path(GraphBuilder& graph, PathOrder order, const Edge& x, const Config& config);
/// router.cpp: X_st, X_ts [B·T·K,D] → α [B,K,2]
Edge router(GraphBuilder& graph, const Edge& st, const Edge& ts, const Config& config);
/// α_st·X_st + α_ts·X_ts [B·T·K,D]
Edge mix(GraphBuilder& graph, const Edge& st, const Edge& ts, const Edge& alpha,
         const Config& config);
/// classifier.cpp: pooled features [B,C + K·D] → logits [B,classes]
Edge classifier(GraphBuilder& graph, const Edge& x);

}  // namespace mdn::onnx
