// What readers of dataset lists share: lines, numbers and names, with errors that say where.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mdn {

/// `format` with one number in it, as printf has it: numbered("img_%05lld.jpg", 7).
std::string numbered(const char* format, std::int64_t number);

bool is_blank(const std::string& line);

/// Throws Error beginning with `where` unless the text is a whole number (20, or 20.0) from −10⁹
/// to 10⁹ and nothing else; `what` says what the number means.
std::int64_t parse_integer(const std::string& text, const std::string& what,
                           const std::string& where);

/// At most that many fields; the last one then holds the rest of the line.
std::vector<std::string> split_at(const std::string& line, char separator, std::size_t most = 1000);

/// The fields of one row of a CSV file. A field may stand in double quotes, with commas and doubled
/// quotes inside; blanks around other fields are dropped. Throws Error beginning with `where` for a
/// quote that is never closed or is followed by anything but a comma, and for more than 1000
/// fields.
std::vector<std::string> split_csv(const std::string& line, const std::string& where);

/// Quoted where a comma, quote or line end would break the row.
std::string csv_field(const std::string& text);

/// Takes the last blank-separated word off `rest`, so that names may contain blanks.
std::string take_last_word(std::string& rest);

/// A clip's name becomes a path below frames/ and keypoints/; throws Error beginning with `where`
/// if it does not stay there.
void check_name(const std::string& name, const std::string& where);

}  // namespace mdn
