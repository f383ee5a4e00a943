// Checks what the image decoder takes on trust about a JPEG file, before the decoder sees the file.
#pragma once

#include <cstddef>
#include <istream>
#include <string>
#include <string_view>

#include "data/images/orientation.h"
#include "data/transform.h"

namespace mdn {

struct JpegCheck {
    /// Why the file must not be decoded; empty if it may be.
    std::string fault;
    /// Of the image, its end marker included. The decoder must not see what lies behind.
    std::size_t length = 0;
    /// What the EXIF segments in front of the first scan say; of several the first that says any.
    Orientation orientation = 0;
};

/// Steps through the segments and scans of a JPEG file. Faults are
/// - no end marker behind the scans: the file was cut short, and would decode with its rest grey;
/// - more than 500 scans: encoders make about ten, and thousands would keep a small file decoding
///   for minutes;
/// - a Huffman table of more than 256 codes, beyond which stb_image 2.27 writes past its tables.
JpegCheck check_jpeg(std::string_view bytes);

struct JpegHeader {
    FrameSize stored;  // 0x0 if there is no frame header in front of the first scan
    Orientation orientation = 0;
};

/// What is in front of a JPEG file's first scan, from a stream that is behind the start marker;
/// nothing further is read. Says the same as check_jpeg and the decoder of every file that they
/// accept.
JpegHeader read_jpeg_header(std::istream& in);

}  // namespace mdn
