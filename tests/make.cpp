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
case " $call " in *" -MD "*) sed "s|^|$target: |" "$here/system_headers" >> "$depends" 2>/dev/null;; esac
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
                                 "docs/lessons/lessons.mk", "train/playground/playground.mk",
                                 "train/parallel/mpi/mpi.mk", "engine/cuda/nccl/nccl.mk"}) {
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
        return run("make CUDA=0 MPI=0 CXX=" + bin + "/c++ " + arguments);
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
        // Options that have more made. make does not say what -W names, so the last are counted on.
        for (const char* all : {"-B", "-n -B", "-j1 -k -B"}) {
            CAPTURE(all);
            ran = tree.make(all);
            CHECK_MESSAGE(contains(ran.text, {"[1/4] c++  ", "[4/4] link "}), ran.text);
        }
        ran = tree.make("-j1 -W engine/one.cpp");
        CHECK_MESSAGE(contains(ran.text, {"[1/1] c++  engine/one.cpp", "[2/2] link "}), ran.text);
        ran = tree.make("-s EXTRA_CXXFLAGS=-DONE");
        CHECK(ran.code == 0);
        CHECK(ran.text == "");
        ran = tree.run("make -s MPI=0 NVCC=/nonexistent/nvcc CXX=" + tree.bin + "/c++ cuda-report");
        CHECK(ran.text == "");
        ran = tree.run("make MPI=0 NVCC=/nonexistent/nvcc CXX=" + tree.bin + "/c++");
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
            tree.run("setsid make CUDA=0 MPI=0 CXX=" + tree.bin +
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
        write(tree / "engine/cuda/nccl/nccl_ranks.cu", "");  // the emulated GPU has it
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
        fs::remove(tree.bin + "/calls");
        const Said ran = tree.make("build/release/run_tests TESTS=engine/one,nothing");
        CHECK(ran.code == 2);
        CHECK_MESSAGE(contains(ran.text, {"'nothing'", "engine/* train/*", "nothing was built"}),
                      ran.text);
        CHECK(!fs::exists(tree.bin + "/calls"));
    }

    TEST_CASE("the playground is made of a demo that is finished, and its twin") {
        const Tree tree;
        write(tree / "train/playground/pack.cpp", "");
        tree.script("emar", "#!/bin/sh\nmkdir -p build/playground; : > $2\n");
        tree.script("em++",
                    "#!/bin/sh\n: > build/playground/new.js\n: > build/playground/new.wasm\n");
        const auto step = [&](const char* file, const char* says) {
            write(tree / file, std::string("#!/bin/sh\necho ") + says + "\n");
            fs::permissions(tree / file, fs::perms::all);
        };
        step("train/demo.sh", "demo");
        step("train/playground/train_twin.sh", "twin of $2 on $1");
        const auto steps = [&] {
            const Said ran = tree.make(
                "-s playground PLAYGROUND_SOURCES= PLAYGROUND_HEADERS= pack_playground='echo "
                "page'");
            CHECK_MESSAGE(ran.code == 0, ran.text);
            return ran.text;
        };
        const std::string model = "runs/demo/full/best.safetensors",
                          rest = "twin of " + model + " on runs/demo/data\n" +
                                 "page --dataset runs/demo/data --with-mac " + model +
                                 " --without-mac runs/playground/no-mac/best.safetensors"
                                 " --output playground.html\n",
                          demo =
                              "playground: there is no finished demo in runs/demo: make demo "
                              "comes first\ndemo\n";
        CHECK(steps() == demo + rest);
        // What a demo has written when it is stopped in the middle of its second training.
        for (const char* file : {"data/labels.txt", "tsm/test.json", "full/best.safetensors"}) {
            CAPTURE(file);
            write(tree / "runs/demo" / file, "");
            CHECK(steps() == demo + rest);
        }
        write(tree / "runs/demo/full/test.json", "{}");
        CHECK(steps() == rest);
    }

    TEST_CASE("with MPI there is a program more, and MPI=1 installs it") {
        const Tree tree;
        write(tree / "train/parallel/mpi/join.cpp", "");
        const std::string mpicc = "#!/bin/sh\necho -Lmpi -lmpi\n",
                          make =
                              "make CUDA=0 MPICC=" + tree.bin + "/mpicc CXX=" + tree.bin + "/c++ ";
        const auto built = [&] { return fs::exists(tree / "build/microdualnet-mpi"); };
        // None there: nothing is said, and asked for, it cannot be installed.
        Said ran = tree.run(make);
        CHECK(ran.code == 0);
        CHECK(ran.text.find("MPI") == std::string::npos);
        CHECK(!built());
        tree.script("id", "#!/bin/sh\necho 1000\n");
        tree.script("sudo", "#!/bin/sh\nexit 1\n");
        ran = tree.run(make + "MPI=1");
        CHECK(ran.code == 2);
        CHECK_MESSAGE(contains(ran.text, {"apt-get install libopenmpi-dev openmpi-bin\n"}),
                      ran.text);
        // Installed, and found at once.
        write(tree.bin + "/given", mpicc);
        tree.script("id", "#!/bin/sh\necho 0\n");
        // Another installation reads the lists the first time, and is waited for.
        tree.script("sleep", "#!/bin/sh\necho waited > '" + tree.bin + "/waited'\n");
        tree.script("apt-get",
                    "#!/bin/sh\necho apt-get \"$@\"\n"
                    "[ $1 = install ] || [ -e '" +
                        tree.bin +
                        "/waited' ] || {\n"
                        "    echo 'E: Could not get lock /var/lib/apt/lists/lock'; exit 100; }\n"
                        "cp '" +
                        tree.bin + "/given' '" + tree.bin + "/mpicc'; chmod +x '" + tree.bin +
                        "/mpicc'\n");
        ran = tree.run(make + "MPI=1");
        CHECK_MESSAGE(ran.code == 0, ran.text);
        CHECK(fs::exists(tree.bin + "/waited"));
        CHECK_MESSAGE(contains(ran.text, {"apt-get update -q\n",
                                          "apt-get install -y -o DPkg::Lock::Timeout="}),
                      ran.text);
        CHECK_MESSAGE(
            contains(ran.text, {"installing them", "MPI found (", "c++  train/main.cpp (MPI)",
                                "link build/release/microdualnet-mpi"}),
            ran.text);
        CHECK(built());
        CHECK(contains(text_of(tree / "build/microdualnet-mpi"), {"-lmpi"}));
        CHECK(!contains(text_of(tree / "build/microdualnet"), {"-lmpi"}));
        CHECK(tree.run(make).text.find("link") == std::string::npos);
        // A program that is not built any more would be of another version.
        CHECK(tree.run(make + "MPI=0").code == 0);
        CHECK(!built());
        // There, but not to be linked with.
        write(tree.bin + "/fail", "");
        fs::remove(tree / "build/mpi_probe");
        ran = tree.run(make + "MPI=1");
        CHECK(ran.code == 2);
        CHECK_MESSAGE(contains(ran.text, {"MPI=1, but a small program", "build/mpi_probe.log"}),
                      ran.text);
    }

    TEST_CASE("the program for many GPUs has NCCL where that links, and NCCL=1 asks for it") {
        const Tree tree;
        for (const char* source : {"train/parallel/mpi/join.cpp", "engine/cuda/toolkit_probe.cu",
                                   "engine/cuda/nccl/no_nccl.cu", "engine/cuda/nccl/nccl_ranks.cu"})
            write(tree / source, "");
        tree.script("mpicc", "#!/bin/sh\necho -Lmpi -lmpi\n");
        tree.script("nvcc",
                    "#!/bin/sh\ncase $1 in --version) echo release 13.0,;; --list-gpu-code) echo "
                    "sm_80 sm_90;; *) exec \"$(dirname \"$0\")/c++\" \"$@\";; esac\n");
        const std::string make = "make CUDA=1 NVCC=" + tree.bin + "/nvcc MPICC=" + tree.bin +
                                 "/mpicc CXX=" + tree.bin + "/c++ ",
                          library = "-l:libnccl.so.2", objects = "nccl/nccl_ranks.o",
                          none = "nccl/no_nccl.o";
        const auto program = [&](const char* name) { return text_of(tree / "build" / name); };
        Said ran = tree.run(make);
        CHECK_MESSAGE(ran.code == 0, ran.text);
        CHECK_MESSAGE(contains(ran.text, {"NCCL found (installed): the GPUs of several"}),
                      ran.text);
        CHECK(contains(program("microdualnet-cuda-mpi"), {library, objects}));
        CHECK(!contains(program("microdualnet-cuda-mpi"), {none}));
        CHECK(contains(program("microdualnet-cuda"), {none}));
        for (const char* other : {"microdualnet-cuda", "microdualnet-mpi", "microdualnet"})
            CHECK(!contains(program(other), {library}));
        CHECK(tree.run(make).text.find("link") == std::string::npos);
        // Another place.
        fs::create_directories(tree / "elsewhere/lib");
        ran = tree.run(make + "NCCL_HOME=elsewhere");
        CHECK_MESSAGE(ran.code == 0, ran.text);
        const std::string folder = (tree / "elsewhere").string();
        CHECK(contains(program("microdualnet-cuda-mpi"),
                       {"-L" + folder + "/lib -Wl,-rpath," + folder + "/lib " + library}));
        CHECK(contains(text_of(tree / "build/release/cuda/nccl/nccl_ranks.o"),
                       {"-I" + folder + "/include"}));
        // Left out.
        ran = tree.run(make + "NCCL=0");
        CHECK_MESSAGE(ran.code == 0, ran.text);
        CHECK(ran.text.find("NCCL") == std::string::npos);
        CHECK(contains(program("microdualnet-cuda-mpi"), {none}));
        CHECK(!contains(program("microdualnet-cuda-mpi"), {library}));
        // It does not link.
        std::string without = compiler;
        without.insert(without.find("call="), "case \"$*\" in *nccl_probe*) exit 1;; esac\n");
        tree.script("c++", without);
        fs::remove(tree / "build/nccl_probe");
        ran = tree.run(make);
        CHECK_MESSAGE(ran.code == 0, ran.text);
        CHECK_MESSAGE(contains(ran.text, {"NCCL not found: the GPUs of several", "libnccl-dev"}),
                      ran.text);
        CHECK(contains(program("microdualnet-cuda-mpi"), {none}));
        ran = tree.run(make + "NCCL=1");
        CHECK(ran.code == 2);
        CHECK_MESSAGE(contains(ran.text, {"NCCL=1, but a small program", "build/nccl_probe.log",
                                          "NCCL_HOME"}),
                      ran.text);
        ran = tree.run(make + "NCCL=1 MPI=0");
        CHECK(ran.code == 2);
        CHECK_MESSAGE(contains(ran.text, {"NCCL=1, but there is no MPI"}), ran.text);
    }

    TEST_CASE("a value that a variable does not have is refused") {
        const Tree tree;
        for (const char* wrong :
             {"SANITIZE=yes", "WERROR=2", "DEVICE=gpu", "MPI=yes", "NCCL=2", "EMULATE=yes"}) {
            const Said ran = tree.make(wrong);
            CHECK(ran.code == 2);
            CHECK_MESSAGE(contains(ran.text, {wrong, "must be one of"}), ran.text);
        }
    }

    TEST_CASE("the emulated tests are not linked once a toolkit's header was read") {
        const Tree tree;
        const std::string make = "build/release/run_tests";
        write(tree / "tests/one.cpp", "");
        write(tree / "engine/cuda/nccl/nccl_ranks.cu", "");
        write(tree / "cuda/include/doctest.h", "");
        const auto reads = [&](const std::string& header) {
            write(tree.bin + "/system_headers", (tree / header).string() + "\n");
            CHECK(tree.make("clean").code == 0);
            return tree.make(make);
        };
        write(tree / "sys/mman.h", "");
        CHECK(reads("sys/mman.h").code == 0);
        Said ran = reads("cuda/include/doctest.h");
        CHECK_MESSAGE(ran.code == 0, ran.text);
        for (const char* header : {"toolkit/cuda_fp16.h", "include/mma.h", "tests.old/nccl.h"}) {
            write(tree / header, "");
            ran = reads(header);
            CHECK(ran.code == 2);
            CHECK_MESSAGE(contains(ran.text, {header, "CUDA toolkit", "make clean"}), ran.text);
        }
        ran = reads("tests/cuda_emulation/headers.mk");
        CHECK_MESSAGE(ran.code == 0, ran.text);
    }

    TEST_CASE("set-up asks the compiler as it will be called, and helps where it may not install") {
        const Tree tree;
        write(tree.bin + "/headers", "libstb-dev\nlibcli11-dev\n");
        tree.script("id", "#!/bin/sh\necho 1000\n");
        tree.script("sudo", "#!/bin/sh\necho sudo refused\nexit 1\n");
        Said ran = tree.make();
        CHECK(ran.code == 2);
        CHECK_MESSAGE(
            contains(ran.text, {"sudo apt-get install doctest-dev nlohmann-json3-dev\n",
                                "apt-get download doctest-dev nlohmann-json3-dev\n", "dpkg -x",
                                "CUDA='0' MPI='0' EXTRA_CXXFLAGS=-I$HOME/headers"}),
            ran.text);
        CHECK(!fs::exists(tree.bin + "/calls"));
        ran = tree.make("EXTRA_CXXFLAGS=-I" + tree.bin + "/home");
        CHECK_MESSAGE(ran.code == 0, ran.text);
        // A compiler that does not work is not a missing header.
        ran = tree.make("EXTRA_CXXFLAGS=-bad");
        CHECK(ran.code == 2);
        CHECK_MESSAGE(contains(ran.text, {"option -bad", "EXTRA_CXXFLAGS"}), ran.text);
        CHECK(!contains(ran.text, {"apt-get"}));
        ran = tree.run("make CUDA=0 MPI=0 CXX=/nonexistent/c++");
        CHECK(ran.code == 2);
        CHECK_MESSAGE(contains(ran.text, {"/nonexistent/c++", "install g++"}), ran.text);
        CHECK(!contains(ran.text, {"apt-get"}));
    }
}

}  // namespace mdn::test
