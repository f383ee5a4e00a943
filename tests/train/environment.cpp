// The commands, in a bare environment.
#include <cstdlib>
#include <optional>

#include "tests/train/program.h"

using namespace mdn;
using namespace mdn::test;

namespace {

/// An environment variable, unset while this lives.
class Unset {
  public:
    explicit Unset(const char* name) : name_(name) {
        if (const char* value = std::getenv(name)) before_ = value;
        unsetenv(name);
    }
    ~Unset() {
        if (before_) setenv(name_, before_->c_str(), 1);
    }

  private:
    const char* name_;
    std::optional<std::string> before_;
};

}  // namespace

TEST_SUITE("train/environment") {
    TEST_CASE("no command needs HOME or TMPDIR") {
        SmallProject project;
        const std::string run = project.file("run"), weights = run + "/last.safetensors";
        const std::vector<std::vector<std::string>> commands = {
            {"synth", "--out", project.file("synth"), "--subjects", "5", "--clips-per-class", "1",
             "--size", "32", "--min-frames", "4", "--max-frames", "6"},
            {"check", "--data", project.data},
            {"summary", "--config", project.config},
            project.train(run, {"--epochs", "1"}),
            project.train(run, {"--epochs", "1", "--resume"}),
            {"eval", "--weights", weights, "--data", project.data},
            {"predict", "--weights", weights, "--data", project.data, "--clip", "val_0"},
            {"predict", "--weights", weights, "--data", project.data, "--predictions",
             project.file("p.csv")},
            {"trace", "--weights", weights, "--data", project.data, "--clip", "val_0", "--output",
             project.file("t.safetensors")},
            {"overfit", "--weights", weights, "--data", project.data, "--clip", "val_0", "--steps",
             "1"},
            {"import", weights, "--config", project.config, "--out", project.file("w.safetensors")},
            {"compare", "--help"},
            {"keypoints", "--help"},
            {"lists", "--help"}};
        const Unset home("HOME"), temporary("TMPDIR");
        for (const std::vector<std::string>& command : commands) {
            CAPTURE(command[0]);
            const Ran ran = microdualnet(command);
            INFO(ran.err);
            CHECK(ran.code == 0);
        }
    }
}
