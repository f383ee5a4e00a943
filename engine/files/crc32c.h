// The checksum of records that TensorFlow and TensorBoard read.
#pragma once

#include <cstdint>
#include <string_view>

namespace mdn {

/// CRC-32C (Castagnoli): polynomial 0x82F63B78, reflected (RFC 3720, appendix B.4). crc32.h is that
/// of zip, with another polynomial.
uint32_t crc32c(std::string_view bytes);

}  // namespace mdn
