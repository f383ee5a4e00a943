#include "train/run_folder.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "tests/failing_calls.h"
#include "tests/train/process.h"
#include "tests/train/program.h"

using namespace mdn;
using namespace mdn::test;

namespace fs = std::filesystem;

namespace {

const auto no_note = [](const std::string& note) { FAIL_CHECK(note); };

const std::set<std::string> whole_run = {"last.safetensors", "best.safetensors", "log.jsonl",
                                         "report.html", "report_data"};

/// A run that goes on for long, once its first checkpoint is written.
struct LongRun {
    SmallProject project;
    std::string out = project.file("run");
    Process process{microdualnet_command(project.train(out, {"--epochs", "100000"})),
                    project.file("text")};
    LongRun() {
        REQUIRE(process.wait_for([&] { return bytes_of(log_file(out)).size() > 2000; }));
    }
};

}  // namespace

TEST_SUITE("train/run_folder") {
    TEST_CASE("a second train with the same --out is refused, and the first goes on") {
        LongRun run;
        fs::create_directory_symlink("run", run.project.file("link"));
        const std::string number = "process " + std::to_string(run.process.id()) + " on ";
        for (const std::string& out :
             {run.out, run.out + "/", run.project.file("link"), run.project.file("data/../run")}) {
            CAPTURE(out);
            for (const char* how : {"--resume", "--overwrite", ""}) {
                CAPTURE(how);
                auto arguments = run.project.train(out, {"--epochs", "2"});
                if (*how) arguments.emplace_back(how);
                CHECK_MISTAKE(microdualnet(arguments), {"another train writes into", out, number,
                                                        " since ", "UTC", "give another --out"});
            }
        }
        CHECK(run.process.runs());
        run.process.signal(SIGTERM);
        CHECK(run.process.wait().code == 143);
        // Its log reads as one: every step once, in order.
        const std::string log = bytes_of(log_file(run.out));
        int64_t steps = 0;
        for (size_t at = 0; (at = log.find("\"step\":", at)) != std::string::npos; ++at) {
            const std::string step = "\"step\":" + std::to_string(steps++) + ",";
            REQUIRE(log.compare(at, step.size(), step) == 0);
        }
        CHECK(steps > 4);
        CHECK_FALSE(fs::exists(run.out + "/train.lock"));
    }

    TEST_CASE("a run whose folder is no longer its own stops before it saves") {
        for (const bool moved : {false, true}) {
            CAPTURE(moved);
            LongRun run;
            if (moved)
                fs::rename(run.out, run.project.file("moved"));
            else
                fs::remove(run.out + "/train.lock");
            const Ended ended = run.process.wait();
            CHECK(ended.code == 2);
            CHECK(contains(ended.text, {run.out, "no longer this run's", "--resume"}));
            const std::string there = moved ? run.project.file("moved") : run.out;
            CHECK(microdualnet(
                      {"eval", "--weights", last_checkpoint(there), "--data", run.project.data})
                      .code == 0);
            CHECK(fs::exists(run.out) == !moved);
        }
    }

    TEST_CASE("the lock of a killed run keeps nobody out") {
        LongRun run;
        run.process.signal(SIGKILL);
        run.process.wait();
        CHECK(fs::exists(run.out + "/train.lock"));
        RunFolder(run.out, RunStart::resume, no_note);
        CHECK_FALSE(fs::exists(run.out + "/train.lock"));
    }

    TEST_CASE("a folder is made, and removed again if nothing comes of the run") {
        const TemporaryFolder folder;
        const std::string out = (folder / "a/b/c").string();
        { RunFolder(out, RunStart::fresh, no_note); }
        CHECK(fs::is_empty(folder.path()));
        {
            const RunFolder held(out, RunStart::fresh, no_note);
            CHECK(contains(error_of([&] { RunFolder(out, RunStart::fresh, no_note); }),
                           {"another train", std::to_string(::getpid())}));
            write(log_file(out), "{}\n");
        }
        CHECK(bytes_of(log_file(out)) == "{}\n");
    }

    TEST_CASE("a log without a checkpoint is not a run") {
        SmallProject project;
        const std::string out = project.file("run");
        // What a process leaves that was killed before its first checkpoint.
        for (const char* name :
             {"log.jsonl", "next.safetensors.partial-1", "train.lock", "last.safetensors.partial"})
            write(out + "/" + name, "half");
        CHECK_MISTAKE(microdualnet({"train", "--resume", "--out", out}),
                      {"there is a log, but no last.safetensors", "leave --resume out"});
        const Ran ran = microdualnet(project.train(out, {"--epochs", "1"}));
        INFO(ran.err);
        CHECK(ran.code == 0);
        CHECK(bytes_of(log_file(out)).starts_with("{\"kind\":\"step\""));
        CHECK(names_in(out) == whole_run);

        // Other files are somebody's.
        const std::string other = project.file("other");
        write(other + "/log.jsonl", "half");
        write(other + "/log.jsonl.txt", "mine");
        CHECK_MISTAKE(microdualnet(project.train(other)),
                      {"not an empty folder", "holds log.jsonl.txt"});
        CHECK(bytes_of(other + "/log.jsonl") == "half");
        // The best weights of a run are not thrown away because its last checkpoint is missing.
        fs::remove(last_checkpoint(out));
        CHECK_MISTAKE(microdualnet(project.train(out)), {"already holds a run", "--overwrite"});
        CHECK(fs::exists(best_checkpoint(out)));
    }

    TEST_CASE("where the file system has no locks, train says so and goes on") {
        SmallProject project;
        const std::string out = project.file("run");
        const FailingCall no_locks(Call::flock, EOPNOTSUPP, 0, 1000);
        const Ran ran = microdualnet(project.train(out, {"--epochs", "1"}));
        CHECK(ran.code == 0);
        CHECK(contains(ran.out, {"note: the file system of " + out + " has no locks (Operation",
                                 "take care that no other train"}));
        CHECK(names_in(out) == whole_run);
    }

    TEST_CASE("a file system that is read only is a mistake that names the folder") {
        SmallProject project;
        const auto check = [&](const std::string& out, const std::vector<std::string>& how,
                               const char* why) {
            std::vector<std::string> command = how;
            for (const std::string& word : microdualnet_command(project.train(out)))
                command.push_back(word);
            Process process(command, project.file("text"));
            const Ended ended = process.wait();
            INFO(ended.text);
            CHECK(ended.code == 2);
            CHECK(contains(ended.text, {"error: cannot", out, why}));
        };
        const std::string folder = project.file("mounted");
        fs::create_directory(folder);
        const std::vector<std::string> mounted = {
            "unshare", "-Urm", "sh", "-c", "mount -t tmpfs -o ro none \"$0\" && exec \"$@\"",
            folder};
        std::vector<std::string> trial = mounted;
        trial.emplace_back("true");
        Process possible(trial, project.file("text"));
        if (possible.wait().code == 0) {
            check(folder, mounted, "Read-only file system");
            check(folder + "/run", mounted, "Read-only file system");
        } else {
            MESSAGE("no file system can be mounted here: reading only was not tried");
        }
        if (::geteuid() == 0) return;  // who may write anywhere
        fs::permissions(folder, fs::perms::owner_read | fs::perms::owner_exec);
        check(folder, {}, "Permission denied");
        check(folder + "/run", {}, "Permission denied");
        fs::permissions(folder, fs::perms::all);
    }
}
