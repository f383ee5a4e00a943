#include "data/keypoints/light_hand.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "data/file.h"
#include "data/formats/extraction.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t columns = 106;
constexpr std::int64_t stride = 32;  // rows from one mark to the next

/// The fields of a row, as many as the file may have and one more.
std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> fields;
    if (line.ends_with('\r')) line.remove_suffix(1);
    for (std::size_t begin = 0; begin <= line.size() && std::ssize(fields) <= columns;) {
        const std::size_t end = std::min(line.find(',', begin), line.size());
        std::string_view field = line.substr(begin, end - begin);
        while (field.starts_with(' ')) field.remove_prefix(1);
        while (field.ends_with(' ')) field.remove_suffix(1);
        fields.push_back(field);
        begin = end + 1;
    }
    return fields;
}

/// Whether the whole field is a number, which nan and inf are, too.
bool parse(std::string_view field, double& value) {
    const auto [end, failure] = std::from_chars(field.data(), field.data() + field.size(), value);
    return failure == std::errc() && end == field.data() + field.size();
}

/// Whether a first row names columns: no field of a joint is a number, or they are those of the
/// columns (0..104 or 1..105, a table's default names). Fields that are all empty name nothing.
bool is_header(std::string_view line) {
    const std::vector<std::string_view> fields = fields_of(line);
    bool counts = std::ssize(fields) == columns, has_number = false, has_name = false;
    double first = 0;
    for (std::size_t i = 1; i < fields.size(); ++i) {
        double value = 0;
        const bool is_number = parse(fields[i], value);
        if (i == 1) first = value;
        counts = counts && is_number && value == first + static_cast<double>(i - 1);
        has_number |= is_number;
        has_name |= !is_number && !fields[i].empty();
    }
    return (counts && (first == 0 || first == 1)) || (has_name && !has_number);
}

/// Holds a row's index to that of the row before. A row that was lost or doubled would move all
/// later ones against their frames. A column that says the same in every row numbers nothing.
class IndexCheck {
  public:
    explicit IndexCheck(const fs::path& file) : file_(file) {}

    void take(std::string_view field, std::int64_t line) {
        if (line == 1 && field.starts_with("\xEF\xBB\xBF")) field.remove_prefix(3);
        while (field.ends_with('\r') || field.ends_with(' ')) field.remove_suffix(1);
        while (field.starts_with(' ')) field.remove_prefix(1);
        double index = 0;
        // Beyond that, adding 1 gives no other number.
        if (!parse(field, index) || !(std::abs(index) < 1e15) || index != std::floor(index)) {
            fail(line, "the index '" + std::string(field) + "' is not a whole number");
        }
        if (rows_ == 1) step_ = index == last_ ? 0 : 1;
        if (rows_ > 0 && index != last_ + step_) {
            fail(line, "the index " + std::string(field) + " does not follow that of line " +
                           std::to_string(line_) + ": rows are missing, doubled or out of order");
        }
        last_ = index;
        line_ = line;
        ++rows_;
    }

  private:
    [[noreturn]] void fail(std::int64_t line, const std::string& what) const {
        throw Error(line_at(file_, static_cast<std::size_t>(line)) + ": " + what);
    }

    const fs::path& file_;
    double last_ = 0;
    double step_ = 1;                   // from row to row: 0 in a column that numbers nothing
    std::int64_t line_ = 0, rows_ = 0;  // of the row before, and how many there were
};

/// Where every 32nd row begins.
struct RowIndex {
    struct Mark {
        std::int64_t offset = 0;
        std::int64_t line = 0;  // counts from 1
    };
    std::uintmax_t size = 0;
    fs::file_time_type written;
    std::int64_t rows = 0;
    std::vector<Mark> marks;
};

/// One pass over the file in pieces; lines without anything but a line end are no rows.
std::shared_ptr<const RowIndex> index_rows(const fs::path& file) {
    auto index = std::make_shared<RowIndex>();
    std::error_code failure;
    if (!is_file(file)) throw Error("missing keypoint file " + file.string());
    index->size = fs::file_size(file, failure);
    index->written = fs::last_write_time(file, failure);
    if (index->size > std::uintmax_t{256} << 20)
        throw Error(file.string() + " is too large (" + std::to_string(index->size) + " bytes)");
    std::ifstream in(file, std::ios::binary);
    std::vector<char> piece(std::size_t{1} << 20);
    std::int64_t piece_begin = 0, line_begin = 0, line = 1;
    char first = 0;          // of the line
    std::string row_number;  // the line's first field; of a longer one, what shows that it is none
    bool in_number = true;   // the field goes on
    IndexCheck index_check(file);
    std::string header;
    bool is_first_row = true;
    const auto end_line = [&](std::int64_t end) {
        const std::int64_t length = end - line_begin;
        if (length > 1 || (length == 1 && first != '\r')) {
            if (is_first_row && is_header(header)) {
                is_first_row = false;
            } else {
                is_first_row = false;
                index_check.take(row_number, line);
                if (index->rows % stride == 0) index->marks.push_back({line_begin, line});
                ++index->rows;
            }
        }
        if (is_first_row) header.clear();
        row_number.clear();
        in_number = true;
        line_begin = end + 1;
        ++line;
    };
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0) {
        const char *next = piece.data(), *const end = next + in.gcount();
        while (next < end) {
            const std::int64_t at = piece_begin + (next - piece.data());
            if (at == line_begin) first = *next;
            const char* newline = static_cast<const char*>(
                std::memchr(next, '\n', static_cast<std::size_t>(end - next)));
            if (is_first_row) header.append(next, newline ? newline : end);
            if (in_number) {
                const char *stop = newline ? newline : end, *comma = std::find(next, stop, ',');
                row_number.append(next, std::min<std::ptrdiff_t>(comma - next, 64));
                in_number = comma == stop && row_number.size() < 64;
            }
            if (!newline) break;
            end_line(piece_begin + (newline - piece.data()));
            next = newline + 1;
        }
        piece_begin += in.gcount();
    }
    if (piece_begin != static_cast<std::int64_t>(index->size))
        throw Error("cannot read " + file.string());
    if (line_begin < piece_begin) end_line(piece_begin);
    if (index->rows == 0) throw Error(file.string() + " has no rows");
    return index;
}

std::shared_ptr<const RowIndex> row_index(const fs::path& file) {
    static std::mutex mutex;
    static std::unordered_map<std::string, std::shared_ptr<const RowIndex>> known;
    std::error_code failure;
    {
        const std::lock_guard lock(mutex);
        const auto found = known.find(file.string());
        if (found != known.end() && found->second->size == fs::file_size(file, failure) &&
            found->second->written == fs::last_write_time(file, failure)) {
            return found->second;
        }
    }
    auto index = index_rows(file);
    const std::lock_guard lock(mutex);
    if (known.size() >= 4096) known.clear();
    known[file.string()] = index;
    return index;
}

/// One row as a person; nothing where no joint was seen.
std::vector<Pose> parse_row(std::string_view line, const std::string& where, double scale) {
    const std::vector<std::string_view> fields = fields_of(line);
    if (std::ssize(fields) != columns) {
        throw Error(where + ": the row has " +
                    std::to_string(1 + std::count(line.begin(), line.end(), ',')) +
                    " columns instead of 106 (an index, then x, y, confidence of 35 joints)");
    }
    Pose pose;
    double values[columns - 1];
    for (std::int64_t i = 0; i < columns - 1; ++i) {
        if (fields[i + 1].empty())
            values[i] = std::numeric_limits<double>::quiet_NaN();
        else if (!parse(fields[i + 1], values[i]) || std::isinf(values[i])) {
            throw Error(where + ": column " + std::to_string(i + 2) + " holds '" +
                        std::string(fields[i + 1]) + "' where a number belongs");
        }
    }
    bool seen = false;
    for (std::size_t j = 0; j < pose.size(); ++j) {
        const double x = values[3 * j], y = values[3 * j + 1], confidence = values[3 * j + 2];
        if (std::isnan(x) || std::isnan(y) || std::isnan(confidence)) continue;  // missing
        if (Joint{x, y, confidence}.is_placeholder()) continue;
        pose[j] = {scale * x, scale * y, confidence};
        seen |= confidence > 0;
    }
    if (!seen) return {};
    return {pose};
}

}  // namespace

std::int64_t light_hand_rows(const fs::path& file) { return row_index(file)->rows; }

std::vector<std::vector<Pose>> read_light_hand(const ClipFiles& clip) {
    const fs::path& file = clip.keypoints;
    const auto index = row_index(file);
    if (clip.first + clip.count > index->rows) {
        throw Error(file.string() + " has " + std::to_string(index->rows) + " rows, but clip '" +
                    clip.name + "' goes up to frame " + std::to_string(clip.first + clip.count));
    }
    const double scale = scale_of_frames(clip.frames);
    const RowIndex::Mark mark = index->marks[clip.first / stride];
    std::int64_t row = clip.first / stride * stride, number = mark.line;
    std::ifstream in(file, std::ios::binary);
    in.seekg(mark.offset);
    std::vector<std::vector<Pose>> people;
    for (std::string line; row < clip.first + clip.count; ++number) {
        if (!std::getline(in, line)) throw Error("cannot read " + file.string());
        if (line.empty() || line == "\r") continue;
        if (row++ < clip.first) continue;
        people.push_back(parse_row(line, line_at(file, static_cast<std::size_t>(number)), scale));
    }
    return people;
}

}  // namespace mdn
