// The one place where stb_image's code is compiled: only the formats that frames come in, so that
// no file can reach the decoders of the others, and with memory that is limited from outside.
#include "data/images/decode_budget.h"

#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_MALLOC(bytes) mdn::budget_allocate(bytes)
#define STBI_REALLOC(block, bytes) mdn::budget_reallocate(block, bytes)
#define STBI_FREE(block) mdn::budget_free(block)
#define STB_IMAGE_IMPLEMENTATION

// JPEGs that store colours at half the width (4:2:2): stb_image 2.27 to 2.30 mixes the last column
// but one from the wrong neighbour, off by up to 50 levels. This one does what libjpeg does. It has
// the name under which stb_image takes the function's address; stb_image's own is defined with a
// bracket behind the name, where the macro gives it another.
static unsigned char* stbi__resample_row_h_2(unsigned char* out, unsigned char* in,
                                             unsigned char* /*far*/, int width, int /*scale*/) {
    for (int i = 0; i < width; ++i) {
        const int left = in[i > 0 ? i - 1 : 0], right = in[i + 1 < width ? i + 1 : i];
        out[2 * i] = static_cast<unsigned char>((3 * in[i] + left + 2) >> 2);
        out[2 * i + 1] = static_cast<unsigned char>((3 * in[i] + right + 2) >> 2);
    }
    return out;
}
#define stbi__resample_row_h_2(...) stb_resample_row_h_2(__VA_ARGS__)
#include <stb/stb_image.h>

// Used nowhere; that it exists shows that stb_image still defines its own in this way.
[[maybe_unused]] static constexpr auto replaced = &stb_resample_row_h_2;
