// train/demo.sh, with a program in place of microdualnet that only notes how it was called.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/data/temporary_dataset.h"
#include "tests/shell.h"

namespace mdn::test {

namespace {

namespace fs = std::filesystem;

constexpr const char* program = R"(#!/bin/sh
echo "$*" >> calls
command=$1 out=
while [ $# -gt 0 ]; do
    case $1 in --out | --json-file) out=$2; shift;; esac
    shift
done
[ ! -e hang-$command ] || {
    echo $$ > hanging
    for i in $(seq 100); do sleep 0.1; done
    echo > ended; }
case $command in
synth)
    mkdir -p "$out.unfinished/frames"
    echo picture > "$out.unfinished/frames/1"
    [ ! -e fail-synth ] || exit 1
    mv "$out.unfinished" "$out";;
train) mkdir -p "$out"; echo '{"kind":"epoch","epoch":2,"train_seconds":0.5,"x":1}' > "$out/log.jsonl";;
eval) echo '{}' > "$out"; echo loaded;;
compare) echo "TSM baseline";;
esac
)";

struct Tree : TemporaryFolder {
    Tree() {
        fs::create_directories(*this / "train");
        fs::copy_file("train/demo.sh", *this / "train/demo.sh");
        script("build/microdualnet", program);
    }
    void script(const std::string& name, const std::string& text) const {
        write(*this / name, text);
        fs::permissions(*this / name, fs::perms::all);
    }
    Said run(const std::string& command) const {
        const std::string log = (*this / "log").string();
        fs::remove(*this / "calls");
        const int status = std::system(
            ("cd '" + path().string() + "' && { " + command + "; } >'" + log + "' 2>&1").c_str());
        return {WEXITSTATUS(status), text_of(log)};
    }
    Said demo(const std::string& arguments = "") const {
        return run("DEVICE=cpu PATH=\"$PWD/bin:$PATH\" train/demo.sh " + arguments);
    }
    /// Whether the last run rendered the data it trained on.
    bool rendered() const {
        return text_of(*this / "calls").find("synth --out runs/demo/data") != std::string::npos;
    }
};

}  // namespace

TEST_SUITE("train/demo") {
    TEST_CASE("mistakes are said before anything is deleted") {
        const Tree tree;
        write(tree / "runs/demo/kept", "");
        const auto error = [&](const std::string& command) {
            const Said ran = tree.run(command);
            CHECK(ran.code == 2);
            CHECK(fs::exists(tree / "runs/demo/kept"));
            return ran.text;
        };
        CHECK(contains(error("train/demo.sh shorter"), {"error: ", "'shorter'", "--help"}));
        CHECK(contains(error("train/demo.sh short short"), {"'short short'"}));
        CHECK(contains(error("DEVICE=gpu train/demo.sh"), {"error: DEVICE=gpu", "cpu cuda"}));
        tree.script("bin/df", "#!/bin/sh\necho; echo / 1 1 409600 1 /\n");
        CHECK(contains(error("PATH=\"$PWD/bin:$PATH\" train/demo.sh"),
                       {"error: ", "1300 MiB of disk", "400 MiB are free"}));
        CHECK(tree.run("train/demo.sh --help").code == 0);
        CHECK(contains(tree.run("train/demo.sh --help").text, {"short", "DEVICE=cuda", "disk"}));
        fs::remove(tree / "build/microdualnet");
        CHECK(contains(error("train/demo.sh"), {"there is no build/microdualnet", "make"}));
    }

    TEST_CASE("it says what it takes, and at the end where the reports are") {
        const Tree tree;
        Said ran = tree.demo();
        CHECK_MESSAGE(ran.code == 0, ran.text);
        CHECK_MESSAGE(contains(ran.text, {"minutes on this machine", "MiB of disk", "of memory",
                                          "1/5 rendering", "5/5 testing"}),
                      ran.text);
        CHECK(ran.text.ends_with("  runs/demo/report.html\n"));
        CHECK(contains(text_of(tree / "calls"),
                       {"report runs/demo/tsm runs/demo/full --out runs/demo/report.html"}));
        CHECK(!fs::exists(tree / "runs/demo-measured"));
        CHECK(!contains(ran.text, {"removing"}));
        CHECK(!contains(ran.text, {"shows only that"}));
        CHECK(contains(ran.text, {"Other runs reached", "docs/benchmarks.md"}));
        ran = tree.demo("short");
        CHECK_MESSAGE(contains(ran.text, {"One epoch shows only that everything runs",
                                          "runs/demo-short/report.html"}),
                      ran.text);
    }

    TEST_CASE("rendered data are used again, and only those that this program has rendered") {
        const Tree tree;
        const auto again = [&] {
            const Said ran = tree.demo();
            CHECK_MESSAGE(ran.code == 0, ran.text);
            CHECK(contains(ran.text, {"removing the previous runs/demo"}));
            return tree.rendered();
        };
        tree.demo();
        CHECK(tree.rendered());
        write(tree / "runs/demo/tsm/old", "");
        CHECK(!again());
        CHECK(!fs::exists(tree / "runs/demo/tsm/old"));
        CHECK(fs::exists(tree / "runs/demo/data/frames/1"));
        CHECK(!again());
        write(tree / "runs/demo/data/frames/1", "another");  // edited since
        CHECK(again());
        write(tree / "runs/demo/data/frames/2", "");
        CHECK(again());
        tree.script("build/microdualnet", std::string(program) + "# another version\n");
        CHECK(again());
        CHECK(!again());
        // Rendering that is cut short leaves nothing that passes for data.
        tree.script("build/microdualnet", program);
        write(tree / "fail-synth", "");
        CHECK(tree.demo().code != 0);
        fs::remove(tree / "fail-synth");
        write(tree / "hang-synth", "");
        tree.run(
            "train/demo.sh short & for i in $(seq 100); do [ -s hanging ] && break; "
            "sleep 0.1; done; kill -TERM $!; wait");
        fs::remove(tree / "hang-synth");
        CHECK(tree.demo("short").code == 0);
        CHECK(tree.demo().code == 0);
        CHECK(tree.rendered());
    }

    TEST_CASE("a signal ends the program at work, and leaves nothing behind") {
        const Tree tree;
        for (const char* command : {"train", "synth"}) {
            CAPTURE(command);
            write(tree / (std::string("hang-") + command), "");
            fs::remove(tree / "hanging");
            const Said ran = tree.run(
                "train/demo.sh & script=$!; for i in $(seq 100); do [ -s hanging ] && break; "
                "sleep 0.1; done; kill -TERM $script; wait $script; code=$?; "
                "kill -0 $(cat hanging) && echo still running; exit $code");
            CHECK(ran.code == 143);
            CHECK_MESSAGE(!contains(ran.text, {"still running"}), ran.text);
            CHECK(!fs::exists(tree / "ended"));
            CHECK(!fs::exists(tree / "runs/demo-measured"));
        }
    }

    TEST_CASE("a second demo is refused while one runs") {
        const Tree tree;
        REQUIRE(tree.demo().code == 0);
        write(tree / "hang-train", "");
        fs::remove(tree / "hanging");
        const Said ran = tree.run(
            "train/demo.sh short > first & script=$!; "
            "for i in $(seq 100); do [ -s hanging ] && break; sleep 0.1; done; "
            "echo $script > number; train/demo.sh; code=$?; "
            "kill -TERM $script; wait $script; exit $code");
        CHECK(ran.code == 2);
        const std::string number = text_of(tree / "number");
        CHECK_MESSAGE(contains(ran.text, {"error: another demo runs: process " +
                                          number.substr(0, number.find('\n')) + " on "}),
                      ran.text);
        CHECK(fs::exists(tree / "runs/demo/full/test.txt"));
        // The lock goes with the process, not with the file.
        fs::remove(tree / "hang-train");
        CHECK(tree.demo().code == 0);
    }

    TEST_CASE("a demo that is stopped while it removes the last one leaves nothing half-removed") {
        const Tree tree;
        REQUIRE(tree.demo().code == 0);
        write(tree / "runs/demo/data/frames/1", "another");  // so that all is to be removed
        // Ctrl-C reaches both: rm has removed a part when it ends.
        tree.script("bin/rm", R"(#!/bin/sh
case $* in
*demo.removed) [ ! -e "$2" ] || [ -e slow ] || {
    echo > slow
    /bin/rm "$2/demo/data/frames/1"
    kill -TERM $PPID
    exit 1; };;
esac
exec /bin/rm "$@"
)");
        const Said ran = tree.demo();
        CHECK_MESSAGE(ran.code == 143, ran.text);
        CHECK(fs::exists(tree / "slow"));
        CHECK(!fs::exists(tree / "runs/demo"));
        CHECK(!fs::exists(tree / "runs/demo.removed"));
        CHECK(tree.demo().code == 0);
        CHECK(tree.rendered());
    }
}

}  // namespace mdn::test
