// Whole files as text, with errors that name them.
#pragma once

#include <filesystem>
#include <string>

namespace mdn {

/// Whether the path can be seen to be a regular file (or a link to one).
bool is_file(const std::filesystem::path& path);
/// Whether the path can be seen to be a folder (or a link to one).
bool is_folder(const std::filesystem::path& path);

/// Whether a path still lies in a folder once the links of both are followed. True where there is
/// nothing at either: that is for others to say.
bool stays_inside(const std::filesystem::path& folder, const std::filesystem::path& path);

/// The bytes of a regular file. Throws Error naming the file if it is missing, a folder, cannot be
/// read, or is larger than 256 MiB (no image, keypoint file or list comes near that).
std::string read_file(const std::filesystem::path& path);

/// "DIR/train.txt:3", for messages; lines count from 1.
std::string line_at(const std::filesystem::path& file, std::size_t line);

/// The lines of a text file that are not blank, one after the other, without their line ends. CRLF,
/// a missing last newline and a UTF-8 byte-order mark are accepted. Takes no more memory than the
/// file and the longest line: a file may be nothing but line ends.
class LineReader {
  public:
    /// Throws as read_file does, and for a file in UTF-16.
    explicit LineReader(const std::filesystem::path& path);

    /// False behind the last line.
    bool next(std::string& line);
    /// Of the last line that next() gave, counted from 1, blank ones included.
    std::size_t number() const { return number_; }
    /// Where that line is, for messages.
    std::string where() const { return line_at(path_, number_); }
    /// Of the whole file, blank ones included.
    std::size_t count() const;

  private:
    std::filesystem::path path_;
    std::string text_;
    std::size_t begin_ = 0;  // of the next line
    std::size_t number_ = 0;
};

/// Whether a text can go into JSON and into the metadata of a safetensors file.
bool is_utf8(const std::string& text);

}  // namespace mdn
