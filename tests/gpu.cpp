// The script of gpu-check, with programs in place of make, ldd and compute-sanitizer that only note
// how they were called, and what carries headers to a machine without a network.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/data/temporary_dataset.h"
#include "tests/shell.h"

namespace mdn::test {

namespace {

namespace fs = std::filesystem;

struct GpuTree : TemporaryFolder {
    GpuTree() {
        fs::create_directories(*this / "tests");
        for (const char* file : {"tests/gpu.sh", "tests/vendor_headers.sh"})
            fs::copy_file(file, *this / file);
        script("bin/make",
               R"(echo "make $*" >> calls; [ ! -e fail ] || case $* in bench*) exit 1;; esac)");
        script("bin/ldd", "echo libcublas.so.13");
        script("bin/compute-sanitizer", R"(echo "sanitizer $2" >> calls)");
        script("build/release/run_tests", "echo tests >> calls");
    }
    void script(const std::string& name, const std::string& text) const {
        write(*this / name, "#!/bin/sh\n" + text + "\n");
        fs::permissions(*this / name, fs::perms::all);
    }
    Said run(const std::string& command) const {
        fs::remove(*this / "calls");
        const std::string log = (*this / "log").string();
        const int status = std::system(("cd '" + path().string() + "' && PATH=\"$PWD/bin:$PATH\" " +
                                        command + " >'" + log + "' 2>&1")
                                           .c_str());
        return {WEXITSTATUS(status), text_of(log)};
    }
    std::string calls() const { return text_of(*this / "calls"); }
};

}  // namespace

TEST_SUITE("tests/gpu") {
    TEST_CASE("gpu-check runs its parts in the order of their worth") {
        const GpuTree tree;
        const Said said = tree.run("tests/gpu.sh");
        CHECK(said.code == 0);
        CHECK(tree.calls() ==
              "make build/release/run_tests build/microdualnet\ntests\nmake bench DEVICE=cuda\n"
              "sanitizer memcheck\nsanitizer racecheck\nmake demo DEVICE=cuda\n");
        CHECK(said.text == text_of(tree / "build/gpu/summary.txt"));
        CHECK(said.text.find("left out") == std::string::npos);
        CHECK(tree.run("MINUTES=60 tests/gpu.sh bench").code == 0);
        CHECK(tree.calls() ==
              "make build/release/run_tests build/microdualnet\nmake bench DEVICE=cuda\n");
    }

    TEST_CASE("gpu-check says what it left out, what failed and what it does not take") {
        const GpuTree tree;
        const Said none = tree.run("MINUTES=0 tests/gpu.sh");
        CHECK(none.code == 1);
        CHECK(none.text == "left out for want of time: all\n");
        CHECK(tree.calls().empty());
        // The clock of the shell starts where it is told: the build ends 40 s before the end.
        const std::string script = text_of(tree / "tests/gpu.sh");
        const std::string part = "part tests 60";
        write(tree / "tests/gpu.sh",
              std::string(script).replace(script.find(part), part.size(), "SECONDS=40\n" + part));
        const Said few = tree.run("MINUTES=1 tests/gpu.sh");
        CHECK(few.code == 0);
        CHECK(few.text.find("left out for want of time: tests bench memcheck racecheck demo\n") !=
              std::string::npos);
        write(tree / "tests/gpu.sh", script);
        write(tree / "fail", "");
        const Said failed = tree.run("tests/gpu.sh");
        CHECK(failed.code == 1);
        CHECK(failed.text.find("✗ bench") != std::string::npos);
        CHECK(failed.text.find("✓ demo") != std::string::npos);
        CHECK(tree.run("MINUTES=soon tests/gpu.sh").code == 2);
        CHECK(tree.run("tests/gpu.sh everything").text.find("has no part everything") !=
              std::string::npos);
    }

    TEST_CASE("headers are copied with all that lies beside them") {
        const GpuTree tree;
        fs::create_directories(tree / "system/lib/detail");
        write(tree / "system/lib/lib.hpp", "#include \"detail/part.hpp\"\n");
        write(tree / "system/lib/detail/part.hpp", "constexpr int part = 1;\n");
        const Said said =
            tree.run("env CXX='c++ -Isystem' tests/vendor_headers.sh vendor lib/lib.hpp");
        CHECK_MESSAGE(said.code == 0, said.text);
        CHECK(text_of(tree / "vendor/lib/detail/part.hpp") == "constexpr int part = 1;\n");
        const Said missing = tree.run("env CXX=c++ tests/vendor_headers.sh vendor no/such.hpp");
        CHECK(missing.code == 2);
        CHECK(missing.text.find("finds no <no/such.hpp>") != std::string::npos);
    }
}

}  // namespace mdn::test
