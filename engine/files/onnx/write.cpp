// Field numbers are those of onnx.proto (onnx 1.23.2), under the names that it gives them.
#include "engine/files/onnx/write.h"

#include <stdexcept>

#include "engine/error.h"
#include "engine/files/atomic_file.h"

namespace mdn::onnx {

namespace {

/// TensorProto.DataType
int64_t data_type(DType dtype) {
    if (dtype == DType::f32) return 1;
    if (dtype == DType::i64) return 7;
    throw std::logic_error("no tensor of " + to_string(dtype) + " is written to an ONNX file");
}

/// AttributeProto: the field of each alternative of Attribute, and AttributeProto.AttributeType.
enum AttributeField { field_f = 2, field_i = 3, field_s = 4, field_t = 5, field_ints = 8 };
enum AttributeType {
    type_float = 1,
    type_int = 2,
    type_string = 3,
    type_tensor = 4,
    type_ints = 7
};

ProtobufMessage tensor(const std::string& name, DType dtype, const Shape& shape,
                       const std::function<Tensor()>& read) {
    ProtobufMessage message;
    for (const int64_t size : shape) message.integer(1, size);        // dims
    message.integer(2, data_type(dtype));                             // data_type
    message.text(8, name);                                            // name
    message.numbers(9, element_count(shape) * size_of(dtype), read);  // raw_data
    return message;
}

struct AttributeWriter {
    ProtobufMessage& message;

    void operator()(int64_t value) const {
        message.integer(field_i, value);
        type(type_int);
    }
    void operator()(float value) const {
        message.real(field_f, value);
        type(type_float);
    }
    void operator()(const std::string& value) const {
        message.text(field_s, value);
        type(type_string);
    }
    void operator()(const std::vector<int64_t>& values) const {
        for (const int64_t value : values) message.integer(field_ints, value);
        type(type_ints);
    }
    void operator()(const Tensor& value) const {
        message.message(field_t,
                        tensor("", value.dtype(), value.shape(), [value] { return value; }));
        type(type_tensor);
    }
    void type(AttributeType type) const { message.integer(20, type); }  // type
};

ProtobufMessage node(const Node& node) {
    ProtobufMessage message;
    for (const std::string& name : node.inputs) message.text(1, name);   // input
    for (const std::string& name : node.outputs) message.text(2, name);  // output
    message.text(3, node.name);                                          // name
    message.text(4, node.op);                                            // op_type
    for (const auto& [name, value] : node.attributes) {
        ProtobufMessage attribute;
        attribute.text(1, name);  // name
        std::visit(AttributeWriter{attribute}, value);
        message.message(5, std::move(attribute));  // attribute
    }
    if (!node.domain.empty()) message.text(7, node.domain);  // domain
    return message;
}

/// TypeProto of a tensor.
ProtobufMessage type(const Type& type) {
    ProtobufMessage shape;
    for (size_t axis = 0; axis < type.shape.size(); ++axis) {
        const int64_t size = type.shape[axis];
        ProtobufMessage dimension;
        if (axis > 0 || type.per.empty())
            dimension.integer(1, size);  // dim_value
        else                             // dim_param
            dimension.text(2, size == 1 ? type.per : std::to_string(size) + "*" + type.per);
        shape.message(1, std::move(dimension));  // dim
    }
    ProtobufMessage tensor_type;
    tensor_type.integer(1, data_type(type.dtype));  // elem_type
    tensor_type.message(2, std::move(shape));       // shape
    ProtobufMessage message;
    message.message(1, std::move(tensor_type));  // tensor_type
    return message;
}

ProtobufMessage value_info(const Value& value) {
    ProtobufMessage message;
    message.text(1, value.name);                                         // name
    message.message(2, type(value.type));                                // type
    if (!value.description.empty()) message.text(3, value.description);  // doc_string
    return message;
}

ProtobufMessage graph(const Model& model) {
    ProtobufMessage message;
    for (const Node& each : model.nodes) message.message(1, node(each));  // node
    message.text(2, model.name);                                          // name
    for (const Initializer& each : model.initializers)                    // initializer
        message.message(5, tensor(each.name, DType::f32, each.shape, each.read));
    for (const Value& each : model.inputs) message.message(11, value_info(each));   // input
    for (const Value& each : model.outputs) message.message(12, value_info(each));  // output
    for (const Value& each : model.values) message.message(13, value_info(each));   // value_info
    return message;
}

/// OperatorSetIdProto of both domains, or of the standard's alone: opset_import.
void import_operators(ProtobufMessage& message, int field, bool functions) {
    ProtobufMessage standard;
    standard.text(1, "");                // domain
    standard.integer(2, opset_version);  // version
    message.message(field, std::move(standard));
    if (!functions) return;
    ProtobufMessage own;
    own.text(1, function_domain);
    own.integer(2, 1);
    message.message(field, std::move(own));
}

}  // namespace

ProtobufMessage to_protobuf(const Function& function) {
    ProtobufMessage message;
    message.text(1, function.name);                                          // name
    for (const std::string& name : function.inputs) message.text(4, name);   // input
    for (const std::string& name : function.outputs) message.text(5, name);  // output
    for (const Node& each : function.nodes) message.message(7, node(each));  // node
    message.text(8, function.description);                                   // doc_string
    import_operators(message, 9, true);                                      // opset_import
    message.text(10, function_domain);                                       // domain
    return message;
}

ProtobufMessage to_protobuf(const Model& model) {
    ProtobufMessage message;
    message.integer(1, format_version);                      // ir_version
    message.text(2, model.producer);                         // producer_name
    message.text(3, model.producer_version);                 // producer_version
    message.text(6, model.description);                      // doc_string
    message.message(7, graph(model));                        // graph
    import_operators(message, 8, !model.functions.empty());  // opset_import
    for (const auto& [key, value] : model.metadata) {
        ProtobufMessage entry;
        entry.text(1, key);                     // key
        entry.text(2, value);                   // value
        message.message(14, std::move(entry));  // metadata_props
    }
    for (const Function& each : model.functions)
        message.message(25, to_protobuf(each));  // functions
    return message;
}

int64_t write(const std::string& path, const Model& model,
              const std::function<void(int64_t, int64_t)>& progress) {
    const ProtobufMessage message = to_protobuf(model);
    if (message.size() > most_bytes)
        throw Error("cannot write " + path + ": the model takes " + std::to_string(message.size()) +
                        " bytes, and an ONNX file holds at most " + std::to_string(most_bytes),
                    "export a smaller model: the limit is that of protobuf's readers");
    AtomicFile file(path);
    int64_t done = 0;
    message.write([&](const void* bytes, int64_t count) {
        file.write(bytes, count);
        done += count;
        if (progress) progress(done, message.size());
    });
    file.commit();
    return message.size();
}

}  // namespace mdn::onnx
