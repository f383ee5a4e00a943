// tests/named_by.sh, on test files of its own.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/data/temporary_dataset.h"
#include "tests/shell.h"

namespace mdn::test {

namespace {

namespace fs = std::filesystem;

/// Some test files, and what the script answers to patterns about them.
struct Tests : TemporaryFolder {
    std::vector<std::string> files = {"main.cpp",       "helper.cpp",     "data/image.cpp",
                                      "data/files.cpp", "engine/ops.cpp", "runner.cpp"};

    Tests() {
        fs::copy_file("tests/named_by.sh", *this / "named_by.sh");
        write(*this / "main.cpp", "int main() {}\n");
        // No suite of its own: its name stands in a word of another.
        write(*this / "helper.cpp", "// for TEST_SUITEs\nvoid help() {}\n");
        write(*this / "data/image.cpp", "TEST_SUITE(\"data/image\") {\n}\n");
        write(*this / "data/files.cpp",
              "TEST_SUITE(\"data/file\") {\n}\n\nTEST_SUITE(\"data/folder\") {\n}\n");
        write(*this / "engine/ops.cpp", "    TEST_SUITE(\"engine/ops/add\") {}\n");
        write(*this / "runner.cpp", "TEST_SUITE(\"tests/runner\") {}\n");
    }

    std::string named_by(const std::string& patterns) const {
        std::string command = "cd '" + path().string() + "' && ./named_by.sh '" + patterns + "'";
        for (const std::string& file : files) command.append(" ").append(file);
        const std::string said = (*this / "said").string();
        CHECK(std::system((command + " >'" + said + "' 2>&1").c_str()) == 0);
        return text_of(said);
    }
    std::string all() const {
        std::string text;
        for (const std::string& file : files) text.append(text.empty() ? "" : " ").append(file);
        return text + "\n";
    }
};

}  // namespace

TEST_SUITE("tests/named_by") {
    TEST_CASE("a suite's file comes with the files that have none") {
        const Tests tests;
        CHECK(tests.named_by("data/image") == "data/image.cpp helper.cpp main.cpp\n");
        // A file of two suites, by either of them, and once by both.
        for (const char* either : {"data/file", "data/folder", "data/fo*", "data/file,data/folder"})
            CHECK(tests.named_by(either) == "data/files.cpp helper.cpp main.cpp\n");
    }

    TEST_CASE("patterns are those of doctest: several with commas, and * for any part of a name") {
        const Tests tests;
        const std::string data = "data/files.cpp data/image.cpp helper.cpp main.cpp\n";
        CHECK(tests.named_by("data/*") == data);
        CHECK(tests.named_by("data/image,data/f?le") == data);
        CHECK(tests.named_by("*/add") == "engine/ops.cpp helper.cpp main.cpp\n");
        CHECK(tests.named_by("engine/*,data/image") ==
              "data/image.cpp engine/ops.cpp helper.cpp main.cpp\n");
        // A name is not a beginning, and files beside the script are not meant.
        CHECK(tests.named_by("data/im") == tests.all());
        write(tests / "engine/x/add", "");
        CHECK(tests.named_by("engine/*/add") == "engine/ops.cpp helper.cpp main.cpp\n");
    }

    TEST_CASE(
        "a pattern that fits nothing needs all files, and so does the suite that runs others") {
        const Tests tests;
        CHECK(tests.named_by("data/image,dta/*") == tests.all());
        CHECK(tests.named_by("tests/runner") == tests.all());
        CHECK(tests.named_by("tests/*,data/image") == tests.all());
        CHECK(tests.named_by("*") == tests.all());
    }
}

}  // namespace mdn::test
