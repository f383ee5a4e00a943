// `mpirun … microdualnet train`: several processes against one, what goes wrong on one of them, and
// what is told whom. Needs microdualnet-mpi beside the tests, and mpirun.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "engine/files/safetensors.h"
#include "engine/processors.h"
#include "engine/random.h"
#include "tests/engine/gradient_check.h"
#include "tests/shell.h"
#include "tests/train/checkpoint_state.h"
#include "tests/train/process.h"
#include "tests/train/program.h"
#include "train/parallel/launch.h"
#include "train/run_folder.h"

using namespace mdn;
using namespace mdn::test;

namespace {

namespace fs = std::filesystem;

/// Says why where there is nothing to test.
bool has_mpi() {
    if (fs::exists(program() + "-mpi")) return true;
    MESSAGE("built without MPI: not tested (make MPI=1 installs it)");
    return false;
}

/// Of a machine with few processors, without ssh, where root runs the tests, perhaps.
void let_mpirun_start() {
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
    ::setenv("OMPI_MCA_plm", "isolated", 1);
    ::setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 1);
}

std::vector<std::string> on_ranks(int64_t ranks, const std::vector<std::string>& arguments) {
    let_mpirun_start();
    std::vector<std::string> words = {"mpirun", "-n", std::to_string(ranks)};
    const std::vector<std::string> command = microdualnet_command(arguments);
    words.insert(words.end(), command.begin(), command.end());
    return words;
}

/// The same with a GPU per rank, emulated, as NCCL is.
std::vector<std::string> on_gpus(int64_t ranks, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--device", "cuda"});
    std::vector<std::string> words = on_ranks(ranks, arguments);
    std::replace(words.begin(), words.end(), program(), program() + "-emulated-mpi");
    return words;
}

struct Project : SmallProject {
    /// 10 clips in steps of 4, 4 and 2: of three ranks, one has more than others, and then one has
    /// none.
    std::vector<std::string> train(const std::string& out,
                                   const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments = {
            "train",     "--data", data,        "--config", config,   "--out", out,
            "--threads", "1",      "--workers", "1",        "--seed", "7"};
        const auto says = [&](const char* option) {
            return std::find(more.begin(), more.end(), option) != more.end();
        };
        if (!says("--batch")) arguments.insert(arguments.end(), {"--batch", "4"});
        if (!says("--epochs")) arguments.insert(arguments.end(), {"--epochs", "2"});
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
    /// Many clips to train on, all of them the same ten under other names.
    void lengthen_epochs(int clips = 2000) const {
        std::string list;
        for (int i = 0; i < clips; ++i) {
            const std::string clip = "train_" + std::to_string(i % 10);
            std::string name = "train_";
            name.append(std::to_string(i));
            if (i >= 10)
                for (const char* folder : {"frames", "keypoints"})
                    fs::create_directory_symlink(clip, fs::path(data) / folder / name);
            list.append(name).append(" 3 ").append(std::to_string(i % 10 % 3)).append("\n");
        }
        write(fs::path(data) / "train.txt", list);
    }
    Ended run(int64_t ranks, const std::vector<std::string>& arguments) const {
        Process process(on_ranks(ranks, arguments), file("text"));
        return process.wait();
    }
};

const std::vector<std::string> as_one = {"--sync-batch-norm", "--mac-gather", "--optimizer", "sgd"};

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// The largest relative distance of a tensor of one checkpoint from that of the other.
double distance(const std::string& a, const std::string& b) {
    const SafetensorsFile first = read_safetensors(a), second = read_safetensors(b);
    REQUIRE(first.tensors.size() == second.tensors.size());
    double worst = 0;
    for (size_t i = 0; i < first.tensors.size(); ++i)
        if (first.tensors[i].second.dtype() == DType::f32)
            worst =
                std::max(worst, relative_error(first.tensors[i].second, second.tensors[i].second));
    return worst;
}

int64_t count(const std::string& text, const std::string& part) {
    int64_t found = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++found;
    return found;
}

/// The processes of this program that mpirun has started, by rank.
std::vector<pid_t> ranks_of(const Process& mpirun, int64_t ranks) {
    std::vector<pid_t> found(static_cast<size_t>(ranks), 0);
    const std::string parent = "PPid:\t" + std::to_string(mpirun.id()) + "\n";
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string process = entry.path().string();
        if (text_of(process + "/status").find(parent) == std::string::npos) continue;
        const std::string variables = text_of(process + "/environ"), key = "OMPI_COMM_WORLD_RANK=";
        const size_t at = variables.find(key);
        if (at == std::string::npos) continue;
        found[std::stoul(variables.substr(at + key.size()))] =
            std::stoi(entry.path().filename().string());
    }
    return found;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Waits until the log of a run says this.
bool log_says(Process& process, const std::string& out, const std::string& mark) {
    return process.wait_for(
        [&] { return bytes_of(log_file(out)).find(mark) != std::string::npos; });
}

}  // namespace

TEST_SUITE("train/parallel/mpi") {
    TEST_CASE("two and three processes train as one does") {
        if (!has_mpi()) return;
        const Project project;
        const std::string one = project.file("one");
        REQUIRE(microdualnet(project.train(one, as_one)).code == 0);
        for (const int64_t ranks : {2, 3}) {
            const std::string out = project.file("ranks" + std::to_string(ranks));
            const Ended ended = project.run(ranks, project.train(out, as_one));
            CAPTURE(ended.text);
            REQUIRE(ended.code == 0);
            CHECK(count(ended.text, "epoch 2/2") == 1);  // rank 0 alone prints
            CHECK(contains(ended.text, {std::to_string(ranks) + " ranks on 1 host",
                                        "10 training clips, 3 for validation"}));
            CHECK(distance(last_checkpoint(out), last_checkpoint(one)) < 6 * 1e-5);
            CHECK(names_in(out) == names_in(one));
            CHECK(count(bytes_of(log_file(out)), "\n") == count(bytes_of(log_file(one)), "\n"));
            const auto metadata = read_safetensors(last_checkpoint(out)).metadata;
            CHECK(metadata.at("ranks") == std::to_string(ranks));
            CHECK(contains(metadata.at("ranks.sums"), {"MPI", "1 host", "buckets of "}));
            CHECK(metadata.at("position.clips") == "10");
        }
    }

    TEST_CASE("the same number of ranks gives the same bits, also when one is killed and resumed") {
        if (!has_mpi()) return;
        const Project project;
        const std::string straight = project.file("straight"), again = project.file("again");
        REQUIRE(project.run(2, project.train(straight)).code == 0);
        Process process(on_ranks(2, project.train(again, {"--save-every", "1"})),
                        project.file("text"));
        REQUIRE(log_says(process, again, "\"step\":3,"));
        ::kill(ranks_of(process, 2)[1], SIGKILL);
        const Ended killed = process.wait();
        CAPTURE(killed.text);
        CHECK(killed.code != 0);
        CHECK(contains(killed.text, {"rank 1", "exited on signal 9"}));
        const Ended resumed = project.run(
            2, {"train", "--resume", "--out", again, "--threads", "1", "--workers", "1"});
        CAPTURE(resumed.text);
        REQUIRE(resumed.code == 0);
        CHECK(resumed.text.find("note:") == std::string::npos);
        CHECK(state_of(last_checkpoint(again)) == state_of(last_checkpoint(straight)));
        CHECK(state_of(best_checkpoint(again)) == state_of(best_checkpoint(straight)));

        // So do other threads.
        Process threads(
            on_ranks(1, {"train", "--resume", "--out", again, "--threads", "1"}) +
                std::vector<std::string>{":", "-n", "1"} +
                microdualnet_command({"train", "--resume", "--out", again, "--threads", "2"}),
            project.file("text"));
        const Ended other_threads = threads.wait();
        CAPTURE(other_threads.text);
        CHECK(other_threads.code == 0);
        CHECK(contains(other_threads.text,
                       {"note: the run was started with 1, 1 threads of its ranks, which have "
                        "1, 2 now; rounding"}));

        // Other ranks go on as well, with other bits, and say so.
        const Ended more = project.run(3, {"train", "--resume", "--out", again, "--epochs", "2",
                                           "--threads", "1", "--workers", "1"});
        CAPTURE(more.text);
        CHECK(more.code == 0);
        CHECK(contains(more.text,
                       {"note: the run was started with 2 ranks, and goes on with 3: rounding",
                        "nothing is left to train"}));
    }

    TEST_CASE("ranks killed at random moments lose nothing") {
        if (!has_mpi()) return;
        const Project project;
        const std::string straight = project.file("straight"), killed = project.file("killed");
        REQUIRE(project.run(2, project.train(straight, {"--epochs", "20"})).code == 0);
        const char* asked = std::getenv("RANK_KILLS");
        const int64_t kills = asked ? std::stoi(asked) : 3;
        Random random(6);
        for (int64_t kill = 0; kill <= kills; ++kill) {
            auto arguments = project.train(killed, {"--epochs", "20", "--save-every", "1"});
            if (!newest_checkpoint(killed).empty()) arguments.emplace_back("--resume");
            Process process(on_ranks(2, arguments), project.file("text"));
            pid_t victim = 0;
            if (kill < kills) {
                const auto rank = static_cast<size_t>(random.below(2));
                // From its start on: most of that time it joins the others, and reads.
                REQUIRE(
                    process.wait_for([&] { return (victim = ranks_of(process, 2)[rank]) != 0; }));
                std::this_thread::sleep_for(std::chrono::milliseconds(random.below(1500)));
                ::kill(victim, SIGKILL);
            }
            const Ended ended = process.wait();
            CAPTURE(kill);
            CAPTURE(ended.text);
            if (kill == kills) REQUIRE(ended.code == 0);
        }
        CHECK(state_of(last_checkpoint(killed)) == state_of(last_checkpoint(straight)));
        CHECK(names_in(killed) == names_in(straight));
    }

    TEST_CASE("a scheduler's warning becomes a checkpoint") {
        if (!has_mpi()) return;
        const Project project;
        const std::string straight = project.file("straight"), warned = project.file("warned");
        REQUIRE(project.run(2, project.train(straight, {"--epochs", "6"})).code == 0);
        Process process(on_ranks(2, project.train(warned, {"--epochs", "6"})),
                        project.file("text"));
        REQUIRE(log_says(process, warned, "\"step\":1,"));
        process.signal(SIGUSR1);  // which mpirun passes on
        const Ended ended = process.wait();
        CAPTURE(ended.text);
        CHECK(ended.code == 128 + SIGUSR1);
        CHECK(count(ended.text, "stopped by SIGUSR1: ") == 1);
        CHECK(contains(ended.text, {" steps are saved in ", "--resume continues the run"}));
        REQUIRE(project.run(2, {"train", "--resume", "--out", warned, "--threads", "1"}).code == 0);
        CHECK(state_of(last_checkpoint(warned)) == state_of(last_checkpoint(straight)));
    }

    TEST_CASE("GPUs that NCCL joins train as one process does, and keep what added") {
        if (!has_mpi()) return;
        const Project project;
        const std::string one = project.file("one"), out = project.file("out");
        REQUIRE(microdualnet(project.train(one, as_one)).code == 0);
        Process process(on_gpus(2, project.train(out, as_one)), project.file("text"));
        const Ended ended = process.wait();
        CAPTURE(ended.text);
        REQUIRE(ended.code == 0);
        const std::string library = "NCCL 2.29.7, 1 host, emulated GPU";
        CHECK(contains(ended.text, {"note: gradients are added by " + library}));
        CHECK(distance(last_checkpoint(out), last_checkpoint(one)) < 6 * 1e-5);
        CHECK(contains(read_safetensors(last_checkpoint(out)).metadata.at("ranks.sums"),
                       {library, "buckets of "}));
        // Recorded, on other rounding: none.
        const std::string again = project.file("again");
        Process plain(
            on_gpus(2, project.train(again, as_one) + std::vector<std::string>{"--no-cuda-graph"}),
            project.file("text"));
        REQUIRE(plain.wait().code == 0);
        CHECK(state_of(last_checkpoint(again)) == state_of(last_checkpoint(out)));
        // On the CPU MPI adds, and that is said.
        const Ended resumed = project.run(2, {"train", "--resume", "--out", out, "--threads", "1"});
        CAPTURE(resumed.text);
        CHECK(contains(resumed.text, {"note: the run's gradients were added by " + library,
                                      "rounding will differ"}));
    }

    TEST_CASE("a rank that hangs while GPUs add ends the run, with one message that names it") {
        if (!has_mpi()) return;
        const Project project;
        const std::string out = project.file("out");
        project.lengthen_epochs();
        Process process(on_gpus(2, project.train(out, {"--epochs", "1000", "--save-every", "100",
                                                       "--rank-timeout", "2"})),
                        project.file("text"));
        REQUIRE(log_says(process, out, "\"step\":1,"));
        const pid_t hanging = ranks_of(process, 2)[1];
        ::kill(hanging, SIGSTOP);
        const Ended ended = process.wait();
        ::kill(hanging, SIGKILL);
        CAPTURE(ended.text);
        CHECK(ended.code == 2);
        CHECK(count(ended.text, "error: rank 1 on host ") == 1);
        CHECK(count(ended.text, "error: ") == 1);
        CHECK_NOTHROW(read_safetensors(newest_checkpoint(out)));
    }

    TEST_CASE("a rank that hangs ends the run, with one message that names it") {
        if (!has_mpi()) return;
        const Project project;
        const std::string out = project.file("out");
        project.lengthen_epochs();
        Process process(on_ranks(3, project.train(out, {"--epochs", "1000", "--save-every", "100",
                                                        "--rank-timeout", "2"})),
                        project.file("text"));
        // While rank 0 writes a checkpoint the others are patient: not so five steps later.
        REQUIRE(log_says(process, out, "\"step\":105,"));
        const pid_t hanging = ranks_of(process, 3)[1];
        ::kill(hanging, SIGSTOP);
        const auto begin = std::chrono::steady_clock::now();
        const Ended ended = process.wait();
        const double seconds = seconds_since(begin);
        ::kill(hanging, SIGKILL);
        CAPTURE(ended.text);
        CHECK(ended.code == 2);
        CHECK(seconds < 15);
        CHECK(count(ended.text, "error: rank 1 on host ") == 1);
        CHECK(count(ended.text, "error: ") == 1);
        CHECK(contains(ended.text, {"seconds: the run ends", "hint: "}));
        CHECK_NOTHROW(read_safetensors(newest_checkpoint(out)));
    }

    TEST_CASE("a rank that hangs is missed after a while, however long a step takes") {
        if (!has_mpi()) return;
        const Project project;
        const std::string out = project.file("out");
        project.lengthen_epochs(10000);
        Process process(on_ranks(2, project.train(out, {"--batch", "2000", "--rank-timeout", "2"})),
                        project.file("text"));
        REQUIRE(log_says(process, out, "\"step\":1,"));
        const auto begin = std::chrono::steady_clock::now();
        REQUIRE(log_says(process, out, "\"step\":2,"));
        const double step = seconds_since(begin);
        const pid_t hanging = ranks_of(process, 2)[1];
        ::kill(hanging, SIGSTOP);
        const auto stopped = std::chrono::steady_clock::now();
        const Ended ended = process.wait();
        const double seconds = seconds_since(stopped);
        ::kill(hanging, SIGKILL);
        CAPTURE(ended.text);
        CHECK(ended.code == 2);
        CHECK(count(ended.text, "error: rank 1 on host ") == 1);
        CHECK(seconds < 5 + 1.5 * step);  // 2 and the rest of a step, and not 2 and 4 steps
    }

    TEST_CASE("a job that is stopped as a whole goes on") {
        if (!has_mpi()) return;
        const Project project;
        const std::string out = project.file("out");
        project.lengthen_epochs();
        Process process(on_ranks(2, project.train(out, {"--epochs", "1", "--rank-timeout", "1"})),
                        project.file("text"));
        REQUIRE(log_says(process, out, "\"step\":5,"));
        const std::vector<pid_t> ranks = ranks_of(process, 2);
        for (const int signal : {SIGSTOP, SIGCONT}) {
            for (const pid_t rank : ranks) ::kill(rank, signal);
            // Longer than they wait for a rank that hangs.
            if (signal == SIGSTOP) std::this_thread::sleep_for(std::chrono::seconds(5));
        }
        const Ended ended = process.wait();
        CAPTURE(ended.text);
        CHECK(ended.code == 0);
    }

    TEST_CASE("ranks that are bound to processors of their own share none") {
        if (!has_mpi()) return;
        if (usable_processors() < 2) {
            MESSAGE("not tested: one processor only");
            return;
        }
        const Project project;
        let_mpirun_start();
        for (const bool are_many : {false, true}) {
            const std::string out = project.file(are_many ? "many" : "two");
            std::vector<std::string> command = {"mpirun", "-n", "2", "--bind-to", "core"};
            if (are_many) command = {"mpirun", "-n", "4", "taskset", "-c", "0"};
            Process process(command + microdualnet_command(project.train(out)),
                            project.file("text"));
            const Ended ended = process.wait();
            CAPTURE(ended.text);
            CHECK(ended.code == 0);
            CHECK(contains(ended.text, {"ranks on 1 host"}));
            // Open MPI binds to cores, of which each may be two processors.
            const bool share = ended.text.find(" of them share ") != std::string::npos;
            CHECK(share == are_many);
        }
    }

    TEST_CASE("a slow rank is named, with what it costs") {
        if (!has_mpi()) return;
        const Project project;
        const std::string out = project.file("out");
        project.lengthen_epochs();
        Process process(on_ranks(2, project.train(out, {"--epochs", "1"})), project.file("text"));
        REQUIRE(log_says(process, out, "\"step\":1,"));
        const pid_t slow = ranks_of(process, 2)[1];
        while (process.runs()) {  // a quarter of the other's time is left to it
            ::kill(slow, SIGSTOP);
            std::this_thread::sleep_for(std::chrono::milliseconds(30));
            ::kill(slow, SIGCONT);
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        const Ended ended = process.wait();
        CAPTURE(ended.text);
        CHECK(ended.code == 0);
        CHECK(contains(ended.text, {"note: the others wait for rank 1 on host ",
                                    " % of the time: docs/scaling.md says what helps"}));
        const std::string log = bytes_of(log_file(out));
        CAPTURE(log);
        CHECK(contains(log, {"\"slowest_rank\":1,\"waiting_percent\":"}));
    }

    TEST_CASE("a full disk ends the run, and what was saved is whole") {
        if (!has_mpi()) return;
        const Project project;
        // The disk is full when the run saves its best weights beside its last two states.
        const std::string straight = project.file("straight"), out = project.file("disk/out"),
                          kept = project.file("kept");
        REQUIRE(project.run(2, project.train(straight)).code == 0);
        fs::create_directories(out);
        const auto size = fs::file_size(last_checkpoint(straight));
        const auto on_small_disk = [&](const std::vector<std::string>& command) {
            return std::vector<std::string>{
                       "unshare",
                       "-Urm",
                       "sh",
                       "-c",
                       "mount -t tmpfs -o size=" + std::to_string(size * 5 / 2) +
                           " none \"$0\" || exit 77; \"$@\"; code=$?; cp -r \"$0\"/out " + kept +
                           "; exit $code",
                       project.file("disk")} +
                   command;
        };
        Process possible(on_small_disk({"mkdir", out}), project.file("text"));
        if (possible.wait().code != 0) {
            MESSAGE("not tested: no file system can be mounted here");
            return;
        }
        fs::remove_all(kept);
        Process process(on_small_disk(on_ranks(2, project.train(out, {"--save-every", "1"}))),
                        project.file("text"));
        const Ended ended = process.wait();
        CAPTURE(ended.text);
        CHECK(ended.code == 2);
        CHECK(contains(ended.text, {"error: rank 0 on host ", " ends the run\nerror: cannot write ",
                                    "No space left on device"}));
        CHECK(count(ended.text, "\nerror: ") == 2);
        const Ended resumed =
            project.run(2, {"train", "--resume", "--out", kept, "--threads", "1"});
        CAPTURE(resumed.text);
        CHECK(resumed.code == 0);
        CHECK(state_of(last_checkpoint(kept)) == state_of(last_checkpoint(straight)));
    }

    TEST_CASE("what one rank cannot do ends all, and that rank says why") {
        if (!has_mpi()) return;
        const Project project;
        // Rank 0, in the middle of the run: somebody else has taken its folder.
        const std::string out = project.file("out");
        Process process(on_ranks(2, project.train(out, {"--epochs", "1000", "--save-every", "3"})),
                        project.file("text"));
        REQUIRE(log_says(process, out, "\"step\":1,"));
        fs::remove(out + "/train.lock");
        const Ended ended = process.wait();
        CAPTURE(ended.text);
        CHECK(ended.code == 2);
        CHECK(contains(ended.text, {"error: rank 0 on host ", " ends the run\nerror: --out ",
                                    "train.lock was removed or replaced"}));
    }

    TEST_CASE("a dataset that only one host has, or has in part, is no training") {
        if (!has_mpi()) return;
        // Another host is a rank that sees another folder there.
        if (std::system("unshare --mount true 2>/dev/null") != 0) {
            MESSAGE("not tested: no namespaces for rank 1 to see other files in");
            return;
        }
        const Project project;
        fs::copy(project.data, project.file("part"), fs::copy_options::recursive);
        std::string list = bytes_of(project.file("part") + "/train.txt");
        write(project.file("part") + "/train.txt", list.substr(0, list.rfind("train_9")));
        fs::create_directories(project.file("nothing"));
        const auto ended_with = [&](const std::string& seen) {
            std::string other =
                "mount --bind '" + project.file(seen) + "' '" + project.data + "'; exec";
            for (const std::string& word : microdualnet_command(project.train(project.file("out"))))
                other.append(" '").append(word).append("'");
            Process process(on_ranks(1, project.train(project.file("out"))) +
                                std::vector<std::string>{":", "-n", "1", "unshare", "--mount", "sh",
                                                         "-c", other},
                            project.file("text"));
            return process.wait();
        };
        const Ended part = ended_with("part");
        CAPTURE(part.text);
        CHECK(part.code == 2);
        CHECK(count(part.text, "error: ") == 1);
        CHECK(contains(part.text,
                       {"the ranks do not see the same dataset", "rank 0 on host ",
                        " has 10 training clips", "rank 1 on host ", " has 9 training clips"}));
        const Ended nothing = ended_with("nothing");
        CAPTURE(nothing.text);
        CHECK(nothing.code == 2);
        CHECK(contains(nothing.text, {"error: rank 1 on host ", " ends the run", project.data}));
    }

    TEST_CASE("a mistake is told once, and ranks are for training") {
        if (!has_mpi()) return;
        const Project project;
        const std::string out = project.file("out");
        REQUIRE(project.run(2, project.train(out)).code == 0);
        const auto refused = [&](int64_t ranks, const std::vector<std::string>& arguments,
                                 const std::string& part) {
            const Ended ended = project.run(ranks, arguments);
            CAPTURE(ended.text);
            CHECK(ended.code == 2);
            CHECK(count(ended.text, "error: ") == 1);
            CHECK(contains(ended.text, {part}));
            CHECK(ended.text.find("MPI_ABORT") == std::string::npos);
        };
        refused(2, project.train(out), "already holds a run");
        refused(2, {"train", "--no-such-option"}, "--no-such-option");
        refused(5, project.train(project.file("b")), "--batch 4 are the clips of a step, which 5");
        refused(2, {"eval", "--data", project.data, "--weights", last_checkpoint(out)},
                "eval runs as one process, but 2 were started");
        const Ended diverged =
            project.run(2, project.train(project.file("c"), {"--lr", "1e30", "--clip", "0"}));
        CAPTURE(diverged.text);
        CHECK(diverged.code == 2);
        CHECK(count(diverged.text, "error: ") == 1);
        CHECK(contains(diverged.text, {"not finite"}));
        const Ended alone = project.run(1, project.train(project.file("d")));
        CHECK(alone.code == 0);
    }
}

TEST_SUITE("train/parallel/launch") {
    TEST_CASE("what a launcher says of its processes") {
        const auto from = [](std::vector<std::pair<std::string, const char*>> variables) {
            return launch_from([&](const char* name) -> const char* {
                for (const auto& [key, value] : variables)
                    if (key == name) return value;
                return nullptr;
            });
        };
        CHECK(from({}).ranks == 1);
        const Launch open = from({{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "3"}});
        CHECK(open.ranks == 4);
        CHECK(open.rank == 3);
        CHECK(open.variable == "OMPI_COMM_WORLD_SIZE");
        CHECK(from({{"PMI_SIZE", "2"}, {"PMI_RANK", "0"}}).ranks == 2);
        CHECK(from({{"SLURM_STEP_NUM_TASKS", "8"}, {"SLURM_PROCID", "7"}}).ranks == 8);
        // A batch script of Slurm is no task of a step: it runs once.
        CHECK(from({{"SLURM_NTASKS", "8"}, {"SLURM_PROCID", "0"}}).ranks == 1);
        for (const char* odd : {"", "two", "-2", "0"})
            CHECK(from({{"PMI_SIZE", odd}, {"PMI_RANK", "0"}}).ranks == 1);
    }

    TEST_CASE("processes that were started together are refused without MPI") {
        const TemporaryFolder folder;
        const std::string alone = (folder / "microdualnet").string();
        fs::copy_file(program(), alone);
        const auto start = [&](const std::string& rank) {
            Process process({"env", "OMPI_COMM_WORLD_SIZE=2", "OMPI_COMM_WORLD_RANK=" + rank, alone,
                             "--version"},
                            (folder / "text").string());
            return process.wait();
        };
        const Ended first = start("0"), second = start("1");
        CHECK(first.code == 2);
        CHECK(second.code == 2);
        CHECK(contains(first.text, {"error: OMPI_COMM_WORLD_SIZE says that 2 processes",
                                    "there is no " + alone + "-mpi", "make MPI=1"}));
        CHECK(second.text == "");
    }
}
