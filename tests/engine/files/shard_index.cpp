#include "engine/files/shard_index.h"

#include "tests/data/temporary_dataset.h"

using namespace mdn;
using test::contains;
using test::error_of;

namespace {

std::string refusal(const std::string& text) {
    const std::string message = error_of([&] { parse_shard_index(text, "x.index.json"); });
    CHECK_MESSAGE(message.starts_with("x.index.json"), message);
    return message;
}

}  // namespace

TEST_SUITE("engine/files/shard_index") {
    TEST_CASE("the map is read as Hugging Face's libraries write it, and the rest passed over") {
        const ShardIndex index = parse_shard_index(
            R"({"metadata": {"total_size": 12, "weight_map": {"no": "no.bin"}, "more": [1, {}]},
                "weight_map": {"a.weight": "m-00001-of-00002.safetensors",
                               "b.weight": "m-00002-of-00002.safetensors",
                               "a.bias": "m-00001-of-00002.safetensors"},
                "after": {"c": "c.bin"}})",
            "x");
        CHECK(index.files == std::vector<std::string>{"m-00001-of-00002.safetensors",
                                                      "m-00002-of-00002.safetensors"});
        CHECK(index.file_of.size() == 3);
        CHECK(index.file_of.at("a.bias") == 0);
        CHECK(index.file_of.at("b.weight") == 1);
        CHECK(parse_shard_index(R"({"weight_map": {"a": "sub/..x/m.bin"}})", "x").files.size() ==
              1);
    }

    TEST_CASE("files outside the folder are never named") {
        for (const char* path : {"/etc/passwd", "../m.bin", "a/../../m.bin", "a/..", "..", ""}) {
            INFO(std::string(path));
            CHECK(contains(refusal(R"({"weight_map": {"a.weight": ")" + std::string(path) + "\"}}"),
                           {"'a.weight'", "no file of the index's folder"}));
        }
    }

    TEST_CASE("what is not an index says why") {
        CHECK(contains(refusal(""), {"not JSON"}));
        CHECK(contains(refusal("{"), {"not JSON (byte 2)"}));
        CHECK(contains(refusal("[]"), {"no \"weight_map\""}));
        CHECK(contains(refusal(R"({"weight_map": 3})"), {"no \"weight_map\""}));
        CHECK(contains(refusal(R"({"weight_map": {}})"), {"empty"}));
        CHECK(contains(refusal(R"({"weight_map": {"a": 3}})"), {"'a' is not the name of a file"}));
        CHECK(contains(refusal(R"({"weight_map": {"a": []}})"), {"'a' is not the name"}));
        CHECK(contains(refusal(R"({"weight_map": {"a": {"b": "c"}}})"), {"'a' is not the name"}));
        CHECK(contains(refusal(R"({"weight_map": {"a": "x", "a": "y"}})"), {"'a' twice"}));
        CHECK(contains(refusal(R"({"weight_map": {"a": "x"}, "weight_map": {"b": "y"}})"),
                       {"two weight_maps"}));
        refusal(std::string(100'000, '['));
    }
}
