// Every command that decodes clips with threads of its own, where the system gives none.
#include "tests/no_more_threads.h"
#include "tests/train/program.h"

using namespace mdn;
using namespace mdn::test;

TEST_SUITE("train/thread_limit") {
    TEST_CASE(
        "threads that cannot start are a mistake of --workers, in every command that has it") {
        SmallProject project;
        const std::string run = project.file("run"), weights = run + "/last.safetensors";
        REQUIRE(microdualnet(project.train(run, {"--epochs", "1"})).code == 0);
        const std::vector<std::vector<std::string>> commands = {
            project.train(project.file("other"), {"--epochs", "1", "--workers", "3"}),
            {"eval", "--weights", weights, "--data", project.data, "--workers", "3"},
            {"predict", "--weights", weights, "--data", project.data, "--predictions",
             project.file("p.csv"), "--split", "val", "--workers", "3"},
            {"predict", "--weights", weights, "--frames", project.data + "/frames/val_0",
             "--keypoints", project.data + "/keypoints/val_0", "--window", "2", "--fps", "25",
             "--workers", "3"},
            {"check", "--data", project.data, "--workers", "3"}};
        {
            const NoMoreThreads none;
            for (const std::vector<std::string>& command : commands) {
                CAPTURE(command[0]);
                CHECK_MISTAKE(microdualnet(command),
                              {"threads that decode frames could be started",
                               "Resource temporarily unavailable", "hint: lower --workers"});
            }
            // One clip is decoded by the calling thread, and computing goes on with it alone.
            CHECK(microdualnet({"predict", "--weights", weights, "--data", project.data, "--clip",
                                "val_0", "--threads", "4"})
                      .code == 0);
        }
        for (const std::vector<std::string>& command : commands) {
            CAPTURE(command[0]);
            const Ran ran = microdualnet(command);
            INFO(ran.err);
            CHECK(ran.code == 0);
        }
    }
}
