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
#include <stb/stb_image.h>
