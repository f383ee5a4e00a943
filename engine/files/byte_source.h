// A source of bytes that are read on demand: a file, which may be larger than memory, or a block of
// memory.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace mdn {

class ByteSource {
  public:
    virtual ~ByteSource() = default;
    /// A path, for messages.
    const std::string& name() const { return name_; }
    int64_t size() const { return size_; }
    /// Copies bytes [offset, offset + count). Throws Error naming the source where they do not all
    /// exist or cannot be read.
    void read(int64_t offset, void* to, int64_t count) const;

  protected:
    ByteSource(std::string name, int64_t size) : name_(std::move(name)), size_(size) {}

  private:
    virtual void read_inside(int64_t offset, void* to, int64_t count) const = 0;

    std::string name_;
    int64_t size_;
};

/// Throws Error naming the path if it is no regular file or cannot be opened.
std::shared_ptr<const ByteSource> open_file(const std::string& path);
/// The bytes must outlive the source.
std::shared_ptr<const ByteSource> in_memory(std::span<const uint8_t> bytes, std::string name);

/// Reads a part of a source from front to back, a block at a time.
class ByteReader {
  public:
    /// Bytes [begin, end), which must lie in the source.
    ByteReader(const ByteSource& source, int64_t begin, int64_t end);

    int64_t position() const { return begin_ + next_; }
    int64_t remaining() const { return end_ - position(); }
    /// Throws Error if fewer than `count` (or less than none) remain.
    void require(int64_t count) const;
    uint8_t byte();
    /// A little-endian number.
    template <class T>
    T number() {
        static_assert(std::is_arithmetic_v<T>);
        T value;
        copy(&value, sizeof value);
        return value;
    }
    /// Only as long as the caller checked that it may be.
    std::string text(int64_t count);
    void skip(int64_t count);

  private:
    void copy(void* to, int64_t count);

    const ByteSource& source_;
    std::vector<uint8_t> block_;
    int64_t begin_;     // of the block, in the source
    int64_t next_ = 0;  // in the block
    int64_t end_;       // of the part, in the source
};

}  // namespace mdn
