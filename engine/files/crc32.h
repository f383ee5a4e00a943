// The checksum that zip archives keep of their entries.
#pragma once

#include <cstdint>
#include <string_view>

namespace mdn {

/// CRC-32 as zip, gzip and PNG use it (polynomial 0xEDB88320, reflected). Of bytes that come in
/// parts: `before` is that of the parts before these.
uint32_t crc32(std::string_view bytes, uint32_t before = 0);

}  // namespace mdn
