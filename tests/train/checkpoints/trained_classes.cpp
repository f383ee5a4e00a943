#include "train/checkpoints/trained_classes.h"

#include <doctest/doctest.h>

#include "engine/files/safetensors.h"
#include "tests/train/program.h"
#include "train/checkpoints/checkpoint.h"
#include "train/run_folder.h"

using namespace mdn;
using namespace mdn::test;

namespace {

using Arguments = std::vector<std::string>;

SafetensorsFile weights_of_classes(const std::string& names) {
    SafetensorsFile file;
    file.path = "best.safetensors";
    if (!names.empty()) file.metadata[metadata_classes] = names;
    return file;
}

/// Every command that shows a dataset's clips to trained weights.
std::vector<Arguments> commands_with(const SmallProject& project, const std::string& weights) {
    const Arguments clip = {"--weights", weights, "--dataset", project.data, "--clip", "val_0"};
    const auto of_clip = [&](const char* command, const Arguments& more) {
        Arguments all = {command};
        all.insert(all.end(), clip.begin(), clip.end());
        all.insert(all.end(), more.begin(), more.end());
        return all;
    };
    return {{"eval", "--weights", weights, "--data", project.data, "--split", "val"},
            {"predict", "--weights", weights, "--data", project.data, "--split", "val",
             "--predictions", project.file("predictions.csv")},
            of_clip("predict", {}),
            {"explain", "val_0", "--weights", weights, "--data", project.data, "--output",
             project.file("clip.html")},
            of_clip("trace", {}),
            of_clip("overfit", {"--steps", "1"}),
            of_clip("graph", {})};
}

}  // namespace

TEST_SUITE("train/checkpoints/trained_classes") {
    TEST_CASE("the names are a line each, with or without an end of the last") {
        CHECK(trained_classes(weights_of_classes("a\nb c\n")) == Arguments{"a", "b c"});
        CHECK(trained_classes(weights_of_classes("a\nb c")) == Arguments{"a", "b c"});
        CHECK(trained_classes(weights_of_classes("")).empty());
    }

    TEST_CASE("a class with the name of another is an error, and one with a new name is not") {
        const SafetensorsFile weights = weights_of_classes("nodding\nwaving\nsitting\nwaving\n");
        CHECK(check_classes(weights, {"nodding", "waving", "sitting", "waving"}, "data").empty());
        CHECK(check_classes(weights_of_classes(""), {"a", "b"}, "data").empty());
        const std::string renamed =
            check_classes(weights, {"nodding", "waving", "to sit", "to wave"}, "data");
        CHECK(renamed ==
              "class 2 is 'to sit' in data, and 'sitting' where best.safetensors was trained; 1 "
              "other class differs");
        const Arguments swapped = {"sitting", "waving", "nodding", "waving"};
        CHECK(contains(error_of([&] { check_classes(weights, swapped, "data"); }),
                       {"class 0 is 'sitting' in data, and 'nodding' where best.safetensors was",
                        "labels.txt"}));
        CHECK(contains(class_difference(weights, swapped, "data"), {"class 0 is 'sitting'"}));
        // One that was renamed, and one that took its old name.
        CHECK(
            contains(error_of([&] {
                         check_classes(weights, {"nodding", "raising", "waving", "waving"}, "data");
                     }),
                     {"class 2 is 'waving'"}));
    }

    TEST_CASE("no command counts a class of a dataset as another one of the weights") {
        SmallProject project;
        const std::string run = project.file("run"), labels = project.data + "/labels.txt";
        REQUIRE(microdualnet(project.train(run, {"--epochs", "1"})).code == 0);
        const std::string weights = last_checkpoint(run);
        for (const Arguments& command : commands_with(project, weights)) {
            const Ran ran = microdualnet(command);
            CHECK_MESSAGE(ran.code == 0, command[0], ": ", ran.err);
            CHECK(ran.err.find("where") == std::string::npos);
        }
        // One that the lists do not have.
        CHECK_MISTAKE(microdualnet({"predict", "--weights", weights, "--data", project.data,
                                    "--clip", "val_10"}),
                      {"no clip 'val_10'", "did you mean 'val_0'?"});

        const std::string fitted = project.file("fitted.safetensors");
        REQUIRE(microdualnet({"overfit", "--weights", weights, "--data", project.data, "--clip",
                              "val_0", "--steps", "1", "--output", fitted})
                    .code == 0);
        CHECK(read_safetensors(fitted).metadata.at(metadata_classes) ==
              classes_text({"nodding", "waving", "shaking head"}));

        write(labels, "0\twaving\thand\n1\tnodding\thead\n2\tshaking head\thead\n");
        for (const Arguments& command : commands_with(project, weights)) {
            INFO(command[0]);
            CHECK_MISTAKE(microdualnet(command), {"class 0 is 'waving' in " + project.data,
                                                  "'nodding' where", "labels.txt"});
        }
        // Weights that were brought in anew keep the names.
        const std::string imported = project.file("imported.safetensors");
        REQUIRE(microdualnet({"import", weights, "--config", project.config, "--data", project.data,
                              "--out", imported})
                    .code == 0);
        CHECK(trained_classes(read_safetensors(imported)) ==
              Arguments{"nodding", "waving", "shaking head"});
        CHECK_MISTAKE(microdualnet(commands_with(project, imported)[0]), {"class 0 is 'waving'"});
        const Arguments go_on = {"train", "--resume", "--out", run, "--epochs", "1"};
        CHECK_MISTAKE(microdualnet(go_on), {"class 0 is 'waving'"});
        // Training on from weights of other classes is how a model learns new ones.
        const Ran fine_tuned =
            microdualnet(project.train(project.file("b"), {"--epochs", "1", "--init", weights}));
        CHECK(fine_tuned.code == 0);
        CHECK(contains(fine_tuned.out, {"warning: class 0 is 'waving'"}));

        write(labels, "0\tnodding\thead\n1\twaving\thand\n");
        for (const char* list : {"train", "val"})
            write(project.data + "/" + list + ".txt", "val_0 3 0\nval_1 3 1\n");
        write(project.config, std::string(small_config_json).replace(3, 12, "\"classes\": 2"));
        CHECK_MISTAKE(microdualnet(project.train(project.file("c"), {"--init", weights})),
                      {"was trained on 3 classes, and " + project.data + " has 2", "import"});
    }

    TEST_CASE("classes that only have new names are told of, and their work is done") {
        SmallProject project;
        const std::string run = project.file("run"), labels = project.data + "/labels.txt";
        REQUIRE(microdualnet(project.train(run, {"--epochs", "1"})).code == 0);
        const std::string weights = last_checkpoint(run);
        write(labels, "0\tto nod\thead\n1\twaving\thand\n2\tshaking head\thead\n");
        for (const Arguments& command : commands_with(project, weights)) {
            const Ran ran = microdualnet(command);
            CHECK_MESSAGE(ran.code == 0, command[0], ": ", ran.err);
            CHECK(contains(ran.err, {"warning: class 0 is 'to nod'"}));
        }
        const Ran resumed = microdualnet({"train", "--resume", "--out", run, "--epochs", "1"});
        CHECK(resumed.code == 0);
        CHECK(contains(resumed.out, {"warning: class 0 is 'to nod'"}));
    }
}
