#include "engine/files/protobuf_writer.h"

#include <bit>
#include <iterator>
#include <stdexcept>

namespace mdn {

namespace {

// How a field's value is laid out; its tag is 8·field + wire type.
constexpr int wire_varint = 0, wire_eight_bytes = 1, wire_length_delimited = 2, wire_four_bytes = 5;

}  // namespace

std::string& ProtobufMessage::open_part() {
    if (parts_.empty() || parts_.back().read) parts_.emplace_back();
    return parts_.back().ready;
}

void ProtobufMessage::append(std::string_view bytes) {
    open_part() += bytes;
    size_ += static_cast<int64_t>(bytes.size());
}

void ProtobufMessage::varint(uint64_t value) {
    // Seven bits per byte, the lowest first; the eighth says that more follow.
    char bytes[10];
    size_t count = 0;
    for (; value >= 0x80; value >>= 7) bytes[count++] = static_cast<char>(value | 0x80);
    bytes[count++] = static_cast<char>(value);
    append({bytes, count});
}

void ProtobufMessage::tag(int field, int wire_type) {
    varint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire_type));
}

void ProtobufMessage::integer(int field, int64_t value) {
    tag(field, wire_varint);
    varint(static_cast<uint64_t>(value));  // a negative one takes ten bytes
}

void ProtobufMessage::real(int field, float value) {
    tag(field, wire_four_bytes);
    little_endian(std::bit_cast<uint32_t>(value), 4);
}

void ProtobufMessage::real64(int field, double value) {
    tag(field, wire_eight_bytes);
    little_endian(std::bit_cast<uint64_t>(value), 8);
}

void ProtobufMessage::little_endian(uint64_t bits, size_t count) {
    char bytes[8];
    for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(bits >> (8 * i));
    append({bytes, count});
}

void ProtobufMessage::text(int field, std::string_view value) {
    tag(field, wire_length_delimited);
    varint(value.size());
    append(value);
}

void ProtobufMessage::message(int field, ProtobufMessage value) {
    tag(field, wire_length_delimited);
    varint(static_cast<uint64_t>(value.size_));
    for (Part& part : value.parts_) {
        open_part() += part.ready;
        if (!part.read) continue;
        parts_.back().count = part.count;
        parts_.back().read = std::move(part.read);
    }
    size_ += value.size_;
}

void ProtobufMessage::numbers(int field, int64_t count, std::function<Tensor()> read) {
    tag(field, wire_length_delimited);
    varint(static_cast<uint64_t>(count));
    parts_.back().count = count;
    parts_.back().read = std::move(read);
    size_ += count;
}

void ProtobufMessage::write(const std::function<void(const void*, int64_t)>& sink) const {
    static_assert(std::endian::native == std::endian::little, "tensors are written as they are");
    for (const Part& part : parts_) {
        sink(part.ready.data(), static_cast<int64_t>(part.ready.size()));
        if (!part.read) continue;
        const Tensor tensor = part.read();
        if (tensor.bytes() != part.count)
            throw std::logic_error("a tensor of " + std::to_string(tensor.bytes()) +
                                   " bytes was announced with " + std::to_string(part.count));
        sink(tensor.raw(), tensor.bytes());
    }
}

std::string ProtobufMessage::to_string() const {
    std::string whole;
    write([&](const void* bytes, int64_t count) {
        whole.append(static_cast<const char*>(bytes), static_cast<size_t>(count));
    });
    return whole;
}

}  // namespace mdn
