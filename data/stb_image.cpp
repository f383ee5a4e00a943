// The one place where stb_image's code is compiled: only the formats that frames come in, so that
// no file can reach the decoders of the others.
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
