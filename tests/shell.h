// What tests of scripts and of the Makefile share.
#pragma once

#include <filesystem>
#include <string>

namespace mdn::test {

/// What a command printed, and its exit code.
struct Said {
    int code;
    std::string text;
};

/// A file's contents; empty where there is none.
std::string text_of(const std::filesystem::path& path);

}  // namespace mdn::test
