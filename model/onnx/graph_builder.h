// Builds an ONNX graph op by op, the way the model's forward pass calls the engine's ops.
//
// Images are channels-first here, [N,C,H,W], as ONNX has them; tokens are rows [B·T·K,D]. Every
// function checks its shapes (std::logic_error): what does not fit is a fault of the exporter.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/files/onnx/model.h"
#include "engine/parameters.h"

namespace mdn::onnx {

/// The name of a value that the graph has so far, with its type.
struct Edge {
    std::string name;
    Type type;

    const Shape& shape() const { return type.shape; }
    int64_t dim(size_t axis) const { return type.shape[axis]; }
    size_t rank() const { return type.shape.size(); }
};

class GraphBuilder {
  public:
    /// `parameters` must outlive the graph: its numbers are read when the file is written.
    explicit GraphBuilder(const ParameterStore& parameters) : parameters_(parameters) {}

    /// The place in the tree of names until the object is destroyed, as Scope of parameters.h.
    /// Given a type, the place is a module of that type (onnx::Module).
    class Place {
      public:
        ~Place();
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

      private:
        friend class GraphBuilder;
        Place(GraphBuilder& graph, const std::string& name, int64_t module);
        GraphBuilder& graph_;
        std::string outer_path_;
        int64_t outer_module_;
    };
    [[nodiscard]] Place at(const std::string& name) { return {*this, name, module_}; }
    [[nodiscard]] Place module(const std::string& name, const std::string& type,
                               const std::string& equation);

    /// One of the model's inputs, f32 [clips, shape...].
    Edge input(const std::string& name, const Shape& shape, const std::string& description);
    /// Makes this value one of the model's outputs, under this name.
    void output(const Edge& value, const std::string& name, const std::string& description);

    /// The parameter of this name at this place, as a checkpoint has it.
    Edge parameter(const std::string& name);
    /// A tensor that is no parameter, f32 on the CPU, under a name of the whole graph.
    Edge tensor(const std::string& name, const Tensor& value);
    Edge constant(float value);
    Edge constant(const std::vector<int64_t>& values);

    /// The graph; std::logic_error if it leaves a parameter out.
    Model finish();

    // ---- elementwise; b as a, or broadcast to it
    // --------------------------------------------------
    Edge add(const Edge& a, const Edge& b) { return elementwise("Add", a, b); }
    Edge subtract(const Edge& a, const Edge& b) { return elementwise("Sub", a, b); }
    Edge multiply(const Edge& a, const Edge& b) { return elementwise("Mul", a, b); }
    Edge divide(const Edge& a, const Edge& b) { return elementwise("Div", a, b); }
    Edge relu(const Edge& x) { return op("Relu", {x}, x.type); }
    Edge erf(const Edge& x) { return op("Erf", {x}, x.type); }

    // ---- layout
    // -----------------------------------------------------------------------------------
    Edge reshape(const Edge& x, const Shape& shape);
    Edge transpose(const Edge& x, const std::vector<int64_t>& axes);
    Edge concat(const std::vector<Edge>& parts, size_t axis);
    std::vector<Edge> split(const Edge& x, size_t axis, const std::vector<int64_t>& sizes);
    /// `before` and `behind` zeros along an axis.
    Edge pad(const Edge& x, size_t axis, int64_t before, int64_t behind);
    /// Elements from..to−1 of an axis.
    Edge slice(const Edge& x, size_t axis, int64_t from, int64_t to);
    /// Mean over these axes, which disappear.
    Edge mean(const Edge& x, const std::vector<int64_t>& axes);
    /// x [shape...] → [n·clips, shape...], the same for each of n rows per clip.
    Edge repeat_like(const Edge& x, const Edge& rows);
    /// 0, 1, 2, … for each row of `rows`, each `times` times, i64.
    Edge row_numbers(const Edge& rows, int64_t times);

    // ---- products
    // ---------------------------------------------------------------------------------
    Edge matmul(const Edge& a, const Edge& b);  // [...,M,K]·[...,K,N], leading axes broadcast
    /// Rows x [N,I], weight [O,I], bias [O] → x Wᵀ + bias [N,O]
    Edge linear(const Edge& x, const Edge& weight, const Edge& bias);

    // ---- layers
    // -----------------------------------------------------------------------------------
    /// x [N,I,H,W], weight [O,I/groups,k,k]
    Edge conv2d(const Edge& x, const Edge& weight, int64_t stride, int64_t pad, int64_t groups = 1);
    Edge batch_norm(const Edge& x, const Edge& scale, const Edge& shift, const Edge& mean,
                    const Edge& variance, float eps);
    Edge max_pool2d(const Edge& x, int64_t kernel, int64_t stride, int64_t pad);
    Edge layer_norm(const Edge& x, const Edge& scale, const Edge& shift, float eps);
    Edge softmax(const Edge& x);  // over the last axis
    /// features [N,C,H,W], boxes [N·K,4] in an image of side `size`, the image of each box [N·K] →
    /// [N·K,C,bins,bins]; two samples per bin and axis, at half-pixel coordinates (SPEC §4).
    Edge roi_align(const Edge& features, const Edge& boxes, const Edge& images, int64_t size,
                   int64_t bins);

  private:
    Edge op(const std::string& type, const std::vector<Edge>& inputs, Type output,
            std::vector<std::pair<std::string, Attribute>> attributes = {});
    std::vector<Edge> op(const std::string& type, const std::vector<Edge>& inputs,
                         const std::vector<Type>& outputs,
                         std::vector<std::pair<std::string, Attribute>> attributes = {});
    Edge constant(const Tensor& value);
    Edge elementwise(const std::string& type, const Edge& a, const Edge& b);
    /// The numbers of rows of x, i64 [1].
    Edge row_count(const Edge& x);

    const ParameterStore& parameters_;
    Model model_;
    std::string path_;             // "backbone/layer1.0/", empty outside of all
    int64_t module_ = -1;          // innermost
    std::set<std::string> names_;  // of nodes
    std::set<std::string> used_;   // initializers
};

}  // namespace mdn::onnx
