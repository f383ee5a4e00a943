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

    /// What it says, and its exit code.
    Said run(const std::string& patterns) const {
        std::string command = "cd '" + path().string() + "' && ./named_by.sh '" + patterns + "'";
        for (const std::string& file : files) command.append(" ").append(file);
        const std::string said = (*this / "said").string();
        const int status = std::system((command + " >'" + said + "' 2>&1").c_str());
        return {WEXITSTATUS(status), text_of(said)};
    }
    std::string named_by(const std::string& patterns) const {
        const Said said = run(patterns);
        CHECK_MESSAGE(said.code == 0, said.text);
        return said.text;
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
        CHECK(tests.run("data/im").code == 2);
        CHECK(tests.named_by("Data/IMAGE") == tests.named_by("data/image"));
        write(tests / "engine/x/add", "");
        CHECK(tests.named_by("engine/*/add") == "engine/ops.cpp helper.cpp main.cpp\n");
    }

    TEST_CASE("a pattern that fits nothing is an error, which says what there is") {
        const Tests tests;
        Said said = tests.run("data/image,dta/*");
        CHECK(said.code == 2);
        CHECK_MESSAGE(contains(said.text, {"'dta/*'", "data/* engine/* tests/*"}), said.text);
        said = tests.run("data/imge");
        CHECK(said.code == 2);
        CHECK_MESSAGE(
            contains(said.text, {"'data/imge'", "data/: data/file data/folder data/image"}),
            said.text);
    }

    TEST_CASE("a room without its star, blanks and brackets are told apart from wrong names") {
        const Tests tests;
        CHECK(contains(tests.run("engine/ops").text, {"did you mean 'engine/ops/*'?"}));
        CHECK(contains(tests.run("data/image, data/file").text, {"' data/file'", "no blanks"}));
        CHECK(contains(tests.run("[x/y").text, {"'[x/y'", "data/* engine/* tests/*"}));
        CHECK(!contains(tests.run("[x/y").text, {"grep"}));
    }

    TEST_CASE("the suite that runs others needs all files") {
        const Tests tests;
        CHECK(tests.named_by("tests/runner") == tests.all());
        CHECK(tests.named_by("tests/*,data/image") == tests.all());
        CHECK(tests.named_by("*") == tests.all());
    }
}

}  // namespace mdn::test
