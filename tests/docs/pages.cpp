// The pages of docs/, README.md and CONTRIBUTING.md: what they name is there.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/docs/links.h"
#include "tests/shell.h"

namespace mdn::test {

namespace {

namespace fs = std::filesystem;

/// The blocks of code that a page shows in `language`.
std::vector<std::string> code_blocks(const fs::path& page, const std::string& language) {
    const std::string text = text_of(page), begin = "\n```" + language + "\n";
    std::vector<std::string> blocks;
    for (size_t at = 0; (at = text.find(begin, at)) != std::string::npos;) {
        at += begin.size();
        const size_t end = text.find("\n```", at);
        REQUIRE(end != std::string::npos);
        blocks.push_back(text.substr(at, end + 1 - at));
        at = end;
    }
    return blocks;
}

}  // namespace

TEST_SUITE("docs/pages") {
    TEST_CASE("links lead to files that hold the names they show") {
        check_links("README.md");
        check_links("CONTRIBUTING.md");
        for (const auto& entry : fs::directory_iterator("docs"))
            if (entry.path().extension() == ".md") check_links(entry.path());
    }

    TEST_CASE("the page of equations names every op, the file of its kernels and its test") {
        const std::string page = text_of("docs/equations.md");
        for (const auto& entry : fs::directory_iterator("engine/ops")) {
            if (entry.path().extension() != ".cpp") continue;
            const std::string name = entry.path().filename().string();
            CHECK_MESSAGE(page.find("(../engine/ops/" + name + ")") != std::string::npos, name);
            const size_t rest = page.find("## Ops without an equation");
            REQUIRE(rest != std::string::npos);
            if (page.find("/ops/" + name) > rest) continue;
            for (const std::string room : {"engine/cpu/", "tests/engine/ops/"})
                if (fs::exists(room + name))
                    CHECK_MESSAGE(page.find("(../" + room + name + ")") != std::string::npos, room,
                                  name);
        }
    }

    TEST_CASE("the page on a kernel shows lines that the kernel has") {
        const std::string kernel = text_of("engine/cuda/attention.cu");
        const std::vector<std::string> blocks = code_blocks("docs/cuda_without_gpu.md", "cpp");
        CHECK(blocks.size() >= 5);
        for (const std::string& block : blocks)
            CHECK_MESSAGE(kernel.find(block) != std::string::npos, block);
    }
}

}  // namespace mdn::test
