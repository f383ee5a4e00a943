#include "train/output_paths.h"

#include "engine/safetensors.h"
#include "model/micro_dualnet.h"
#include "tests/train/program.h"
#include "train/checkpoint.h"

using namespace mdn;
using namespace mdn::testing;

TEST_SUITE("train/output_paths") {
    TEST_CASE("an output is no input and no other output, however it is spelled") {
        TemporaryFolder folder;
        const auto in = [&](const std::string& name) { return (folder / name).string(); };
        write(folder / "weights", "precious");
        std::filesystem::create_symlink(in("weights"), in("link"));
        std::filesystem::create_symlink(folder.path(), in("here"));
        const auto refused = [](const std::vector<NamedPath>& outputs,
                                const std::vector<NamedPath>& inputs) {
            return error_of([&] { check_outputs(outputs, inputs); });
        };
        const NamedPath weights{"--weights", in("weights")};
        for (const char* same : {"weights", "./weights", "here/weights", "link", "no/../weights"}) {
            CAPTURE(same);
            CHECK(contains(refused({{"--report", in(same)}}, {weights}),
                           {"--report", in(same), "overwrite", "--weights"}));
        }
        // Neither of these exists yet.
        CHECK(contains(refused({{"--report", in("a")}, {"--confusion", in("here/a")}}, {}),
                       {"--report and --confusion cannot both write"}));
        CHECK(contains(refused({{"--report", in("a.partial")}, {"--confusion", in("a")}}, {}),
                       {"cannot both"}));
        write(folder / "b.partial", "precious");
        CHECK(contains(refused({{"--report", in("b")}}, {{"--weights", in("b.partial")}}),
                       {"overwrite"}));
        CHECK(contains(refused({{"--report", in("no/such")}}, {weights}), {"no/such"}));
        CHECK(bytes_of(folder / "b.partial") == "precious");

        check_outputs({{"--report", in("a")}, {"--confusion", in("c")}, {"--json-file", ""}},
                      {weights, {"--config", ""}});
        CHECK_FALSE(std::filesystem::exists(in("a")));
    }

    TEST_CASE("every command that writes files keeps those it reads") {
        SmallProject project;
        const std::string weights = project.file("w.safetensors"), data = project.data;
        const MicroDualNet model(load_config(project.config), 1);
        write_safetensors(weights, weights_to_disk(model.parameters()));
        const std::string before = bytes_of(weights), csv = project.file("x.csv");
        const auto run = [&](const std::string& command, const std::vector<std::string>& more) {
            std::vector<std::string> arguments = {command, "--config", project.config, "--weights",
                                                  weights};
            arguments.insert(arguments.end(), more.begin(), more.end());
            return microdualnet(arguments);
        };
        for (const char* option : {"--json-file", "--confusion", "--report"})
            CHECK_MISTAKE(run("eval", {"--data", data, option, weights}), {option, "--weights"});
        CHECK_MISTAKE(run("eval", {"--data", data, "--report", csv, "--confusion", csv}),
                      {"cannot both"});
        for (const char* option : {"--submission", "--predictions"})
            CHECK_MISTAKE(run("predict", {"--dataset", data, option, weights}),
                          {option, "--weights"});
        CHECK_MISTAKE(run("predict", {"--dataset", data, "--predictions", project.config}),
                      {"--predictions", "--config"});
        const std::string timeline = project.file("t.csv");
        std::filesystem::create_symlink(weights, timeline);
        CHECK_MISTAKE(run("predict", {"--dataset", data, "--clip", "val_0", "--window", "2",
                                      "--timeline", timeline}),
                      {"--timeline", "--weights"});
        for (const char* command : {"trace", "overfit"})
            CHECK_MISTAKE(run(command, {"--dataset", data, "--clip", "val_0", "--output", weights}),
                          {"--output", "--weights"});
        CHECK(bytes_of(weights) == before);
        CHECK(bytes_of(project.config) == small_config);
    }
}
