#include "engine/files/torch/zip_reader.h"

#include <algorithm>
#include <cstring>

#include "engine/error.h"

namespace mdn {

namespace {

// The fixed parts of the records, and what each begins with.
constexpr int64_t local_size = 30, central_size = 46, end_size = 22, locator64_size = 20,
                  end64_size = 56;
constexpr uint32_t local_mark = 0x04034b50, central_mark = 0x02014b50, end_mark = 0x06054b50,
                   locator64_mark = 0x07064b50, end64_mark = 0x06064b50;
constexpr int64_t longest_comment = 0xffff;
constexpr int64_t in_zip64 = 0xffffffff;  // "see the ZIP64 field"

template <class T>
T number_at(const uint8_t* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

class DirectoryReader {
  public:
    explicit DirectoryReader(const ByteSource& source) : source_(source) {}

    std::vector<StoredEntry> read() {
        find_directory();
        std::vector<StoredEntry> entries;
        ByteReader directory(source_, directory_begin_, directory_begin_ + directory_size_);
        entries.reserve(static_cast<size_t>(count_));
        for (int64_t i = 0; i < count_; ++i) entries.push_back(read_entry(directory));
        if (directory.remaining() != 0)
            fail("its directory holds more than the " + std::to_string(count_) +
                 " entries that it announces");
        std::sort(entries.begin(), entries.end(),
                  [](const StoredEntry& a, const StoredEntry& b) { return a.begin < b.begin; });
        for (StoredEntry& entry : entries) locate(entry);
        return entries;
    }

  private:
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(source_.name() + ": not a zip archive that can be read: " + what);
    }
    [[noreturn]] void fail(const std::string& entry, const std::string& what) const {
        fail("entry '" + entry + "' " + what);
    }

    int64_t size_from(uint64_t value) const {
        if (value > static_cast<uint64_t>(source_.size()))
            fail("it announces " + std::to_string(value) + " bytes, more than the file's " +
                 std::to_string(source_.size()));
        return static_cast<int64_t>(value);
    }

    /// The record at the end of the file says where the directory is and how many entries it has.
    void find_directory() {
        const int64_t tail_size = std::min(source_.size(), end_size + longest_comment);
        std::vector<uint8_t> tail(static_cast<size_t>(tail_size));
        source_.read(source_.size() - tail_size, tail.data(), tail_size);
        int64_t at = tail_size - end_size;
        // A comment may follow the record: it must reach exactly to the end.
        const auto is_record = [&](const uint8_t* bytes) {
            return number_at<uint32_t>(bytes) == end_mark &&
                   number_at<uint16_t>(bytes + 20) == tail_size - at - end_size;
        };
        while (at >= 0 && !is_record(tail.data() + at)) --at;
        if (at < 0) fail("it has no directory at its end; was the download cut off?");
        const uint8_t* record = tail.data() + at;
        const int64_t record_begin = source_.size() - tail_size + at;
        if (number_at<uint16_t>(record + 4) != 0 && number_at<uint16_t>(record + 4) != 0xffff)
            fail("it is one of several parts");
        count_ = number_at<uint16_t>(record + 10);
        directory_size_ = number_at<uint32_t>(record + 12);
        directory_begin_ = number_at<uint32_t>(record + 16);
        int64_t limit = record_begin;  // the directory ends before what follows it
        if (count_ == 0xffff || directory_size_ == in_zip64 || directory_begin_ == in_zip64)
            limit = find_directory64(record_begin);
        if (directory_begin_ > limit || directory_size_ > limit - directory_begin_)
            fail("its directory lies outside the file");
        if (count_ > directory_size_ / central_size)
            fail("it announces " + std::to_string(count_) + " entries in a directory of " +
                 std::to_string(directory_size_) + " bytes");
    }

    /// Returns where the ZIP64 record begins.
    int64_t find_directory64(int64_t end_record) {
        uint8_t locator[locator64_size], record[end64_size];
        if (end_record < locator64_size) fail("its ZIP64 records are missing");
        source_.read(end_record - locator64_size, locator, locator64_size);
        if (number_at<uint32_t>(locator) != locator64_mark) fail("its ZIP64 records are missing");
        const int64_t begin = size_from(number_at<uint64_t>(locator + 8));
        if (begin > source_.size() - end64_size) fail("its ZIP64 record lies outside the file");
        source_.read(begin, record, end64_size);
        if (number_at<uint32_t>(record) != end64_mark) fail("its ZIP64 record is missing");
        count_ = size_from(number_at<uint64_t>(record + 32));
        directory_size_ = size_from(number_at<uint64_t>(record + 40));
        directory_begin_ = size_from(number_at<uint64_t>(record + 48));
        return begin;
    }

    /// One record of the directory; `begin` is that of the local header for now.
    StoredEntry read_entry(ByteReader& directory) const {
        uint8_t record[central_size];
        for (uint8_t& byte : record) byte = directory.byte();
        if (number_at<uint32_t>(record) != central_mark) fail("its directory is damaged");
        const auto flags = number_at<uint16_t>(record + 8),
                   method = number_at<uint16_t>(record + 10);
        uint64_t packed = number_at<uint32_t>(record + 20), size = number_at<uint32_t>(record + 24),
                 begin = number_at<uint32_t>(record + 42);
        StoredEntry entry{directory.text(number_at<uint16_t>(record + 28)), 0, 0,
                          number_at<uint32_t>(record + 16), method != 0};
        int64_t extra = number_at<uint16_t>(record + 30);
        const int64_t comment = number_at<uint16_t>(record + 32);
        directory.require(extra + comment);
        while (extra >= 4) {
            const auto tag = directory.number<uint16_t>();
            int64_t length = directory.number<uint16_t>();
            extra -= 4;
            if (length > extra) fail(entry.name, "has a damaged extra field");
            extra -= length;
            // Only those of the three that did not fit 32 bits are there, in this order.
            for (uint64_t* value : {&size, &packed, &begin})
                if (tag == 1 && *value == in_zip64 && length >= 8) {
                    *value = directory.number<uint64_t>();
                    length -= 8;
                }
            directory.skip(length);
        }
        directory.skip(extra + comment);
        if (flags & 1) fail(entry.name, "is encrypted");
        if (entry.compressed) size = packed;
        if (packed != size) fail(entry.name, "has two sizes");
        entry.begin = size_from(begin);
        entry.size = size_from(size);
        return entry;
    }

    /// From where the entry's local header begins to where its bytes do. The entries come in the
    /// order of their headers.
    void locate(StoredEntry& entry) {
        if (entry.begin < covered_) fail(entry.name, "overlaps the one before it");
        if (entry.begin > directory_begin_ - local_size) fail(entry.name, "lies outside the file");
        uint8_t header[local_size];
        source_.read(entry.begin, header, local_size);
        if (number_at<uint32_t>(header) != local_mark) fail(entry.name, "has no header");
        entry.begin +=
            local_size + number_at<uint16_t>(header + 26) + number_at<uint16_t>(header + 28);
        if (entry.begin > directory_begin_ || entry.size > directory_begin_ - entry.begin)
            fail(entry.name, "lies outside the file");
        covered_ = entry.begin + entry.size;
    }

    const ByteSource& source_;
    int64_t count_ = 0, directory_begin_ = 0, directory_size_ = 0;
    int64_t covered_ = 0;  // bytes of the file that belong to the entries before
};

}  // namespace

ZipReader::ZipReader(const ByteSource& source) : entries_(DirectoryReader(source).read()) {
    std::sort(entries_.begin(), entries_.end(),
              [](const StoredEntry& a, const StoredEntry& b) { return a.name < b.name; });
    const auto twice = std::adjacent_find(
        entries_.begin(), entries_.end(),
        [](const StoredEntry& a, const StoredEntry& b) { return a.name == b.name; });
    if (twice != entries_.end())
        throw Error(source.name() + ": two entries are called '" + twice->name + "'");
}

const StoredEntry* ZipReader::find(const std::string& name) const {
    const auto found = std::lower_bound(
        entries_.begin(), entries_.end(), name,
        [](const StoredEntry& entry, const std::string& wanted) { return entry.name < wanted; });
    return found != entries_.end() && found->name == name ? &*found : nullptr;
}

bool is_zip(const ByteSource& source) {
    uint32_t mark = 0;
    if (source.size() < end_size) return false;
    source.read(0, &mark, sizeof mark);
    return mark == local_mark || mark == end_mark;
}

}  // namespace mdn
