#include "tests/docs/links.h"

#include <doctest/doctest.h>

#include <regex>

#include "tests/shell.h"

namespace mdn::test {

long check_links(const std::filesystem::path& page) {
    const std::string text = text_of(page);
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
