// Whole files as text, with errors that name them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

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

/// The lines of a text file without their line ends. CRLF, a missing last newline and a UTF-8
/// byte-order mark are accepted. Throws as read_file does.
std::vector<std::string> read_lines(const std::filesystem::path& path);

/// Whether a text can go into JSON and into the metadata of a safetensors file.
bool is_utf8(const std::string& text);

}  // namespace mdn
