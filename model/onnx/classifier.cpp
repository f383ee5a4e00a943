#include "model/classifier.h"

#include "model/onnx/modules.h"

namespace mdn::onnx {

Edge classifier(GraphBuilder& graph, const Edge& x) {
    // [f_cnn ; f_entity] → Linear → GELU → Linear
    return mlp(graph, "classifier", x, "Classifier");
}

}  // namespace mdn::onnx
