// train/playground/train_twin.sh, with a program in place of microdualnet that only notes how it
// was called and leaves a run's files.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "tests/data/temporary_dataset.h"
#include "tests/shell.h"

namespace mdn::test {

namespace {

namespace fs = std::filesystem;

constexpr const char* program = R"(#!/bin/sh
echo "$*" > call
mkdir -p runs/twin
for state in $(cat leaves); do echo state > runs/twin/$state.safetensors; done
[ ! -e stop ] || exit 130
)";

struct Tree : TemporaryFolder {
    fs::path demo = *this / "demo.safetensors";

    Tree() {
        script("train/playground/train_twin.sh", text_of("train/playground/train_twin.sh"));
        script("build/microdualnet", program);
        write(*this / "leaves", "last best");
        write(demo, "weights");
        age(demo, 60);
    }
    void script(const std::string& name, const std::string& text) const {
        write(*this / name, text);
        fs::permissions(*this / name, fs::perms::all);
    }
    /// As if `path` had been written so many minutes ago.
    static void age(const fs::path& path, int minutes) {
        fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::minutes(minutes));
    }
    /// As if the twin's folder and files had been written so many minutes ago.
    void age_twin(int minutes) const {
        for (const auto& file : fs::directory_iterator(*this / "runs/twin"))
            age(file.path(), minutes);
        age(*this / "runs/twin", minutes);
    }
    Said train() const {
        fs::remove(*this / "call");
        const std::string log = (*this / "log").string();
        const int status =
            std::system(("cd '" + path().string() +
                         "' && train/playground/train_twin.sh data demo.safetensors runs/twin >'" +
                         log + "' 2>&1")
                            .c_str());
        return {WEXITSTATUS(status), text_of(log)};
    }
    std::string call() const { return text_of(*this / "call"); }
};

constexpr const char* anew =
    "train --config configs/demo-no-mac.json --data data --out runs/twin\n";
constexpr const char* resumed = "train --out runs/twin --data data --resume\n";

}  // namespace

TEST_SUITE("train/playground/train_twin") {
    TEST_CASE("a twin that was stopped is continued, whatever it had written by then") {
        for (const char* left : {"next", "last", "last next", "last best", "last next best"}) {
            CAPTURE(left);
            const Tree tree;
            write(tree / "leaves", left);
            write(tree / "stop", "");
            CHECK(tree.train().code == 130);
            CHECK(tree.call() == anew);
            fs::remove(tree / "stop");
            CHECK(tree.train().code == 0);
            CHECK(tree.call() == resumed);
        }
    }

    TEST_CASE("a folder without a checkpoint holds no twin") {
        const Tree tree;
        write(tree / "runs/twin/log.jsonl", "{}\n");
        CHECK(tree.train().code == 0);
        CHECK(tree.call() == anew);
    }

    TEST_CASE("a twin of an older demo is trained anew, and only that") {
        const Tree tree;
        CHECK(tree.train().code == 0);
        tree.age_twin(90);
        const Said ran = tree.train();
        CHECK_MESSAGE(contains(ran.text, {"trained again", "runs/twin is removed"}), ran.text);
        CHECK(tree.call() == anew);
        CHECK(tree.train().code == 0);
        CHECK(tree.call() == resumed);
        // The best epoch lies before the demo's end, the last one after it.
        Tree::age(tree / "runs/twin/best.safetensors", 90);
        CHECK(!contains(tree.train().text, {"removed"}));
        CHECK(tree.call() == resumed);
    }
}

}  // namespace mdn::test
