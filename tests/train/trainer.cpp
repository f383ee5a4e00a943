#include "train/trainer.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <set>
#include <thread>

#include "engine/files/safetensors.h"
#include "engine/random.h"
#include "tests/engine/same_bits.h"
#include "tests/failing_calls.h"
#include "tests/train/checkpoint_state.h"
#include "tests/train/process.h"
#include "tests/train/program.h"

using namespace mdn;
using namespace mdn::test;

namespace {

/// Starts `microdualnet <arguments>` and kills it as soon as the log holds `mark`. Returns whether
/// it was killed, and not over.
bool kill_at(const std::vector<std::string>& arguments, const std::string& log,
             const std::string& mark) {
    Process process(microdualnet_command(arguments), "/dev/null");
    process.wait_for([&] { return bytes_of(log).find(mark) != std::string::npos; });
    process.signal(SIGKILL);
    return process.wait().signal == SIGKILL;
}

/// The log without the one thing that differs from run to run.
std::string without_seconds(std::string log) {
    const std::string key = "\"train_seconds\":";
    for (size_t at = log.find(key); at != std::string::npos; at = log.find(key, at + 1))
        log.erase(at + key.size(), log.find_first_of(",}", at) - at - key.size());
    return log;
}

void check_same_run(const std::string& a, const std::string& b) {
    CHECK(state_of(last_checkpoint(a)) == state_of(last_checkpoint(b)));
    CHECK(state_of(best_checkpoint(a)) == state_of(best_checkpoint(b)));
    CHECK(without_seconds(bytes_of(log_file(a))) == without_seconds(bytes_of(log_file(b))));
}

int64_t count(const std::string& text, const std::string& part) {
    int64_t found = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++found;
    return found;
}

}  // namespace

TEST_SUITE("train/trainer") {
    TEST_CASE("a run killed with SIGKILL and resumed ends with the bits of one never interrupted") {
        SmallProject project;
        const std::string straight = project.file("straight");
        REQUIRE(microdualnet(project.train(straight, {"--epochs", "6"})).code == 0);

        // In the middle of the fourth epoch.
        const std::string once = project.file("once");
        REQUIRE(kill_at(project.train(once, {"--epochs", "6"}), log_file(once),
                        "\"epoch\":4,\"step\":16,"));
        const Ran resumed = microdualnet({"train", "--resume", "--out", once, "--threads", "2"});
        INFO(resumed.err);
        REQUIRE(resumed.code == 0);
        CHECK(contains(resumed.out, {"resumed at epoch"}));
        check_same_run(straight, once);

        // Twice, with checkpoints inside the epochs.
        const std::string twice = project.file("twice");
        REQUIRE(kill_at(project.train(twice, {"--epochs", "6", "--save-every", "3"}),
                        log_file(twice), "\"epoch\":2,\"step\":7,"));
        const std::vector<std::string> resume = {"train",        "--resume", "--out",     twice,
                                                 "--threads",    "2",        "--workers", "1",
                                                 "--save-every", "3"};
        REQUIRE(kill_at(resume, log_file(twice), "\"epoch\":5,\"step\":22,"));
        REQUIRE(microdualnet(resume).code == 0);
        check_same_run(straight, twice);
    }

    TEST_CASE("a run killed at random moments loses nothing") {
        SmallProject project;
        const std::string straight = project.file("straight"), killed = project.file("killed");
        const auto began = std::chrono::steady_clock::now();
        REQUIRE(microdualnet(project.train(straight, {"--epochs", "6"})).code == 0);
        const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - began;
        Random random(4);
        int kills = 0;
        for (bool over = false; !over;) {
            auto arguments = project.train(killed, {"--epochs", "6", "--save-every", "1"});
            if (!newest_checkpoint(killed).empty()) arguments.emplace_back("--resume");
            Process process(microdualnet_command(arguments), project.file("text"));
            // Loading takes part of the time, so that some are killed before their first step.
            if (kills < 10) {
                std::this_thread::sleep_for(0.8 * whole * random.uniform());
                process.signal(SIGKILL);
            }
            const Ended ended = process.wait();
            INFO(ended.text);
            over = ended.signal == 0;
            kills += !over;
            REQUIRE((!over || ended.code == 0));
        }
        MESSAGE("killed " << kills << " times");
        check_same_run(straight, killed);
        CHECK(names_in(killed) == names_in(straight));

        // At its very end, when only the last rename was left.
        std::filesystem::rename(last_checkpoint(killed), next_checkpoint(killed));
        REQUIRE(microdualnet({"train", "--resume", "--out", killed, "--threads", "2"}).code == 0);
        check_same_run(straight, killed);
        CHECK(names_in(killed) == names_in(straight));
    }

    TEST_CASE("a run writes a log that reads as one, and checkpoints that say what they are") {
        SmallProject project;
        const std::string out = project.file("run");
        const Ran ran = microdualnet(project.train(out, {"--epochs", "2"}));
        REQUIRE(ran.code == 0);
        CHECK(contains(ran.out, {"10 training clips, 3 for validation", "epoch 1/2", "epoch 2/2",
                                 "Top-1", "best.safetensors"}));
        CHECK(ran.out.find('\r') == std::string::npos);  // not a terminal

        const std::string log = bytes_of(log_file(out));
        CHECK(count(log, "\n") == 2 * 5 + 2);
        CHECK(count(log, "{\"kind\":\"step\"") == 10);
        CHECK(log.starts_with("{\"kind\":\"step\",\"epoch\":1,\"step\":0,\"lr\":"));
        CHECK(contains(log, {"\"step\":9,", "\"gradient_norm\":", "\"val_top1\":",
                             "\"val_alpha_st\":[", "\"val_f1_mean\":"}));

        const SafetensorsFile last = read_safetensors(last_checkpoint(out));
        CHECK(last.metadata.at("position.epoch") == "2");
        CHECK(last.metadata.at("position.step") == "10");
        CHECK(last.metadata.at("class_names") == "nodding\nwaving\nshaking head\n");
        CHECK(parse_config(last.metadata.at("config"), "it").dim == 8);
        CHECK(last.find("optimizer.momentum.backbone.conv1.weight").defined());
        CHECK(last.find("optimizer.second_moment.sem.pointwise.weight").defined());
        CHECK(last.find("backbone.bn1.running_mean").defined());
        // Training moved the weights.
        CHECK(last.at("backbone.conv1.weight").to_vector<float>() !=
              read_safetensors(best_checkpoint(project.file("run")))
                  .at("optimizer.momentum.backbone.conv1.weight")
                  .to_vector<float>());
    }

    TEST_CASE("a loss that is not finite stops the run, and leaves a state that can go on") {
        SmallProject project;
        const std::vector<std::string> diverging = {"--optimizer", "sgd", "--lr",   "1e30",
                                                    "--warmup",    "0",   "--clip", "0"};
        for (const char* save_every : {"0", "1"}) {
            CAPTURE(save_every);
            const std::string out = project.file(std::string("run") + save_every);
            auto arguments = project.train(out, diverging);
            arguments.insert(arguments.end(), {"--epochs", "2", "--save-every", save_every});
            const Ran ran = microdualnet(arguments);
            CHECK_MISTAKE(ran, {"not finite", "step ", "epoch 1", last_checkpoint(out),
                                "a step has succeeded", "--resume with a lower --lr"});
            // Step 0 succeeded and made weights from which step 1 does not.
            const SafetensorsFile last = read_safetensors(last_checkpoint(out));
            CHECK(last.metadata.at("position.step") == "0");
            CHECK_FALSE(std::filesystem::exists(next_checkpoint(out)));
            for (const auto& [name, tensor] : last.tensors)
                for (float x : tensor.to_vector<float>()) REQUIRE(std::isfinite(x));

            // Again, and then as the hint says.
            CHECK_MISTAKE(microdualnet({"train", "--resume", "--out", out, "--save-every", "1"}),
                          {"step 1 (epoch 1)", "a step has succeeded"});
            const Ran lower = microdualnet({"train", "--resume", "--out", out, "--lr", "0.01"});
            INFO(lower.err);
            CHECK(lower.code == 0);
            CHECK(contains(lower.out, {"resumed at epoch 1, step 0", "--lr is 0.01 from here on"}));
            CHECK(contains(bytes_of(log_file(out)),
                           {R"({"kind":"setting","epoch":1,"step":0,"name":"lr",)"
                            R"("before":"1e+30","after":"0.01"})"}));
            CHECK(read_safetensors(last_checkpoint(out)).metadata.at("lr") == "0.01");
        }

        // One step an epoch, so that validation is the first to meet its weights.
        const std::string other = project.file("other");
        auto arguments = project.train(other, {"--lr", "1e30", "--warmup", "0"});
        *(std::find(arguments.begin(), arguments.end(), "--batch") + 1) = "16";
        CHECK_MISTAKE(microdualnet(arguments),
                      {"not finite", "after step 0 (epoch 1)", last_checkpoint(other)});
        CHECK(read_safetensors(last_checkpoint(other)).metadata.at("position.step") == "0");
    }

    TEST_CASE("where no step succeeds, no checkpoint is said to be good") {
        SmallProject project;
        const std::string good = project.file("good"), out = project.file("run");
        REQUIRE(microdualnet(project.train(good, {"--epochs", "1"})).code == 0);
        SafetensorsFile huge = read_safetensors(last_checkpoint(good));
        for (auto& [name, tensor] : huge.tensors)
            if (name == "classifier.fc2.weight")
                tensor = Tensor::full(tensor.shape(), 3e38, DType::f32);
        write_safetensors(project.file("huge"), huge.tensors, huge.metadata);
        const Ran ran = microdualnet(project.train(out, {"--init", project.file("huge")}));
        CHECK_MISTAKE(ran, {"step 0", "not finite", "no step has succeeded yet", "--init"});
        CHECK_FALSE(contains(ran.err, {"has succeeded:"}));

        // The end of a run, which no step has tried, and which goes on.
        huge.metadata["schedule"] = "constant";
        write_safetensors(last_checkpoint(good), huge.tensors, huge.metadata);
        const Ran more = microdualnet(
            {"train", "--resume", "--out", good, "--epochs", "2", "--save-every", "1"});
        CHECK_MISTAKE(more, {"no step from " + last_checkpoint(good) + " succeeds",
                             "--init " + best_checkpoint(good)});
        CHECK_FALSE(contains(more.err, {"has succeeded:"}));
    }

    TEST_CASE("rates that a resumed run changes hold from then on, also if it is killed") {
        SmallProject project;
        const std::string out = project.file("run");
        REQUIRE(kill_at(project.train(out, {"--epochs", "200"}), log_file(out), "\"epoch\":3,"));
        const auto resume = [&](const std::vector<std::string>& more) {
            std::vector<std::string> arguments = {"train", "--resume", "--out", out};
            arguments.insert(arguments.end(), more.begin(), more.end());
            return arguments;
        };
        {
            // Killed after the first step, before the epoch's end.
            Process process(
                microdualnet_command(resume({"--lr", "0.0002", "--clip", "0.5", "--bias-lr", "2"})),
                project.file("text"));
            REQUIRE(process.wait_for([&] {
                const std::string log = bytes_of(log_file(out));
                const size_t change = log.rfind("\"kind\":\"setting\"");
                return change != std::string::npos &&
                       log.find("\"kind\":\"step\"", change) != std::string::npos;
            }));
            process.signal(SIGKILL);
        }
        REQUIRE(kill_at(resume({}), log_file(out), "\"epoch\":5,"));
        CHECK(contains(bytes_of(log_file(out)),
                       {R"("name":"lr","before":"0.001","after":"2e-04")", R"("name":"bias-lr")"}));
        const SafetensorsFile stored = read_safetensors(newest_checkpoint(out));
        CHECK(stored.metadata.at("lr") == "2e-04");
        CHECK(stored.metadata.at("clip") == "0.5");
        CHECK(stored.metadata.at("bias-lr") == "2");
        CHECK_MISTAKE(microdualnet(resume({"--seed", "3"})), {"--seed 7, not 3"});
    }

    TEST_CASE("--recompute changes no bit, is kept by checkpoints, and may be given at a resume") {
        SmallProject project;
        const std::string kept = project.file("kept"), recomputed = project.file("recomputed");
        REQUIRE(microdualnet(project.train(kept, {"--epochs", "2"})).code == 0);
        REQUIRE(microdualnet(project.train(recomputed, {"--epochs", "2", "--recompute"})).code ==
                0);
        const SafetensorsFile first = read_safetensors(last_checkpoint(kept));
        const SafetensorsFile second = read_safetensors(last_checkpoint(recomputed));
        CHECK(first.metadata.at("recompute") == "false");
        CHECK(second.metadata.at("recompute") == "true");
        REQUIRE(first.tensors.size() == second.tensors.size());
        for (size_t i = 0; i < first.tensors.size(); ++i) {
            CAPTURE(first.tensors[i].first);
            CHECK(first.tensors[i].first == second.tensors[i].first);
            CHECK(same_bits(first.tensors[i].second, second.tensors[i].second));
        }
        const Ran resumed = microdualnet({"train", "--resume", "--out", kept, "--recompute"});
        INFO(resumed.err);
        CHECK(resumed.code == 0);
    }

    TEST_CASE("a log that is removed while a run writes it is written again") {
        SmallProject project;
        const std::string straight = project.file("straight"), out = project.file("run");
        REQUIRE(microdualnet(project.train(straight, {"--epochs", "6"})).code == 0);
        Process process(microdualnet_command(project.train(out, {"--epochs", "6"})),
                        project.file("text"));
        REQUIRE(process.wait_for(
            [&] { return bytes_of(log_file(out)).find("\"epoch\":2,") != std::string::npos; }));
        std::filesystem::remove(log_file(out));
        const Ended ended = process.wait();
        CHECK(ended.code == 0);
        CHECK(contains(ended.text, {"warning: " + log_file(out) + " was removed"}));
        check_same_run(straight, out);

        // Between two sessions: nothing can bring it back, but the run goes on.
        std::filesystem::remove(log_file(out));
        const Ran more = microdualnet({"train", "--resume", "--out", out});
        CHECK(more.code == 0);
        CHECK(contains(more.out, {"warning: " + log_file(out) + " is missing"}));
        const Ran again = microdualnet({"train", "--resume", "--out", out});
        CHECK(again.code == 0);
        CHECK_FALSE(contains(again.out, {"is missing"}));
    }

    TEST_CASE("clips that cannot be read leave an older run as it was, and no new one") {
        SmallProject project;
        const std::string out = project.file("run");
        REQUIRE(microdualnet(project.train(out, {"--epochs", "1"})).code == 0);
        const std::string before = bytes_of(last_checkpoint(out));
        for (int clip = 0; clip < 10; ++clip)
            for (int frame = 1; frame <= 3; ++frame)
                std::ofstream(project.data + "/frames/train_" + std::to_string(clip) + "/img_0000" +
                              std::to_string(frame) + ".jpg")
                    << "not an image";
        CHECK_MISTAKE(microdualnet(project.train(out, {"--overwrite"})), {"img_0000"});
        CHECK(bytes_of(last_checkpoint(out)) == before);
        CHECK_MISTAKE(microdualnet(project.train(project.file("new"))), {"img_0000"});
        CHECK_FALSE(std::filesystem::exists(project.file("new")));
    }

    TEST_CASE("an existing run is not overwritten unless asked for") {
        SmallProject project;
        const std::string out = project.file("run");
        REQUIRE(microdualnet(project.train(out, {"--epochs", "1"})).code == 0);
        const std::string before = bytes_of(last_checkpoint(out));
        CHECK_MISTAKE(microdualnet(project.train(out, {"--epochs", "1"})),
                      {out, "already holds a run", "--resume", "--overwrite"});
        CHECK(bytes_of(last_checkpoint(out)) == before);
        CHECK(microdualnet(project.train(out, {"--epochs", "1", "--seed", "8", "--overwrite"}))
                  .code == 2);  // an option twice
        auto other = project.train(out, {"--epochs", "1", "--overwrite"});
        other[12] = "8";  // the seed
        CHECK(microdualnet(other).code == 0);
        CHECK(bytes_of(last_checkpoint(out)) != before);

        write(project.file("full") + "/thesis.txt", "years of work");
        CHECK_MISTAKE(microdualnet(project.train(project.file("full"), {"--overwrite"})),
                      {"not an empty folder"});
        CHECK(bytes_of(project.file("full") + "/thesis.txt") == "years of work");
        // Paths that cannot even be asked about are mistakes like any other.
        const std::string circle = project.file("circle"), long_name(300, 'n');
        std::filesystem::create_symlink(circle, circle);
        for (const std::string& bad : {circle, project.file(long_name)}) {
            CHECK_MISTAKE(microdualnet(project.train(bad)), {bad});
            CHECK_MISTAKE(microdualnet({"train", "--resume", "--out", bad}), {bad});
            const std::string weights = last_checkpoint(out);
            const std::string frames = project.data + "/frames/val_0";
            CHECK_MISTAKE(microdualnet({"predict", "--weights", weights, "--frames", bad,
                                        "--keypoints", frames}),
                          {bad});
            CHECK_MISTAKE(microdualnet({"predict", "--weights", weights, "--frames", frames,
                                        "--keypoints", bad}),
                          {bad});
        }
    }

    TEST_CASE("resuming takes over the run's settings and refuses others") {
        SmallProject project;
        const std::string out = project.file("run");
        REQUIRE(
            microdualnet(project.train(out, {"--epochs", "1", "--schedule", "constant"})).code ==
            0);
        CHECK_MISTAKE(microdualnet({"train", "--resume", "--out", out, "--momentum", "0.5"}),
                      {"--momentum 0.9, not 0.5"});
        CHECK_MISTAKE(microdualnet({"train", "--resume", "--out", project.file("none")}),
                      {"holds no run to resume"});
        CHECK_MISTAKE(microdualnet({"train", "--resume", "--overwrite", "--out", out}), {"both"});
        const Ran complete = microdualnet({"train", "--resume", "--out", out});
        CHECK(complete.code == 0);
        CHECK(contains(complete.out, {"complete"}));
        // A constant rate does not depend on how far the run goes.
        CHECK(microdualnet({"train", "--resume", "--out", out, "--epochs", "2"}).code == 0);
        CHECK(read_safetensors(last_checkpoint(out)).metadata.at("position.epoch") == "2");
        // Another config: the first tensor that differs, and both shapes.
        std::string wider = small_config_json;
        wider.replace(wider.find("\"dim\": 8"), 8, "\"dim\": 16");
        write(project.config, wider);
        CHECK_MISTAKE(
            microdualnet({"train", "--resume", "--out", out, "--config", project.config}),
            {"last.safetensors", "'sem.pointwise.weight'", "[8, 64, 1, 1]", "[16, 64, 1, 1]"});
        // One that only the loss shows is refused as well; the same one again is fine.
        std::string heavier = small_config_json;
        heavier.replace(heavier.rfind('}'), 1, ", \"mac_weight\": 0.7}");
        write(project.config, heavier);
        CHECK_MISTAKE(microdualnet({"train", "--resume", "--out", out, "--config", project.config}),
                      {"another config", "\"mac_weight\": 0.1", "\"mac_weight\": 0.7"});
        write(project.config, small_config_json);
        CHECK(microdualnet({"train", "--resume", "--out", out, "--config", project.config}).code ==
              0);
        write(project.data + "/train.txt", "train_0 3 0\ntrain_1 3 1\n");
        CHECK_MISTAKE(microdualnet({"train", "--resume", "--out", out}),
                      {"dataset of another size"});
    }

    TEST_CASE("a rate that a resumed run changes may not lie below its floor") {
        SmallProject project;
        const std::string out = project.file("run");
        REQUIRE(microdualnet(project.train(out, {"--epochs", "1", "--floor", "0.0005"})).code == 0);
        CHECK_MISTAKE(microdualnet({"train", "--resume", "--out", out, "--lr", "0.0001"}),
                      {"rise from 0.0001 to the --floor, which is 0.0005", "--lr"});
        CHECK(microdualnet({"train", "--resume", "--out", out, "--lr", "0.0005"}).code == 0);
    }

    TEST_CASE("a checkpoint that lacks what a run's has is named") {
        SmallProject project;
        const std::string out = project.file("run");
        REQUIRE(microdualnet(project.train(out, {"--epochs", "1"})).code == 0);
        const SafetensorsFile whole = read_safetensors(last_checkpoint(out));
        for (const char* key : {"data", "config"}) {
            auto metadata = whole.metadata;
            REQUIRE(metadata.erase(key) == 1);
            write_safetensors(last_checkpoint(out), whole.tensors, metadata);
            CHECK_MISTAKE(
                microdualnet({"train", "--resume", "--out", out, "--config", project.config}),
                {"last.safetensors does not say which"});
        }
    }

    TEST_CASE("bad data stops before anything is written") {
        SmallProject project;
        const std::string out = project.file("run");
        std::string four = small_config_json;
        four.replace(four.find("\"classes\": 3"), 12, "\"classes\": 4");
        write(project.config, four);
        CHECK_MISTAKE(microdualnet(project.train(out)),
                      {"4 classes", "labels.txt names 3", "\"classes\": 3"});
        write(project.config, small_config_json);
        write(project.data + "/val.txt", "val_0 3 0\r\nval_1 3 3\r\n");
        CHECK_MISTAKE(microdualnet(project.train(out)), {"val.txt", "2"});
        write(project.data + "/val.txt", "val_0 4 0");
        CHECK_MISTAKE(microdualnet(project.train(out)), {"val.txt"});
        CHECK(!std::filesystem::exists(out));
        // Without validation the list is not read, and there is no best checkpoint.
        CHECK(microdualnet(project.train(out, {"--val", "none", "--epochs", "1"})).code == 0);
        CHECK(std::filesystem::exists(last_checkpoint(out)));
        CHECK(!std::filesystem::exists(best_checkpoint(out)));
    }

    TEST_CASE("with a preset the number of classes is the dataset's") {
        SmallProject project;
        const Ran ran = microdualnet({"train", "--data", project.data, "--preset", "tiny", "--out",
                                      project.file("run"), "--val", "x"});
        CHECK_MISTAKE(ran, {"--val x: ", "no such list"});
        CHECK_MISTAKE(microdualnet({"train", "--data", project.data, "--out", project.file("run")}),
                      {"--config or --preset is missing"});
        const std::string out = project.file("tiny");
        const std::vector<std::string> start = {
            "train", "--data", project.data, "--preset", "tiny", "--out", out,   "--epochs",
            "1",     "--val",  "none",       "--batch",  "5",    "--lr",  "0.01"};
        REQUIRE(microdualnet(start).code == 0);
        // The command that started it, typed again.
        std::vector<std::string> again = start;
        again.push_back("--resume");
        CHECK(microdualnet(again).code == 0);
        // The weights say how many classes they tell apart, where a preset does not.
        CHECK(microdualnet({"eval", "--weights", last_checkpoint(out), "--preset", "tiny", "--data",
                            project.data})
                  .code == 0);
    }

    TEST_CASE(
        "a config that names no number of classes takes the dataset's, one that does keeps it") {
        SmallProject project;
        std::string unnamed = small_config_json;
        unnamed.replace(unnamed.find("\"classes\": 3, "), 14, "");
        write(project.config, unnamed);
        const std::string out = project.file("run");
        const Ran ran = microdualnet(project.train(out, {"--epochs", "1"}));
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        const auto stored = [&] {
            const SafetensorsFile file = read_safetensors(last_checkpoint(out));
            return parse_config(file.metadata.at(metadata_config), "the run");
        };
        CHECK(stored().classes == 3);
        CHECK(stored().names_classes);
        CHECK(microdualnet(project.train(out, {"--epochs", "1", "--resume"})).code == 0);
        CHECK(microdualnet({"check", project.data, "--config", project.config}).code == 0);
        for (const char* command : {"eval", "predict", "overfit"}) {
            INFO(command);
            std::vector<std::string> arguments = {command, "--weights", last_checkpoint(out),
                                                  "--config", project.config};
            if (std::string(command) == "eval")
                arguments.insert(arguments.end(), {"--data", project.data});
            else
                arguments.insert(arguments.end(), {"--dataset", project.data, "--clip", "val_0"});
            const Ran used = microdualnet(arguments);
            INFO(used.err);
            CHECK(used.code == 0);
        }
        // Weights for that dataset, of a checkpoint that knows nothing of it.
        const std::string imported = project.file("W.safetensors");
        REQUIRE(microdualnet({"import", last_checkpoint(out), "--config", project.config, "--data",
                              project.data, "--out", imported})
                    .code == 0);
        CHECK(read_safetensors(imported).at("classifier.fc2.weight").shape() == Shape{3, 8});
        CHECK_MISTAKE(microdualnet({"import", imported, "--config", project.config, "--data",
                                    project.data, "--classes", "3", "--out", imported}),
                      {"--classes and --data"});

        std::string four = small_config_json;
        four.replace(four.find("\"classes\": 3"), 12, "\"classes\": 4");
        write(project.config, four);
        CHECK_MISTAKE(microdualnet(project.train(project.file("other"))),
                      {"4 classes", "labels.txt names 3"});
        CHECK_MISTAKE(microdualnet({"import", imported, "--config", project.config, "--data",
                                    project.data, "--out", project.file("V.safetensors")}),
                      {"4 classes", "labels.txt names 3"});
    }

    TEST_CASE("a clock that jumps changes nothing") {
        SmallProject project;
        const std::string straight = project.file("straight"), out = project.file("run");
        REQUIRE(microdualnet(project.train(straight, {"--epochs", "2"})).code == 0);
        {
            const JumpingClock clock;
            CHECK(std::chrono::system_clock::now() != std::chrono::system_clock::now());
            const Ran ran = microdualnet(project.train(out, {"--epochs", "2"}));
            REQUIRE(ran.code == 0);
            const std::string start = ": the run ends in about ";
            const size_t at = ran.out.find(start);
            REQUIRE(at != std::string::npos);
            const std::string left = ran.out.substr(at + start.size(), 8);
            INFO(left);
            CHECK(left.find_first_of("-h") > left.find(','));  // neither before now nor in hours
            CHECK(clock.asked() > 2);
        }
        check_same_run(straight, out);
        const std::string log = bytes_of(log_file(out)), key = "\"train_seconds\":";
        for (size_t at = log.find(key); at != std::string::npos; at = log.find(key, at + 1)) {
            const double seconds = std::stod(log.substr(at + key.size()));
            CHECK(seconds > 0);
            CHECK(seconds < 300);
        }
    }

    TEST_CASE("how long a run will take is said once its first steps are done") {
        SmallProject project;
        const std::string out = project.file("run");
        const Ran ran = microdualnet(project.train(out, {"--epochs", "2"}));
        REQUIRE(ran.code == 0);
        const size_t at = ran.out.find(" s per step, 5 steps per epoch: the run ends in about ");
        INFO(ran.out);
        CHECK(at != std::string::npos);
        CHECK(at < ran.out.find("epoch 1/2"));
        CHECK(contains(ran.out, {", not counting validation\n"}));
        CHECK(ran.out.find("s per step", at + 5) == std::string::npos);
        const Ran more = microdualnet(project.train(out, {"--epochs", "2", "--resume"}));
        CHECK(more.out.find("s per step") == std::string::npos);  // nothing is left
    }
}
