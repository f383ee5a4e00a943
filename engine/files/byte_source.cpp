#include "engine/files/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "engine/error.h"

namespace mdn {

namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian");

constexpr int64_t block_size = 1 << 16;

class File final : public ByteSource {
  public:
    File(std::string path, int descriptor, int64_t size)
        : ByteSource(std::move(path), size), descriptor_(descriptor) {}
    ~File() override { ::close(descriptor_); }

  private:
    void read_inside(int64_t offset, void* to, int64_t count) const override {
        auto* next = static_cast<uint8_t*>(to);
        while (count > 0) {
            const ssize_t got = ::pread(descriptor_, next, static_cast<size_t>(count), offset);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) throw Error("cannot read " + name() + ": " + std::strerror(errno));
            if (got == 0) throw Error("cannot read " + name() + " to its end: it has been cut off");
            next += got;
            offset += got;
            count -= got;
        }
    }

    int descriptor_;
};

class Memory final : public ByteSource {
  public:
    Memory(std::span<const uint8_t> bytes, std::string name)
        : ByteSource(std::move(name), static_cast<int64_t>(bytes.size())), bytes_(bytes) {}

  private:
    void read_inside(int64_t offset, void* to, int64_t count) const override {
        std::memcpy(to, bytes_.data() + offset, static_cast<size_t>(count));
    }

    std::span<const uint8_t> bytes_;
};

}  // namespace

void ByteSource::read(int64_t offset, void* to, int64_t count) const {
    if (offset < 0 || count < 0 || offset > size_ || count > size_ - offset)
        throw Error(name_ + " ends too early: it has " + std::to_string(size_) + " bytes, but " +
                    std::to_string(count) + " are needed at byte " + std::to_string(offset));
    if (count > 0) read_inside(offset, to, count);
}

std::shared_ptr<const ByteSource> open_file(const std::string& path) {
    // A pipe without a writer would block; it is refused below.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status {};
    if (descriptor < 0 || ::fstat(descriptor, &status) != 0) {
        const std::string reason = std::strerror(errno);
        if (descriptor >= 0) ::close(descriptor);
        throw Error("cannot read " + path + ": " + reason);
    }
    if (!S_ISREG(status.st_mode)) {
        ::close(descriptor);
        throw Error("cannot read " + path + ": it is not a regular file");
    }
    return std::make_shared<File>(path, descriptor, static_cast<int64_t>(status.st_size));
}

std::shared_ptr<const ByteSource> in_memory(std::span<const uint8_t> bytes, std::string name) {
    return std::make_shared<Memory>(bytes, std::move(name));
}

ByteReader::ByteReader(const ByteSource& source, int64_t begin, int64_t end)
    : source_(source), begin_(begin), end_(end) {}

void ByteReader::require(int64_t count) const {
    if (count < 0 || count > remaining())
        throw Error(source_.name() + " ends too early: " + std::to_string(count) +
                    " bytes are announced at byte " + std::to_string(position()) + ", where " +
                    std::to_string(remaining()) + " remain");
}

void ByteReader::copy(void* to, int64_t count) {
    require(count);
    auto* next = static_cast<uint8_t*>(to);
    while (count > 0) {
        if (next_ == static_cast<int64_t>(block_.size())) {
            begin_ += next_;
            next_ = 0;
            block_.resize(static_cast<size_t>(std::min(block_size, end_ - begin_)));
            source_.read(begin_, block_.data(), static_cast<int64_t>(block_.size()));
        }
        const int64_t part = std::min(count, static_cast<int64_t>(block_.size()) - next_);
        std::memcpy(next, block_.data() + next_, static_cast<size_t>(part));
        next_ += part;
        next += part;
        count -= part;
    }
}

uint8_t ByteReader::byte() { return number<uint8_t>(); }

std::string ByteReader::text(int64_t count) {
    require(count);
    std::string text(static_cast<size_t>(count), '\0');
    copy(text.data(), count);
    return text;
}

void ByteReader::skip(int64_t count) {
    require(count);
    const int64_t there = position() + count;
    if (there <= begin_ + static_cast<int64_t>(block_.size())) {
        next_ += count;
        return;
    }
    begin_ = there;
    next_ = 0;
    block_.clear();
}

}  // namespace mdn
