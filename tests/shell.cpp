#include "tests/shell.h"

#include <fstream>
#include <iterator>

namespace mdn::test {

std::string text_of(const std::filesystem::path& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace mdn::test
