// The files that other programs read: docs/inside.md lists every field, and this fails if a field
// comes, goes or changes its type without a word there.
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/train/ablation/answers.h"
#include "tests/train/program.h"
#include "train/ablation/tables.h"

using namespace mdn;
using namespace mdn::test;

namespace {

/// Field and type of each row "| `field` | type | …" of the table behind a heading.
std::map<std::string, std::string> documented(const std::string& heading) {
    const std::string page = bytes_of("docs/inside.md");
    const size_t begin = page.find("\n" + heading + "\n");
    REQUIRE_MESSAGE(begin != std::string::npos, heading);
    std::istringstream lines(page.substr(begin + heading.size() + 2));
    std::map<std::string, std::string> fields;
    for (std::string line; std::getline(lines, line) && !line.starts_with("#");) {
        if (!line.starts_with("| `")) continue;
        const size_t end = line.find('`', 3), type = line.find("| ", end) + 2;
        fields[line.substr(3, end - 3)] = line.substr(type, line.find(" |", type) - type);
    }
    return fields;
}

std::string type_of(const nlohmann::json& value) {
    return value.is_number_integer() ? "integer"
           : value.is_number()       ? "number"
           : value.is_string()       ? "text"
           : value.is_array()        ? "list"
           : value.is_object()       ? "object"
                                     : "null";
}

/// Every field of an object, those of the objects in it as "action.top1", and of the objects in a
/// list as "classes[].name"; what is under an entity's or a class's name is left out.
void collect(const nlohmann::json& object, const std::string& prefix,
             std::map<std::string, std::string>& fields) {
    for (const auto& [name, value] : object.items()) {
        const std::string path = prefix + name;
        fields[path] = type_of(value);
        if (value.is_object() && name != "alpha_st") collect(value, path + ".", fields);
        if (value.is_array() && !value.empty() && value.front().is_object())
            for (const auto& each : value) collect(each, path + "[].", fields);
    }
}

}  // namespace

TEST_SUITE("train/output/documented_fields") {
    TEST_CASE("log.jsonl has the documented fields, of the documented types") {
        SmallProject project;
        const std::string run = project.file("run");
        const auto train = project.train(run, {"--epochs", "1", "--schedule", "constant"});
        REQUIRE(microdualnet(train).code == 0);
        REQUIRE(microdualnet({"train", "--resume", "--out", run, "--epochs", "2"}).code == 0);
        std::map<std::string, std::map<std::string, std::string>> seen;  // by kind
        std::istringstream log(bytes_of(run + "/log.jsonl"));
        for (std::string line; std::getline(log, line);) {
            const auto object = nlohmann::json::parse(line);
            collect(object, "", seen[object.at("kind")]);
        }
        CHECK(seen.size() == 3);
        CHECK(seen["setting"] == documented("### A line per changed setting"));
        CHECK(seen["step"] == documented("### A line per step"));
        CHECK(seen["epoch"] == documented("### A line per epoch"));
    }

    TEST_CASE("eval --json has the documented fields, of the documented types") {
        SmallProject project;
        const std::string run = project.file("run");
        REQUIRE(microdualnet(project.train(run, {"--epochs", "1"})).code == 0);
        const auto fields = [&] {
            const Ran ran = microdualnet(
                {"eval", "--weights", run + "/best.safetensors", "--data", project.data, "--json"});
            INFO(ran.err);
            REQUIRE(ran.code == 0);
            std::map<std::string, std::string> result;
            collect(nlohmann::json::parse(ran.out), "", result);
            return result;
        };
        const auto all = documented("### `eval --json`");
        CHECK(fields() == all);
        // Without body-level classes, and with a single path, these are left out and nothing else.
        write(project.data + "/labels.txt", "0\tnodding\n1\twaving\n2\tshaking head\n");
        std::string json = small_config_json;
        json.pop_back();
        write(project.config, json + R"(,"paths":"st"})");
        REQUIRE(microdualnet(project.train(run, {"--epochs", "1", "--overwrite"})).code == 0);
        auto fewer = all;
        for (const char* field : {"body", "body.top1", "body.f1_macro", "body.f1_micro", "f1_mean",
                                  "alpha_st", "classes[].alpha_st"})
            CHECK(fewer.erase(field) == 1);
        CHECK(fields() == fewer);
    }

    TEST_CASE("ablation.json has the documented fields, of the documented types") {
        const auto fields = [](const AblationAnswers& answers, Published published) {
            std::map<std::string, std::string> result;
            collect(nlohmann::json::parse(ablation_json(answers, ablation_result(answers),
                                                        {.data = "data",
                                                         .split = "test",
                                                         .model = "preset tiny",
                                                         .settings = {},
                                                         .row_settings = {{"tsm", {}}},
                                                         .published = published})
                                              .dump()),
                    "", result);
            // The five fields of a number over seeds are told once.
            std::erase_if(result, [](const auto& field) {
                const std::string& name = field.first;
                const std::string told = "rows[].top1.";
                const size_t dot = name.rfind('.');
                return dot != std::string::npos && !name.starts_with(told) &&
                       std::set<std::string>{"mean", "deviation", "lowest", "highest", "of_seeds"}
                           .contains(name.substr(dot + 1));
            });
            return result;
        };
        auto all = documented("### `ablation.json`");
        CHECK(fields(random_answers({0, 1}, 30, 1), Published::ma52) == all);
        // Without body-level classes and what is published, these are left out and nothing else.
        AblationAnswers plain = random_answers({0, 1}, 30, 1);
        plain.classes.body_of.clear();
        for (const char* field : {"rows[].f1_mean", "rows[].published_top1"})
            CHECK(all.erase(field) == 1);
        CHECK(fields(plain, Published::none) == all);
        plain.rows.resize(1);
        plain.predicted.resize(1);
        for (const char* field :
             {"classes[].difference", "differences[].row", "differences[].minus",
              "differences[].top1", "differences[].same_sign", "differences[].interval_clips",
              "differences[].interval_clips_and_seeds"})
            CHECK(all.erase(field) == 1);
        CHECK(fields(plain, Published::none) == all);
    }
}
