// Runs `microdualnet` inside the test, on very small datasets and models.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

struct Ran {
    int code;
    std::string out, err;
};

Ran microdualnet(const std::vector<std::string>& arguments);

std::string bytes_of(const std::filesystem::path& path);

/// What a folder holds, without what lies in folders inside.
std::set<std::string> names_in(const std::filesystem::path& folder);

extern const char* const small_config_json;

/// A folder with `config.json` (small_config_json) and `data`, a dataset of 3 classes of random
/// images: 10 clips to train on, 3 each for val and test.
struct SmallProject : TemporaryFolder {
    std::string config = (*this / "config.json").string();
    std::string data = (*this / "data").string();

    SmallProject();

    std::string file(const std::string& name) const { return (*this / name).string(); }

    /// `train` on this project, with what else it is told.
    std::vector<std::string> train(const std::string& out,
                                   const std::vector<std::string>& more = {}) const;
};

/// Checks code and message of a user's mistake.
#define CHECK_MISTAKE(ran_, ...)                                            \
    do {                                                                    \
        const auto mistake = ran_;                                          \
        INFO(mistake.err);                                                  \
        CHECK(mistake.code == 2);                                           \
        CHECK(("\n" + mistake.err).find("\nerror: ") != std::string::npos); \
        CHECK(mdn::test::contains(mistake.err, __VA_ARGS__));               \
    } while (false)

}  // namespace mdn::test
