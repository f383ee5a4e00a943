// The Makefile, on a tree of three sources and with a compiler that only notes how it was called.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/data/temporary_dataset.h"
#include "tests/shell.h"

namespace mdn::test {

namespace {

namespace fs = std::filesystem;

// Says what -march=native is (from a file, so that a test can change the machine), which headers
// there are (those in `headers`, or where -I says), and "compiles": the result holds the call.
constexpr const char* compiler = R"(#!/bin/sh
here=$(dirname "$0")
case " $* " in
*" -dM "*) cat "$here/machine"; exit;;
*" -E -P "*)
    case " $* " in *" -bad "*) echo "unrecognized option -bad" >&2; exit 1;; esac
    cat > "$here/asked"
    case " $* " in *" -I$here/home "*) exit;; esac
    sed -n 's/^missing: //p' "$here/asked" | while read -r package; do
        grep -qx "$package" "$here/headers" || echo "missing: $package"
    done
    exit;;
esac
call="$*" object= depends= target= source=
while [ $# -gt 0 ]; do
    case $1 in
    -o) object=$2; shift;;
    -MF) depends=$2; shift;;
    -MT) target=$2; shift;;
    *.cpp) source=$1;;
    esac
    shift
done
echo "${source:-link}" >> "$here/calls"
[ -z "$depends" ] || echo "$target: $source" > "$depends"
printf 'half' > "$object"
[ ! -e "$here/fail" ] || exit 1
[ ! -e "$here/hang" ] || { echo > "$here/hanging"; exec sleep 30; }
echo "$call" > "$object"
)";

struct Tree : TemporaryFolder {
    std::string bin = (*this / "bin").string();

    Tree() {
        for (const char* file : {"Makefile", "engine/cuda/toolkit.mk", "tests/check.mk",
                                 "tests/cuda_emulation/headers.mk", "tests/fuzz/fuzz.mk",
                                 "docs/lessons/lessons.mk", "train/playground/playground.mk"}) {
            fs::create_directories((*this / file).parent_path());
            fs::copy_file(file, *this / file);
        }
        for (const char* source : {"train/main.cpp", "engine/one.cpp", "engine/backend.cpp"})
            write(*this / source, "");
        script("c++", compiler);
        write(bin + "/machine", "#define __AVX2__ 1\n");
        write(bin + "/headers", "libstb-dev\ndoctest-dev\nnlohmann-json3-dev\nlibcli11-dev\n");
    }

    void script(const std::string& name, const std::string& text) const {
        write(bin + "/" + name, text);
        fs::permissions(bin + "/" + name, fs::perms::all);
    }

    /// What a shell says to `command`, with nothing of the make that may have started this test.
    Said run(const std::string& command) const {
        const std::string log = (*this / "log").string(), commands = (*this / "commands").string();
        write(commands, "cd '" + path().string() + "'\n" + command + "\n");
        const int status = std::system(("env -i HOME=/home/somebody PATH='" + bin +
                                        "':\"$PATH\" sh '" + commands + "' >'" + log + "' 2>&1")
                                           .c_str());
        return {WEXITSTATUS(status), text_of(log)};
    }
    Said make(const std::string& arguments = "") const {
        return run("make CUDA=0 CXX=" + bin + "/c++ " + arguments);
    }
    /// How many objects and programs `make` made.
    long made(const std::string& arguments = "") const {
        fs::remove(bin + "/calls");
        const Said ran = make(arguments);
        CHECK_MESSAGE(ran.code == 0, ran.text);
        const std::string calls = text_of(bin + "/calls");
        return std::count(calls.begin(), calls.end(), '\n');
    }
    std::string program() const { return text_of(*this / "build/microdualnet"); }
};

}  // namespace

TEST_SUITE("tests/make") {
    TEST_CASE("what was built with another choice is built again, and only that") {
        const Tree tree;
        CHECK(tree.made() == 4);
        CHECK(tree.made() == 0);
        CHECK(tree.made("EXTRA_CXXFLAGS=-DONE") == 4);
        CHECK(tree.made("EXTRA_CXXFLAGS=-DONE") == 0);
        CHECK(text_of(tree / "build/release/engine/one.o").find("-DONE") != std::string::npos);
        CHECK(tree.made("ARCHFLAG=-march=x86-64") == 4);
        CHECK(tree.made("WERROR=1") == 4);
        fs::copy_file(tree.bin + "/c++", tree.bin + "/other");
        CHECK(tree.made("CXX=" + tree.bin + "/other") == 4);
        CHECK(tree.made() == 4);
        CHECK(tree.made("JOBS=4") == 0);
        CHECK(tree.made("-j1") == 0);
        // Shell characters in a choice are kept as they are.
        const std::string quotes = "EXTRA_CXXFLAGS=\"-DA='1 2'\"";
        CHECK(tree.made(quotes) == 4);
        CHECK(tree.made(quotes) == 0);
        // The same folder on another machine: -march=native stands for something else there.
        CHECK(tree.made() == 4);
        write(tree.bin + "/machine", "#define __AVX512F__ 1\n");
        CHECK(tree.made() == 4);
        CHECK(tree.made() == 0);
    }

    TEST_CASE("a dry run changes nothing and asks for nothing that is done") {
        const Tree tree;
        CHECK(tree.made("EXTRA_CXXFLAGS=-DONE") == 4);
        CHECK(tree.made("-n") == 0);
        CHECK(contains(tree.make("-n").text, {"[4/4] link"}));
        CHECK(!contains(tree.make("-n EXTRA_CXXFLAGS=-DONE").text, {"[1/"}));
        CHECK(tree.made("EXTRA_CXXFLAGS=-DONE") == 0);
    }

    TEST_CASE("the program that is published is that of the last build") {
        const Tree tree;
        const auto sanitized = [&] {
            return tree.program().find("-fsanitize") != std::string::npos;
        };
        CHECK(tree.made() == 4);
        CHECK(!sanitized());
        CHECK(tree.made("SANITIZE=1") == 4);
        CHECK(sanitized());
        CHECK(tree.made() == 0);
        CHECK(!sanitized());
        CHECK(tree.made("SANITIZE=1") == 0);
        CHECK(sanitized());
        fs::remove(tree / "build/microdualnet");
        CHECK(tree.made() == 0);
        CHECK(!tree.program().empty());
        CHECK(!sanitized());
    }

    TEST_CASE("the build counts what it has to make") {
        const Tree tree;
        Said ran = tree.make("-j1");
        CHECK(ran.text.starts_with("CUDA not asked for (CUDA=0): building for the CPU\n"));
        CHECK_MESSAGE(contains(ran.text, {"[1/4] c++  ", "[3/4] c++  ", "[4/4] link "}), ran.text);
        write(tree / "engine/one.cpp", "changed");
        ran = tree.make();
        CHECK_MESSAGE(contains(ran.text, {"[1/2] c++  engine/one.cpp", "[2/2] link "}), ran.text);
        ran = tree.make("-s EXTRA_CXXFLAGS=-DONE");
        CHECK(ran.code == 0);
        CHECK(ran.text == "");
        ran = tree.run("make -s NVCC=/nonexistent/nvcc CXX=" + tree.bin + "/c++ cuda-report");
        CHECK(ran.text == "");
        ran = tree.run("make NVCC=/nonexistent/nvcc CXX=" + tree.bin + "/c++");
        CHECK_MESSAGE(ran.text.starts_with("CUDA not found: building for the CPU\n"), ran.text);
    }

    TEST_CASE("a build that fails or is stopped leaves nothing that passes for whole") {
        const Tree tree;
        write(tree.bin + "/fail", "");
        CHECK(tree.make().code == 2);
        fs::remove(tree.bin + "/fail");
        // Nobody can tidy up after SIGKILL: make and the compiler are gone at once.
        write(tree.bin + "/hang", "");
        for (const char* signal : {"TERM", "KILL"}) {
            CAPTURE(signal);
            fs::remove(tree.bin + "/hanging");
            tree.run("setsid make CUDA=0 CXX=" + tree.bin +
                     "/c++ & "
                     "for i in $(seq 100); do [ -e " +
                     tree.bin +
                     "/hanging ] && break; sleep 0.1; "
                     "done; kill -" +
                     signal + " -$! ; wait");
            CHECK(fs::exists(tree.bin + "/hanging"));
            for (const auto& entry : fs::recursive_directory_iterator(tree / "build"))
                if (entry.path().extension() == ".o") CHECK(text_of(entry.path()) != "half");
        }
        fs::remove(tree.bin + "/hang");
        CHECK(tree.made() >= 1);
        CHECK(tree.program().find("half") == std::string::npos);
        CHECK(text_of(tree / "build/release/engine/one.o").find("engine/one.cpp") !=
              std::string::npos);
    }

    TEST_CASE("for named suites, only the files that these need are built") {
        const Tree tree;
        fs::create_directories(tree / "tests");
        fs::copy_file("tests/named_by.sh", tree / "tests/named_by.sh");
        const std::vector<std::string> sources = {"tests/main.cpp", "tests/engine/one.cpp",
                                                  "tests/train/two.cpp", "train/two.cpp",
                                                  "tests/cuda_emulation/three.cpp"};
        for (const std::string& source : sources) {
            fs::create_directories((tree / source).parent_path());
            const bool suite = source.starts_with("tests/") && source != "tests/main.cpp";
            const std::string name = source.substr(6, source.size() - 10);
            write(tree / source, suite ? "TEST_SUITE(\"" + name + "\") {}\n" : "");
        }
        const auto built = [&](const std::string& suites) {
            fs::remove_all(tree / "build");
            tree.made("build/release/run_tests TESTS='" + suites + "'");
            const std::string calls = "\n" + text_of(tree.bin + "/calls");
            std::vector<std::string> found;
            for (const std::string& source : sources)
                if (calls.find("\n" + source + "\n") != std::string::npos) found.push_back(source);
            return found;
        };
        using Files = std::vector<std::string>;
        const std::string shared = sources[0], engine = sources[1], train = sources[2],
                          library = sources[3], emulation = sources[4];
        CHECK(built("engine/*") == Files{shared, engine, emulation});
        CHECK(built("engine/on?,cuda_emulation/*") == Files{shared, engine, emulation});
        CHECK(built("cuda_emulation/three") == Files{shared, emulation});
        CHECK(built("train/two") == Files{shared, train, library, emulation});
        CHECK(built("train/two,engine/one") == sources);
        CHECK(built("") == sources);
        // The program that runs the tests says which suites there are.
        CHECK(built("engine/one,nothing") == sources);
    }

    TEST_CASE("a value that a variable does not have is refused") {
        const Tree tree;
        for (const char* wrong : {"SANITIZE=yes", "WERROR=2", "DEVICE=gpu"}) {
            const Said ran = tree.make(wrong);
            CHECK(ran.code == 2);
            CHECK_MESSAGE(contains(ran.text, {wrong, "must be one of"}), ran.text);
        }
    }

    TEST_CASE("set-up asks the compiler as it will be called, and helps where it may not install") {
        const Tree tree;
        write(tree.bin + "/headers", "libstb-dev\nlibcli11-dev\n");
        tree.script("id", "#!/bin/sh\necho 1000\n");
        tree.script("sudo", "#!/bin/sh\necho sudo refused\nexit 1\n");
        Said ran = tree.make();
        CHECK(ran.code == 2);
        CHECK_MESSAGE(contains(ran.text, {"sudo apt-get install doctest-dev nlohmann-json3-dev\n",
                                          "apt-get download doctest-dev nlohmann-json3-dev\n",
                                          "dpkg -x", "make EXTRA_CXXFLAGS=-I$HOME/headers"}),
                      ran.text);
        CHECK(!fs::exists(tree.bin + "/calls"));
        ran = tree.make("EXTRA_CXXFLAGS=-I" + tree.bin + "/home");
        CHECK_MESSAGE(ran.code == 0, ran.text);
        // A compiler that does not work is not a missing header.
        ran = tree.make("EXTRA_CXXFLAGS=-bad");
        CHECK(ran.code == 2);
        CHECK_MESSAGE(contains(ran.text, {"option -bad", "EXTRA_CXXFLAGS"}), ran.text);
        CHECK(!contains(ran.text, {"apt-get"}));
        ran = tree.run("make CUDA=0 CXX=/nonexistent/c++");
        CHECK(ran.code == 2);
        CHECK_MESSAGE(contains(ran.text, {"/nonexistent/c++", "install g++"}), ran.text);
        CHECK(!contains(ran.text, {"apt-get"}));
    }
}

}  // namespace mdn::test
