#include "train/settings/command_line.h"

#include <doctest/doctest.h>

#include "tests/data/temporary_dataset.h"

using namespace mdn;
using namespace mdn::test;

namespace {

enum class Pet { cat, dog };

/// One option of each kind.
struct Sample {
    std::string folder, name = "x", source, other;
    int64_t count = 3;
    double rate = 0.5;
    std::vector<int64_t> steps;
    bool quick = false, fresh = false;
    Pet pet = Pet::cat;
    CommandLine options{"program sample", "an example", "The end.\n"};

    Sample() {
        options.text("FOLDER,--folder", folder, "DIR", "where to look");
        options.text("--name", name, "NAME", "what to call it");
        options.text("--source", source, "FILE", "one input");
        options.text("--other", other, "FILE", "another input");
        options.integer("--count", count, 1, 10, "how many");
        options.number("--rate", rate, 0, 1, "how fast");
        options.integers("--steps", steps, 1, 99, "when");
        options.flag("--quick", quick, "do less");
        options.flag("--fresh", fresh, "needs no input");
        options.choice("--pet", pet, Choices<Pet>{{"cat", Pet::cat}, {"dog", Pet::dog}}, "which");
    }
    bool parse(const std::vector<std::string>& arguments) { return options.parse(arguments); }
};

/// The message and hint for arguments that do not fit.
std::string refused(const std::vector<std::string>& arguments) {
    Sample sample;
    sample.options.require("FOLDER");
    sample.options.require_one({"--source", "--other"}, "--fresh");
    return error_of([&] { sample.parse(arguments); });
}

}  // namespace

TEST_SUITE("train/settings/command_line") {
    TEST_CASE("every kind of option is read, in either spelling and any order") {
        Sample sample;
        CHECK(sample.parse({"--quick", "here", "--count=7", "--rate", "1e-3", "--steps", "3,4",
                            "--pet", "dog", "--name", "a b"}));
        CHECK(sample.folder == "here");
        CHECK(sample.name == "a b");
        CHECK(sample.count == 7);
        CHECK(sample.rate == 1e-3);
        CHECK(sample.steps == std::vector<int64_t>{3, 4});
        CHECK(sample.quick);
        CHECK_FALSE(sample.fresh);
        CHECK(sample.pet == Pet::dog);
        CHECK(sample.options.given("--folder"));  // by its place
        CHECK(sample.options.given("--quick"));
        CHECK_FALSE(sample.options.given("--source"));

        Sample other;
        CHECK(other.parse({"--folder", "there", "--steps", "3", "4", "--count", "+2"}));
        CHECK(other.folder == "there");
        CHECK(other.steps == std::vector<int64_t>{3, 4});
        CHECK(other.count == 2);
        CHECK(other.pet == Pet::cat);
        CHECK(other.name == "x");
        // Several by their place, between options or behind a list of them.
        std::vector<std::string> folders;
        std::string name;
        CommandLine many{"program many", "an example", ""};
        many.positionals("DIR", folders, "folders");
        many.text("--name", name, "NAME", "what to call it");
        CHECK(many.parse({"a", "--name", "n", "b", "c"}));
        CHECK(folders == std::vector<std::string>{"a", "b", "c"});
        CHECK(contains(many.help(), {"DIR..."}));
        // A value may look like much.
        Sample odd;
        CHECK(odd.parse({"--name=--odd", "--source", "-1", "--folder", "[a,b]"}));
        CHECK(odd.name == "--odd");
        CHECK(odd.source == "-1");
        CHECK(odd.folder == "[a,b]");
        Sample last;
        CHECK(last.parse({"--steps", "3", "4", "--", "--count"}));
        CHECK(last.folder == "--count");
        CHECK(last.count == 3);
    }

    TEST_CASE("values that do not fit are named after their option") {
        CHECK(contains(refused({"--count", "abc"}), {"--count must be a whole number, not 'abc'"}));
        CHECK(contains(refused({"--count", "1.5"}), {"--count must be a whole number, not '1.5'"}));
        CHECK(contains(refused({"--count", "3x"}), {"--count must be a whole number, not '3x'"}));
        CHECK(contains(refused({"--count", "0"}), {"--count must be from 1 to 10, not 0"}));
        CHECK(contains(refused({"--count", "99999999999999999999"}),
                       {"--count must be from 1 to 10, not 99999999999999999999"}));
        CHECK(contains(refused({"--rate", "fast"}), {"--rate must be a number, not 'fast'"}));
        CHECK(contains(refused({"--rate", "nan"}), {"--rate must be from 0 to 1, not nan"}));
        CHECK(contains(refused({"--rate", "-1"}), {"--rate must be from 0 to 1, not -1"}));
        CHECK(contains(refused({"--steps", "3,0"}), {"--steps must be from 1 to 99, not 0"}));
        CHECK(contains(refused({"--steps", "3,"}), {"--steps must be a whole number, not ''"}));
        CHECK(contains(refused({"--pet", "dig"}),
                       {"--pet has no choice 'dig'", "did you mean 'dog'? one of cat|dog"}));
        CHECK(contains(refused({"--name", ""}), {"--name has an empty value"}));
    }

    TEST_CASE("what belongs to no option, or lacks its value, is told") {
        CHECK(contains(
            refused({"x", "--cuont", "3"}),
            {"unknown option '--cuont'", "did you mean '--count'?", "program sample --help"}));
        CHECK(contains(refused({"x", "--cuont=3"}), {"unknown option '--cuont'"}));
        CHECK(contains(refused({"x", "-count"}), {"unknown option '-count'", "'--count'"}));
        CHECK(contains(refused({"x", "y"}), {"unexpected argument 'y'"}));
        CHECK(contains(refused({"x", "y", "--cuont", "3"}), {"unexpected argument 'y'"}));
        CHECK(contains(refused({"x", "--folder", "y"}), {"unexpected argument 'x'"}));
        CHECK(contains(refused({"x", "--name"}), {"--name has no value", "--name NAME: what to"}));
        CHECK(contains(refused({"--name", "--count", "3"}),
                       {"--name has no value: --count follows it"}));
        CHECK(contains(refused({"--count", "1", "--count", "2"}),
                       {"--count is given more than once: 1, 2"}));
        CHECK(contains(refused({"--quick=maybe"}), {"--quick takes no value", "maybe"}));
    }

    TEST_CASE("what is required is said, unless something stands for it") {
        CHECK(contains(refused({"--source", "s"}),
                       {"FOLDER is missing", "give FOLDER (where to look)"}));
        CHECK(contains(refused({"x"}), {"--source or --other is missing",
                                        "give --source FILE or --other FILE, or --fresh"}));
        CHECK(contains(refused({"--count", "3"}),
                       {"FOLDER, --source or --other are missing",
                        "give FOLDER (where to look); --source FILE or --other FILE, or --fresh"}));
        for (const std::vector<std::string>& enough : std::vector<std::vector<std::string>>{
                 {"x", "--source", "s"}, {"x", "--other", "o"}, {"--folder", "x", "--fresh"}}) {
            Sample sample;
            sample.options.require("FOLDER");
            sample.options.require_one({"--source", "--other"}, "--fresh");
            CHECK(sample.parse(enough));
        }
    }

    TEST_CASE("what another option makes necessary is asked for where that is given") {
        const auto refused_beside = [](const std::vector<std::string>& arguments) {
            Sample sample;
            sample.options.require_beside("--source", {"--name", "--other"});
            return error_of([&] { sample.parse(arguments); });
        };
        CHECK(contains(refused_beside({"--source", "s"}),
                       {"--name or --other beside --source is missing", "give --name NAME or"}));
        for (const std::vector<std::string>& enough : std::vector<std::vector<std::string>>{
                 {}, {"--source", "s", "--other", "o"}, {"--name", "n"}}) {
            Sample sample;
            sample.options.require_beside("--source", {"--name", "--other"});
            CHECK(sample.parse(enough));
            CHECK(contains(sample.options.help(),
                           {"(this or --other REQUIRED with", "(this or --name REQUIRED with"}));
        }
    }

    TEST_CASE("an input that is not there is named with its option, and the nearest beside it") {
        const TemporaryFolder folder;
        const auto at = [&](const std::string& name) { return (folder / name).string(); };
        write(folder / "weights/best.safetensors", "x");
        const auto check = [&](const std::vector<std::string>& arguments) {
            Sample sample;
            sample.options.reads("--source");
            sample.options.reads_folder("FOLDER");
            REQUIRE(sample.parse(arguments));
            sample.options.check_inputs();
        };
        check({});
        check({at("weights"), "--source", at("weights/best.safetensors")});
        check({at("weights/"), "--source", at("weights"), "--other", at("none")});
        const std::string slip = error_of([&] {
            check({"--source", at("weights/bst.safetensors")});
        });
        CHECK(contains(slip, {"--source " + at("weights/bst.safetensors") + ": there is no such",
                              "did you mean '" + at("weights/best.safetensors") + "'?"}));
        CHECK(contains(error_of([&] { check({at("weight/")}); }),
                       {"no such folder", "did you mean '" + at("weights") + "'?"}));
        CHECK(contains(error_of([&] { check({at("quite/elsewhere")}); }),
                       {"no such folder", "where to look"}));
        std::filesystem::create_symlink("gone", folder / "weights/link");
        CHECK(contains(error_of([&] {
                           check({"--source", at("weights/link")});
                       }),
                       {"weights/link is a link to gone, which leads nowhere"}));
        CHECK(contains(error_of([&] { check({at("weights/link/")}); }), {"a link to gone, which"}));
        // A file is no folder, however near its name.
        CHECK(!contains(error_of([&] { check({at("weights/bst.safetensors")}); }), {"did you"}));
        CHECK(contains(error_of([&] { check({at("weights/best.safetensors")}); }),
                       {"best.safetensors is a file, not a folder", "where to look"}));
    }

    TEST_CASE("help marks exactly what is required, and nothing else is done") {
        Sample sample;
        sample.options.require("FOLDER");
        sample.options.require("--name");
        sample.options.require_one({"--source", "--other"}, "--fresh");
        CHECK_FALSE(sample.parse({"--count", "abc", "-h"}));
        CHECK_FALSE(sample.parse({"--help"}));
        const std::string help = sample.options.help();
        INFO(help);
        CHECK(help.starts_with("an example\nUsage: program sample FOLDER --name NAME [OPTIONS]\n"));
        CHECK(help.ends_with("\n\nThe end.\n"));
        CHECK(contains(
            help, {"  FOLDER, --folder DIR            where to look (REQUIRED)\n",
                   "  --name NAME [x]                 what to call it (REQUIRED)\n",
                   "  --source FILE                   one input (this or --other REQUIRED unless "
                   "--fresh)\n",
                   "  --count N [3]                   how many\n",
                   "  --rate X [0.5]                  how fast\n",
                   "  --pet cat|dog [cat]             which\n",
                   "  --quick                         do "
                   "less\n"}));
        size_t marks = 0;
        for (size_t at = 0; (at = help.find("REQUIRED", at)) != std::string::npos; ++at) ++marks;
        CHECK(marks == 4);
    }
}
