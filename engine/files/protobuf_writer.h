// Protocol Buffers, as far as it takes to write a message: numbered fields, one behind the other.
// (https://protobuf.dev/programming-guides/encoding; no schema and no generated code.)
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor.h"

namespace mdn {

/// A message under construction. Fields stand in the order in which they were added; a field that
/// is added several times is a repeated one. Numbers of tensors are not copied: they are asked for
/// when the message is written, one tensor at a time.
class ProtobufMessage {
  public:
    /// int32, int64, bool or enum.
    void integer(int field, int64_t value);
    /// float.
    void real(int field, float value);
    /// double.
    void real64(int field, double value);
    /// string or bytes. A string must be UTF-8; readers may refuse the file otherwise.
    void text(int field, std::string_view value);
    void message(int field, ProtobufMessage value);
    /// bytes: the numbers of a CPU tensor, little-endian and row-major. `read` makes the tensor, of
    /// `count` bytes, when the message is written.
    void numbers(int field, int64_t count, std::function<Tensor()> read);

    /// Bytes of the whole message.
    int64_t size() const { return size_; }
    /// Hands the message to `sink`, part after part. std::logic_error if a tensor does not have the
    /// bytes that were announced.
    void write(const std::function<void(const void* bytes, int64_t count)>& sink) const;
    /// The whole message; for small ones.
    std::string to_string() const;

  private:
    /// Bytes that stand ready, then a tensor's, if there is one.
    struct Part {
        std::string ready;
        int64_t count = 0;
        std::function<Tensor()> read;
    };

    void varint(uint64_t value);
    void tag(int field, int wire_type);
    void little_endian(uint64_t bits, size_t count);
    void append(std::string_view bytes);
    std::string& open_part();

    std::vector<Part> parts_;
    int64_t size_ = 0;
};

}  // namespace mdn
