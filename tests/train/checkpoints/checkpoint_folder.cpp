// Checkpoints in several files, and folders that hold one.
#include "train/checkpoints/checkpoint_folder.h"

#include "engine/ops.h"
#include "tests/train/checkpoints/torchvision_project.h"

using namespace mdn;
using test::contains;
using test::microdualnet;
using test::Named;
using test::Ran;
using test::TorchvisionProject;

TEST_SUITE("train/checkpoints/checkpoint_folder") {
    TEST_CASE("shards are read through their index, as a folder and by their numbers") {
        TorchvisionProject project;
        REQUIRE(project.import().code == 0);
        const std::string wanted = test::bytes_of(project.file("W.safetensors"));
        const auto middle =
            project.tensors.begin() + static_cast<std::ptrdiff_t>(project.tensors.size() / 2);
        const Named first(project.tensors.begin(), middle), second(middle, project.tensors.end());
        const std::string folder = project.file("sharded"),
                          one = "model-00001-of-00002.safetensors",
                          two = "model-00002-of-00002.safetensors",
                          index = folder + "/model.safetensors.index.json";
        std::filesystem::create_directory(folder);
        const auto write_index = [&](const std::string& more) {
            std::string map;
            for (const auto& [part, name] : {std::pair(&first, one), {&second, two}})
                for (const auto& entry : *part)
                    map.append(map.empty() ? "" : ",")
                        .append("\"" + entry.first + "\":\"" + name + "\"");
            test::write(index, "{\"metadata\":{},\"weight_map\":{" + map + more + "}}");
        };
        write_safetensors(folder + "/" + one, first);
        write_safetensors(folder + "/" + two, second);
        write_index("");
        const auto import = [&](const std::string& what) {
            std::filesystem::remove(project.file("W.safetensors"));
            return microdualnet({"import", what, "--config", project.config, "--out",
                                 project.file("W.safetensors")});
        };
        for (const std::string& what : {index, folder, folder + "/"}) {
            INFO(what);
            const Ran ran = import(what);
            INFO(ran.err);
            REQUIRE(ran.code == 0);
            CHECK(contains(ran.out, {what + ": safetensors, 2 shards, "}));
            CHECK(test::bytes_of(project.file("W.safetensors")) == wanted);
        }
        SUBCASE("nothing of what is read is overwritten") {
            for (const std::string& kept : {folder + "/" + one, folder + "/" + two, index})
                CHECK_MISTAKE(
                    microdualnet({"import", folder, "--config", project.config, "--out", kept}),
                    {kept, "would overwrite"});
        }
        SUBCASE("without the index") {
            std::filesystem::remove(index);
            CHECK(import(folder).code == 0);
            CHECK(test::bytes_of(project.file("W.safetensors")) == wanted);
            test::write(folder + "/training_args.bin", "not weights");
            test::write(folder + "/optimizer.pt", "not weights");
            CHECK(import(folder).code == 0);
            std::filesystem::remove(folder + "/" + one);
            CHECK_MISTAKE(import(folder), {"1 of the 2 shards", "number 1 is missing"});
        }
        SUBCASE("a shard is missing") {
            std::filesystem::remove(folder + "/" + two);
            CHECK_MISTAKE(import(folder), {index, "names " + two, "downloaded"});
        }
        SUBCASE("a shard lacks what the index promises") {
            write_index(",\"more.weight\":\"" + two + "\"");
            CHECK_MISTAKE(import(folder), {index, "'more.weight'", two, "belong together"});
        }
        SUBCASE("two shards hold a tensor: the index decides, and without one nobody does") {
            Named more = second;
            more.emplace_back(first[0].first, scale(first[0].second, 3));
            write_safetensors(folder + "/" + two, more);
            CHECK(import(folder).code == 0);
            CHECK(test::bytes_of(project.file("W.safetensors")) == wanted);
            std::filesystem::remove(index);
            CHECK_MISTAKE(import(folder), {"'" + first[0].first + "'", one, two});
        }
        SUBCASE("a single file in a folder, and several") {
            const std::string other = project.file("single");
            std::filesystem::create_directory(other);
            CHECK_MISTAKE(import(other), {other, "without a checkpoint"});
            std::filesystem::copy(project.file("C.safetensors"), other + "/a.safetensors");
            CHECK(import(other).code == 0);
            CHECK(test::bytes_of(project.file("W.safetensors")) == wanted);
            std::filesystem::copy(other + "/a.safetensors", other + "/b.safetensors");
            CHECK_MISTAKE(import(other), {"several", "a.safetensors, b.safetensors"});
            std::filesystem::rename(other + "/b.safetensors", other + "/model.safetensors");
            test::write(other + "/a.safetensors", "spoiled");
            CHECK(import(other).code == 0);
        }
        CHECK_MISTAKE(microdualnet({"eval", "--weights", folder, "--data", project.data}),
                      {folder, "is a folder", "import"});
    }
}
