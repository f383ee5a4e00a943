#include "data/images/jpeg_check.h"

#include <algorithm>

namespace mdn {

namespace {

constexpr unsigned char start_of_scan = 0xDA, end_of_image = 0xD9, huffman_tables = 0xC4,
                        app1 = 0xE1;
constexpr int most_scans = 500;

class Walk {
  public:
    explicit Walk(std::string_view bytes) : bytes_(bytes) {}

    JpegCheck check() {
        std::size_t at = 2;  // behind the start marker
        while ((at = next_marker(at)) + 1 < bytes_.size()) {
            const unsigned char marker = byte(at + 1);
            if (marker == end_of_image && scans_ > 0) return {fault_, at + 2, orientation_};
            if (marker == start_of_scan && ++scans_ > most_scans) {
                return {"it has more than " + std::to_string(most_scans) + " scans"};
            }
            if (marker == app1 && scans_ == 0 && orientation_ == 0) look_for_orientation(at + 2);
            // A decoder may lose step inside a damaged scan. In front of the first, both keep it;
            // behind, whatever might be taken for a table is looked at: a scan's data has none.
            if (marker == huffman_tables) check_tables(at + 2);
            if (scans_ == 0 || marker == start_of_scan) at += segment_length(at + 2);
            at += 2;
        }
        return {"the file is cut short"};
    }

  private:
    unsigned char byte(std::size_t i) const {
        return i < bytes_.size() ? static_cast<unsigned char>(bytes_[i]) : 0;
    }
    std::size_t segment_length(std::size_t at) const { return 256u * byte(at) + byte(at + 1); }

    /// The next 0xFF that a marker follows: neither a stuffed zero, a restart nor a filling byte.
    std::size_t next_marker(std::size_t at) const {
        for (; at + 1 < bytes_.size(); ++at) {
            if (byte(at) != 0xFF) continue;
            const unsigned char next = byte(at + 1);
            if (next != 0 && next != 0xFF && !(scans_ > 0 && next >= 0xD0 && next <= 0xD7)) break;
        }
        return at;
    }

    void look_for_orientation(std::size_t at) {
        const std::size_t length = segment_length(at);
        if (length >= 2 && at + 2 <= bytes_.size())
            orientation_ = app1_orientation(bytes_.substr(at + 2, length - 2));
    }

    /// A segment of tables: of each its class, the number of codes of each length, the codes.
    void check_tables(std::size_t at) {
        const std::size_t end = at + segment_length(at);
        for (at += 2; at < end;) {
            std::size_t codes = 0;
            for (std::size_t i = 1; i <= 16; ++i) codes += byte(at + i);
            if (codes > 256) fault_ = "it has a Huffman table of more than 256 codes";
            at += 17 + codes;
        }
    }

    std::string_view bytes_;
    int scans_ = 0;
    Orientation orientation_ = 0;
    std::string fault_;
};

}  // namespace

JpegCheck check_jpeg(std::string_view bytes) { return Walk(bytes).check(); }

JpegHeader read_jpeg_header(std::istream& in) {
    const auto two_bytes = [&] {
        const int high = in.get(), low = in.get();
        return 256 * high + low;
    };
    JpegHeader header;
    std::string segment;
    while (in) {
        if (in.get() != 0xFF) continue;
        int marker = in.get();
        while (marker == 0xFF) marker = in.get();
        if (marker == 0) continue;
        if (!in || marker == start_of_scan) break;
        const int length = two_bytes();
        if (!in || length < 2) break;
        // Of 0xC0 ... 0xCF all begin frames but the tables 0xC4 and 0xCC, and 0xC8.
        const bool is_frame =
            marker == 0xC0 || (marker > 0xC0 && marker <= 0xCF && marker % 4 != 0);
        if (marker == app1 && header.orientation == 0) {
            segment.resize(static_cast<std::size_t>(length - 2));
            in.read(segment.data(), length - 2);
            segment.resize(static_cast<std::size_t>(in.gcount()));
            header.orientation = app1_orientation(segment);
        } else if (is_frame && header.stored.width == 0 && length >= 7) {
            in.get();  // bits a sample
            const int height = two_bytes(), width = two_bytes();
            if (in) header.stored = {width, height};
            in.ignore(length - 7);
        } else if (length <= 4096) {
            in.ignore(length - 2);  // seeking would give up what is read ahead
        } else {
            in.seekg(length - 2, std::ios::cur);
        }
    }
    return header;
}

}  // namespace mdn
