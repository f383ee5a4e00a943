#include "tests/engine/files/onnx/read.h"

#include <bit>
#include <cstring>
#include <map>
#include <set>
#include <stdexcept>
#include <string_view>

namespace mdn::test {

namespace {

using onnx::Function;
using onnx::Node;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("ONNX file: " + what); }

/// One field of a message.
struct Field {
    int number = 0, wire_type = 0;
    uint64_t varint = 0;     // wire type 0, and the bits of 5
    std::string_view bytes;  // wire type 2

    int64_t integer() const { return expect(0), static_cast<int64_t>(varint); }
    float real() const { return expect(5), std::bit_cast<float>(static_cast<uint32_t>(varint)); }
    std::string_view message() const { return expect(2), bytes; }
    std::string text() const {
        expect(2);
        for (size_t i = 0; i < bytes.size();) {
            const auto lead = static_cast<unsigned char>(bytes[i++]);
            const int more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : 3;
            if (lead >= 0x80 && lead < 0xC2) fail("text is not UTF-8");
            for (int k = 0; k < more; ++k)
                if (i == bytes.size() || (bytes[i++] & 0xC0) != 0x80) fail("text is not UTF-8");
        }
        return std::string(bytes);
    }
    void expect(int type) const {
        if (wire_type != type) fail("field " + std::to_string(number) + " has another wire type");
    }
};

class Reader {
  public:
    explicit Reader(std::string_view bytes) : left_(bytes) {}

    bool next(Field& field) {
        if (left_.empty()) return false;
        const uint64_t tag = varint();
        field = {static_cast<int>(tag >> 3), static_cast<int>(tag & 7), 0, {}};
        if (field.wire_type == 0)
            field.varint = varint();
        else if (field.wire_type == 2)
            field.bytes = take(varint());
        else if (field.wire_type == 5) {
            uint32_t bits = 0;
            std::memcpy(&bits, take(4).data(), 4);
            field.varint = bits;
        } else {
            fail("wire type " + std::to_string(field.wire_type));
        }
        return true;
    }

  private:
    std::string_view take(uint64_t count) {
        if (count > left_.size()) fail("a length past the end");
        const std::string_view taken = left_.substr(0, count);
        left_.remove_prefix(count);
        return taken;
    }
    uint64_t varint() {
        uint64_t value = 0;
        for (int shift = 0;; shift += 7) {
            if (shift > 63) fail("a varint of more than ten bytes");
            const auto byte = static_cast<unsigned char>(take(1)[0]);
            value |= uint64_t{byte & 0x7Fu} << shift;
            if (byte < 0x80) return value;
        }
    }

    std::string_view left_;
};

/// Calls `use` with each field; it returns false for one that it does not know.
template <class Use>
void each_field(const char* message, std::string_view bytes, Use&& use) {
    Reader reader(bytes);
    for (Field field; reader.next(field);)
        if (!use(field))
            fail(std::string(message) + " has a field " + std::to_string(field.number));
}

struct NamedTensor {
    std::string name;
    Tensor tensor;
};

NamedTensor read_tensor(std::string_view bytes) {
    NamedTensor named;
    Shape dims;
    int64_t type = 0;
    std::string_view raw;
    each_field("TensorProto", bytes, [&](const Field& f) {
        switch (f.number) {
            case 1:
                return dims.push_back(f.integer()), true;
            case 2:
                return type = f.integer(), true;
            case 8:
                return named.name = f.text(), true;
            case 9:
                return raw = f.message(), true;
            default:
                return false;
        }
    });
    if (type != 1 && type != 7) fail("a tensor of type " + std::to_string(type));
    named.tensor = Tensor::empty(dims, type == 1 ? DType::f32 : DType::i64);
    if (static_cast<int64_t>(raw.size()) != named.tensor.bytes())
        fail("tensor " + named.name + " has " + std::to_string(raw.size()) + " bytes of numbers");
    std::memcpy(named.tensor.raw(), raw.data(), raw.size());
    return named;
}

std::pair<std::string, onnx::Attribute> read_attribute(std::string_view bytes) {
    std::string name;
    onnx::Attribute value;
    std::vector<int64_t> integers;
    int64_t type = 0, found = 0;  // AttributeType, as it says and as its fields say
    each_field("AttributeProto", bytes, [&](const Field& f) {
        switch (f.number) {
            case 1:
                return name = f.text(), true;
            case 2:
                return value = f.real(), found = 1, true;
            case 3:
                return value = f.integer(), found = 2, true;
            case 4:
                return value = f.text(), found = 3, true;
            case 5:
                return value = read_tensor(f.message()).tensor, found = 4, true;
            case 8:
                return integers.push_back(f.integer()), found = 7, true;
            case 20:
                return type = f.integer(), true;
            default:
                return false;
        }
    });
    if (type != found) fail("attribute " + name + " is of another type than it says");
    if (found == 7) value = integers;
    return {name, value};
}

Node read_node(std::string_view bytes) {
    Node node;
    each_field("NodeProto", bytes, [&](const Field& f) {
        switch (f.number) {
            case 1:
                return node.inputs.push_back(f.text()), true;
            case 2:
                return node.outputs.push_back(f.text()), true;
            case 3:
                return node.name = f.text(), true;
            case 4:
                return node.op = f.text(), true;
            case 5:
                return node.attributes.push_back(read_attribute(f.message())), true;
            case 7:
                return node.domain = f.text(), true;
            default:
                return false;
        }
    });
    return node;
}

/// A dimension "8*clips" is 8 per clips, "clips" is 1.
void read_dimension(std::string_view bytes, onnx::Type& type) {
    each_field("Dimension", bytes, [&](const Field& f) {
        if (f.number == 1) return type.shape.push_back(f.integer()), true;
        if (f.number != 2 || !type.shape.empty()) return false;
        const std::string text = f.text();
        const size_t star = text.find('*');
        type.per = star == std::string::npos ? text : text.substr(star + 1);
        type.shape.push_back(star == std::string::npos ? 1 : std::stoll(text));
        return true;
    });
}

onnx::Type read_type(std::string_view bytes) {
    onnx::Type type;
    each_field("TypeProto", bytes, [&](const Field& tensor) {
        if (tensor.number != 1) return false;
        each_field("TypeProto.Tensor", tensor.message(), [&](const Field& f) {
            if (f.number == 1) {
                if (f.integer() != 1 && f.integer() != 7) fail("a value of another dtype");
                return type.dtype = f.integer() == 1 ? DType::f32 : DType::i64, true;
            }
            if (f.number != 2) return false;
            each_field("TensorShapeProto", f.message(), [&](const Field& dimension) {
                if (dimension.number != 1) return false;
                return read_dimension(dimension.message(), type), true;
            });
            return true;
        });
        return true;
    });
    return type;
}

onnx::Value read_value(std::string_view bytes) {
    onnx::Value value;
    each_field("ValueInfoProto", bytes, [&](const Field& f) {
        switch (f.number) {
            case 1:
                return value.name = f.text(), true;
            case 2:
                return value.type = read_type(f.message()), true;
            case 3:
                return value.description = f.text(), true;
            default:
                return false;
        }
    });
    return value;
}

void read_graph(std::string_view bytes, onnx::Model& model) {
    each_field("GraphProto", bytes, [&](const Field& f) {
        switch (f.number) {
            case 1:
                return model.nodes.push_back(read_node(f.message())), true;
            case 2:
                return model.name = f.text(), true;
            case 5: {
                const NamedTensor named = read_tensor(f.message());
                if (named.tensor.dtype() != DType::f32) fail("an initializer of another dtype");
                model.initializers.push_back(
                    {named.name, named.tensor.shape(), [tensor = named.tensor] { return tensor; }});
                return true;
            }
            case 11:
                return model.inputs.push_back(read_value(f.message())), true;
            case 12:
                return model.outputs.push_back(read_value(f.message())), true;
            case 13:
                return model.values.push_back(read_value(f.message())), true;
            default:
                return false;
        }
    });
}

using Operators = std::map<std::string, int64_t>;  // versions by domain

void read_operators(std::string_view bytes, Operators& operators) {
    std::string domain;
    int64_t version = 0;
    each_field("OperatorSetIdProto", bytes, [&](const Field& f) {
        if (f.number == 1) return domain = f.text(), true;
        if (f.number == 2) return version = f.integer(), true;
        return false;
    });
    operators[domain] = version;
}

const Operators standard_alone = {{"", 17}};
const Operators both = {{"", 17}, {"microdualnet", 1}};

Function read_function(std::string_view bytes) {
    Function function;
    Operators operators;
    std::string domain;
    each_field("FunctionProto", bytes, [&](const Field& f) {
        switch (f.number) {
            case 1:
                return function.name = f.text(), true;
            case 4:
                return function.inputs.push_back(f.text()), true;
            case 5:
                return function.outputs.push_back(f.text()), true;
            case 7:
                return function.nodes.push_back(read_node(f.message())), true;
            case 8:
                return function.description = f.text(), true;
            case 9:
                return read_operators(f.message(), operators), true;
            case 10:
                return domain = f.text(), true;
            default:
                return false;
        }
    });
    if (domain != "microdualnet" || operators != both) fail("a function of another domain");
    return function;
}

std::pair<std::string, std::string> read_entry(std::string_view bytes) {
    std::pair<std::string, std::string> entry;
    each_field("StringStringEntryProto", bytes, [&](const Field& f) {
        if (f.number == 1) return entry.first = f.text(), true;
        if (f.number == 2) return entry.second = f.text(), true;
        return false;
    });
    return entry;
}

}  // namespace

onnx::Model read_onnx(const std::string& bytes) {
    onnx::Model model;
    Operators operators;
    int64_t format = 0;
    each_field("ModelProto", bytes, [&](const Field& f) {
        switch (f.number) {
            case 1:
                return format = f.integer(), true;
            case 2:
                return model.producer = f.text(), true;
            case 3:
                return model.producer_version = f.text(), true;
            case 6:
                return model.description = f.text(), true;
            case 7:
                return read_graph(f.message(), model), true;
            case 8:
                return read_operators(f.message(), operators), true;
            case 14:
                return model.metadata.push_back(read_entry(f.message())), true;
            case 25:
                return model.functions.push_back(read_function(f.message())), true;
            default:
                return false;
        }
    });
    if (format != 8) fail("format version " + std::to_string(format));
    if (operators != (model.functions.empty() ? standard_alone : both)) fail("other operators");
    return model;
}

}  // namespace mdn::test
