#include "tests/train/program.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "train/commands/command.h"

namespace mdn::test {

Ran microdualnet(const std::vector<std::string>& arguments) {
    std::ostringstream out, err;
    const int code = run_command(arguments, out, err);
    return {code, out.str(), err.str()};
}

std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::set<std::string> names_in(const std::filesystem::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.insert(entry.path().filename().string());
    return names;
}

const char* const small_config_json = R"({
 "classes": 3, "frames": 2, "size": 32, "entities": ["face", "left_hand"],
 "backbone": {"block": "basic", "depths": [1,1,1,1], "width": 8, "strides": [1,2,2,1]},
 "roi": 2, "dim": 8, "heads": 2, "layers": 1, "router_hidden": 4, "head_hidden": 8})";

SmallProject::SmallProject() {
    write(config, small_config_json);
    write(data + "/labels.txt", "0\tnodding\thead\n1\twaving\thand\n2\tshaking head\thead\n");
    uint64_t seed = 1;
    for (const auto& [split, clips] : {std::pair("train", 10), {"val", 3}, {"test", 3}}) {
        std::string list;
        for (int i = 0; i < clips; ++i) {
            std::string name = split;
            name.append("_").append(std::to_string(i));
            write_clip(data, name, 3, 40, 36, seed += 10);
            list.append(name).append(" 3 ").append(std::to_string(i % 3)).append("\n");
        }
        write(std::filesystem::path(data) / std::string(split).append(".txt"), list);
    }
}

std::vector<std::string> SmallProject::train(const std::string& out,
                                             const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"train", "--data", data,      "--config", config,
                                          "--out", out,      "--batch", "2",        "--threads",
                                          "2",     "--seed", "7"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

}  // namespace mdn::test
