#include "tests/docs/links.h"

#include <doctest/doctest.h>

#include <fstream>
#include <regex>

#include "tests/shell.h"

namespace mdn::test {

namespace {

/// A page without its blocks of code, where [](…) is a function and no link.
std::string prose_of(const std::filesystem::path& page) {
    std::ifstream stream(page);
    std::string prose;
    bool code = false;
    for (std::string line; std::getline(stream, line);) {
        if (line.rfind("```", 0) == 0) code = !code;
        if (!code) prose.append(line).append("\n");
    }
    return prose;
}

}  // namespace

long check_links(const std::filesystem::path& page) {
    const std::string text = prose_of(page);
    const std::regex link(R"(\[([^\]]*)\]\(([^)#]+)(#[^)]*)?\))");
    long names = 0;
    for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at) {
        const std::string shown = (*at)[1], target = (*at)[2];
        if (target.find("://") != std::string::npos) continue;
        const std::filesystem::path file = page.parent_path() / target;
        CHECK_MESSAGE(std::filesystem::exists(file), page, " links to ", target);
        const std::string extension = file.extension().string();
        if (shown.size() < 3 || shown.front() != '`' ||
            (extension != ".cpp" && extension != ".h" && extension != ".cu"))
            continue;
        const std::string name = shown.substr(1, shown.size() - 2);
        if (name.find('.') != std::string::npos) continue;  // the name of the file
        ++names;
        CHECK_MESSAGE(std::regex_search(text_of(file), std::regex("\\b" + name + "\\b")), page,
                      ": ", name, " is not in ", target);
    }
    return names;
}

}  // namespace mdn::test
