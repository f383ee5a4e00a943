// Damage to a run's checkpoint, and what each command that reads one makes of it.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "engine/files/safetensors.h"
#include "tests/train/program.h"
#include "train/trainer.h"

using namespace mdn;
using namespace mdn::test;

namespace {

/// A checkpoint's bytes, and where its tensors lie in them.
struct Bytes {
    std::string all;

    explicit Bytes(const std::string& path) : all(bytes_of(path)) {}
    char* tensor(const std::string& name) { return all.data() + place(name).first; }
    size_t size_of(const std::string& name) const { return place(name).second; }
    float* numbers(const std::string& name) { return reinterpret_cast<float*>(tensor(name)); }

    void exchange(const std::string& a, const std::string& b) {
        REQUIRE(size_of(a) == size_of(b));
        std::swap_ranges(tensor(a), tensor(a) + size_of(a), tensor(b));
    }
    void zero(const std::string& name) { std::memset(tensor(name), 0, size_of(name)); }
    /// Text of the header, by another of the same length.
    void replace(const std::string& from, const std::string& to) {
        REQUIRE(from.size() == to.size());
        const size_t at = all.find(from);
        REQUIRE(at != std::string::npos);
        all.replace(at, from.size(), to);
    }

  private:
    std::pair<size_t, size_t> place(const std::string& name) const {
        const SafetensorsReader reader(
            in_memory({reinterpret_cast<const uint8_t*>(all.data()), all.size()}, "bytes"),
            Checksums::ignored);
        uint64_t header = 0;
        std::memcpy(&header, all.data(), 8);
        for (const SafetensorsEntry& entry : reader.entries())
            if (entry.name == name)
                return {8 + header + static_cast<size_t>(entry.begin),
                        static_cast<size_t>(entry.end - entry.begin)};
        FAIL(name);
        return {};
    }
};

/// A project with a run of one epoch, whose checkpoint is damaged again and again.
struct Run {
    SmallProject project;
    std::string run = project.file("run"), path = last_checkpoint(run), whole;

    Run() {
        REQUIRE(
            microdualnet(project.train(run, {"--epochs", "1", "--schedule", "constant"})).code ==
            0);
        whole = bytes_of(path);
    }
    void damage(const std::function<void(Bytes&)>& how) const {
        write(path, whole);
        Bytes bytes(path);
        how(bytes);
        write(path, bytes.all);
    }

    std::vector<std::vector<std::string>> commands() const {
        return {{"eval", "--weights", path, "--data", project.data},
                {"predict", "--weights", path, "--data", project.data, "--clip", "val_0"},
                {"trace", "--weights", path, "--data", project.data, "--clip", "val_0", "--output",
                 project.file("trace.safetensors")},
                {"overfit", "--weights", path, "--data", project.data, "--clip", "val_0", "--steps",
                 "1"},
                {"train", "--data", project.data, "--config", project.config, "--init", path,
                 "--out", project.file("other"), "--overwrite", "--epochs", "1"},
                {"train", "--resume", "--out", run, "--epochs", "2"}};
    }
    std::vector<std::string> import(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments = {
            "import", path, "--config", project.config, "--out", project.file("W.safetensors")};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
};

struct Damage {
    std::string says;  // in the message, beside the file's name
    std::function<void(Bytes&)> how;
    bool in_weights = true;  // else `import` does not read it
};

const char* const weight = "backbone.layer3.0.conv1.weight";
const char* const momentum = "optimizer.momentum.router.fc1_weight";

const std::vector<Damage> damages = {
    {"tensor 'backbone.layer3.0.conv1.weight'", [](Bytes& b) { b.tensor(weight)[1001] ^= 4; }},
    {"tensor 'backbone.layer3.0.conv1.weight'", [](Bytes& b) { b.tensor(weight)[3] ^= '\x80'; }},
    {"tensor 'classifier.fc2.bias'", [](Bytes& b) { b.tensor("classifier.fc2.bias")[0] ^= 1; }},
    {"tensor 'sem.entity_embedding'", [](Bytes& b) { b.zero("sem.entity_embedding"); }},
    {"tensor 'backbone.layer1.0.conv1.weight'",
     [](Bytes& b) {
         b.exchange("backbone.layer1.0.conv1.weight", "backbone.layer1.0.conv2.weight");
     }},
    {"tensor 'backbone.bn1.running_mean'",
     [](Bytes& b) { b.numbers("backbone.bn1.running_mean")[2] = NAN; }},
    {"tensor 'backbone.layer3.0.conv9.weight'",
     [](Bytes& b) {
         b.replace("\"backbone.layer3.0.conv1.weight\":{", "\"backbone.layer3.0.conv9.weight\":{");
     }},
    {"tensor 'optimizer.momentum.router.fc1_weight'", [](Bytes& b) { b.tensor(momentum)[9] ^= 64; },
     false},
    {"tensor 'optimizer.second_moment.router.fc1_weight'",
     [](Bytes& b) { b.zero("optimizer.second_moment.router.fc1_weight"); }, false},
    {"tensor 'optimizer.momentum.router.fc1_weight'",
     [](Bytes& b) { b.exchange(momentum, "optimizer.second_moment.router.fc1_weight"); }, false},
    {"tensor 'optimizer.steps'", [](Bytes& b) { b.tensor("optimizer.steps")[8] ^= 2; }, false},
    {"its metadata", [](Bytes& b) { b.replace("nodding", "noddinG"); }},
    {"its metadata",
     [](Bytes& b) { b.replace("\"position.step\":\"5\"", "\"position.step\":\"6\""); }},
    {"its list of checksums",
     [](Bytes& b) { b.replace("{\\\"__metadata__", "[\\\"__metadata__"); }}};

}  // namespace

TEST_SUITE("train/checkpoints/damage") {
    TEST_CASE("damage to a checkpoint is noticed by every command, and named by tensor and file") {
        const Run run;
        for (size_t i = 0; i < damages.size(); ++i) {
            const Damage& damage = damages[i];
            CAPTURE(i);
            run.damage(damage.how);
            for (const std::vector<std::string>& command : run.commands()) {
                CAPTURE(command[0]);
                CHECK_MISTAKE(microdualnet(command),
                              {run.path + " is damaged: " + damage.says,
                               "hint: ", "microdualnet import --ignore-checksums"});
            }
            const Ran imported = microdualnet(run.import());
            CHECK(imported.code == (damage.in_weights ? 2 : 0));
            CHECK(contains(imported.err, {damage.in_weights ? damage.says : ""}));
        }
        write(run.path, run.whole);
        for (const std::vector<std::string>& command : run.commands()) {
            CAPTURE(command[0]);
            CHECK(microdualnet(command).code == 0);
        }
    }

    TEST_CASE("what another program changed on purpose is imported, with new checksums") {
        const Run run;
        run.damage([](Bytes& b) { b.numbers(weight)[5] = 0.25f; });
        CHECK_MISTAKE(microdualnet(run.import()), {weight});
        CHECK(microdualnet(run.import({"--ignore-checksums"})).code == 0);
        const SafetensorsFile file = read_safetensors(run.project.file("W.safetensors"));
        CHECK(file.at(weight).data<float>()[5] == 0.25f);
        run.damage([](Bytes& b) { b.numbers(weight)[5] = INFINITY; });
        CHECK_MISTAKE(microdualnet(run.import({"--ignore-checksums"})),
                      {std::string("tensor '") + weight + "' holds inf"});
    }

    TEST_CASE("a file without checksums loads without a word, but not numbers that are none") {
        const Run run;
        const auto strip = [](Bytes& b) { b.replace("\"tensor_crc32\":", "\"tensor_none!\":"); };
        run.damage(strip);
        for (const std::vector<std::string>& command : run.commands()) {
            CAPTURE(command[0]);
            const Ran ran = microdualnet(command);
            CHECK(ran.code == 0);
            CHECK(!contains(ran.err, {"checksum"}));
            CHECK(!contains(ran.err, {"warning"}));
        }
        struct Wrong {
            const char* name;
            float number;
            const char* says;
        };
        for (const Wrong& wrong : {Wrong{weight, NAN, "holds nan"},
                                   {"backbone.bn1.running_var", INFINITY, "holds inf"},
                                   {"backbone.bn1.running_var", -1, "a variance is never negative"},
                                   {"classifier.fc2.bias", -INFINITY, "holds -inf"}}) {
            CAPTURE(wrong.name);
            run.damage([&](Bytes& b) {
                strip(b);
                b.numbers(wrong.name)[1] = wrong.number;
            });
            for (const std::vector<std::string>& command : run.commands()) {
                CAPTURE(command[0]);
                CHECK_MISTAKE(microdualnet(command),
                              {run.path + ": tensor '" + wrong.name + "'", wrong.says, "hint: "});
            }
        }
        run.damage([&](Bytes& b) {
            strip(b);
            b.numbers(momentum)[1] = NAN;
        });
        CHECK_MISTAKE(microdualnet(run.commands().back()),
                      {run.path + ": tensor '" + momentum + "' holds nan"});
    }
}
