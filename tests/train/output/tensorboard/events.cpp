#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <sstream>

#include <nlohmann/json.hpp>

#include "engine/files/crc32c.h"
#include "engine/files/safetensors.h"
#include "tests/torch_checkpoints/fresh.h"
#include "tests/train/program.h"
#include "train/output/tensorboard/event_file.h"
#include "train/output/tensorboard/pictures.h"
#include "train/output/tensorboard/run_events.h"
#include "train/run_folder.h"

using namespace mdn;
using namespace mdn::test;

namespace {

uint64_t little_endian(std::string_view bytes) {
    uint64_t value = 0;
    for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
    return value;
}

uint32_t unmasked(uint32_t checksum) { return std::rotl(checksum - 0xA282EAD8u, 15); }

/// The data of a file's records; checks lengths and checksums.
std::vector<std::string> records_of(const std::string& path) {
    const std::string bytes = bytes_of(path);
    std::vector<std::string> records;
    size_t at = 0;
    while (at < bytes.size()) {
        REQUIRE(at + 12 <= bytes.size());
        const std::string_view length(bytes.data() + at, 8);
        CHECK(unmasked(static_cast<uint32_t>(
                  little_endian(std::string_view(bytes).substr(at + 8, 4)))) == crc32c(length));
        const size_t count = little_endian(length);
        REQUIRE(at + 12 + count + 4 <= bytes.size());
        records.push_back(bytes.substr(at + 12, count));
        CHECK(unmasked(static_cast<uint32_t>(little_endian(
                  std::string_view(bytes).substr(at + 12 + count, 4)))) == crc32c(records.back()));
        at += 12 + count + 4;
    }
    return records;
}

/// A protobuf message's fields as numbers (varint or fixed) and bytes.
struct Field {
    int number;
    uint64_t value = 0;
    std::string bytes = {};
};

std::vector<Field> fields_of(const std::string& message) {
    std::vector<Field> fields;
    size_t at = 0;
    const auto varint = [&] {
        uint64_t value = 0;
        for (int shift = 0;; shift += 7) {
            REQUIRE(at < message.size());
            const auto byte = static_cast<uint8_t>(message[at++]);
            value |= static_cast<uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return value;
        }
    };
    const auto take = [&](size_t count) {
        REQUIRE(at + count <= message.size());
        at += count;
        return message.substr(at - count, count);
    };
    while (at < message.size()) {
        const uint64_t tag = varint();
        Field field{static_cast<int>(tag >> 3)};
        const int wire_type = static_cast<int>(tag & 7);
        if (wire_type == 0) field.value = varint();
        if (wire_type == 1) field.value = little_endian(take(8));
        if (wire_type == 2) field.bytes = take(varint());
        if (wire_type == 5) field.value = little_endian(take(4));
        REQUIRE((wire_type == 0 || wire_type == 1 || wire_type == 2 || wire_type == 5));
        fields.push_back(field);
    }
    return fields;
}

const Field* find(const std::vector<Field>& fields, int number) {
    for (const Field& field : fields)
        if (field.number == number) return &field;
    return nullptr;
}

struct Scalar {
    int64_t step;
    float value;
};

/// Everything in a file, by tag.
struct Events {
    std::map<std::string, std::vector<Scalar>> scalars;
    std::map<std::string, std::vector<std::pair<int64_t, std::string>>> images;  // PNG bytes
    std::vector<int64_t> starts;
    std::string version;
};

Events read_events(const std::string& path) {
    Events events;
    for (const std::string& record : records_of(path)) {
        const auto event = fields_of(record);
        const Field* const time = find(event, 1);
        REQUIRE(time);
        CHECK(std::bit_cast<double>(time->value) > 1.6e9);
        const Field* const step = find(event, 2);
        if (const Field* version = find(event, 3)) events.version = version->bytes;
        if (const Field* log = find(event, 7)) {
            CHECK(find(fields_of(log->bytes), 1)->value == 1);
            events.starts.push_back(static_cast<int64_t>(step->value));
        }
        const Field* const summary = find(event, 5);
        if (!summary) continue;
        for (const Field& value : fields_of(summary->bytes)) {
            CHECK(value.number == 1);
            const auto parts = fields_of(value.bytes);
            const std::string tag = find(parts, 1)->bytes;
            if (const Field* number = find(parts, 2))
                events.scalars[tag].push_back(
                    {static_cast<int64_t>(step->value),
                     std::bit_cast<float>(static_cast<uint32_t>(number->value))});
            if (const Field* image = find(parts, 4)) {
                const auto picture = fields_of(image->bytes);
                CHECK(find(picture, 3)->value == 3);
                events.images[tag].emplace_back(static_cast<int64_t>(step->value),
                                                find(picture, 4)->bytes);
            }
        }
    }
    return events;
}

Image decoded(const std::string& png, const TemporaryFolder& folder) {
    const std::string path = (folder / "picture.png").string();
    write(path, png);
    return read_image(path);
}

}  // namespace

TEST_SUITE("train/output/tensorboard/events") {
    TEST_CASE("records and messages read back as what was written") {
        TemporaryFolder folder;
        const std::string runs = (folder / "a/b").string();
        {
            EventFile file(runs);
            file.scalars(7, {{"loss", 0.5}, {"nothing", NAN}, {"large", -1e30}});
            file.restart_at(9);
            file.image(11, "square",
                       Image{.width = 2, .height = 1, .pixels = {1, 2, 3, 250, 0, 9}});
        }
        REQUIRE(event_files(runs).size() == 1);
        const Events events = read_events(event_files(runs).front());
        CHECK(events.version == "brain.Event:2");
        CHECK(events.starts == std::vector<int64_t>{9});
        REQUIRE(events.scalars.at("loss").size() == 1);
        CHECK(events.scalars.at("loss").front().step == 7);
        CHECK(events.scalars.at("loss").front().value == 0.5f);
        CHECK(std::isnan(events.scalars.at("nothing").front().value));
        CHECK(events.scalars.at("large").front().value == -1e30f);
        const auto& square = events.images.at("square").front();
        CHECK(square.first == 11);
        CHECK(decoded(square.second, folder).pixels == std::vector<uint8_t>{1, 2, 3, 250, 0, 9});
        CHECK_THROWS_AS(EventFile("/proc/nowhere"), Error);
    }

    TEST_CASE("curves of two runs do not become one, and a run is not lost to a bad folder") {
        SmallProject project;
        const std::string one = project.file("one"), two = project.file("two");
        const std::string board = project.file("board"), other = project.file("other");
        const std::vector<std::string> short_run = {"--epochs", "1", "--schedule", "constant",
                                                    "--tensorboard"};
        const auto with = [&](const std::string& folder) {
            auto all = short_run;
            all.push_back(folder);
            return all;
        };
        REQUIRE(microdualnet(project.train(one, with(board))).code == 0);
        REQUIRE(microdualnet(project.train(two, with(other))).code == 0);
        const auto resume = [&](const std::string& folder) {
            return microdualnet(
                {"train", "--resume", "--out", two, "--epochs", "2", "--tensorboard", folder});
        };
        CHECK_MISTAKE(resume(board), {"--tensorboard " + board, "another run", other});
        CHECK(resume(project.file("two/../other")).code == 0);
        CHECK(event_files(board).size() == 1);
        CHECK(event_files(other).size() == 2);

        const std::string best = bytes_of(best_checkpoint(one));
        const std::string labels = project.data + "/labels.txt", before = bytes_of(labels);
        auto again = project.train(one, with(labels));
        again.emplace_back("--overwrite");
        CHECK(microdualnet(again).code == 2);
        CHECK(bytes_of(best_checkpoint(one)) == best);
        auto profiled = project.train(project.file("three"), {"--profile-trace", labels});
        CHECK_MISTAKE(microdualnet(profiled), {"--profile-trace", "labels.txt"});
        CHECK(bytes_of(labels) == before);
    }

    TEST_CASE("a run's curves are those of its log, and a run that goes on drops what it repeats") {
        SmallProject project;
        const std::string out = project.file("run"), board = project.file("board");
        const Ran first = microdualnet(project.train(
            out, {"--epochs", "2", "--tensorboard", board, "--schedule", "constant"}));
        INFO(first.err);
        REQUIRE(first.code == 0);
        // As --resume needs it: an epoch more.
        const Ran more = microdualnet(
            {"train", "--out", out, "--resume", "--epochs", "3", "--tensorboard", board});
        INFO(more.err);
        REQUIRE(more.code == 0);
        const auto files = event_files(board);
        REQUIRE(files.size() == 2);
        Events events = read_events(files[0]);
        CHECK(events.starts.empty());
        const Events later = read_events(files[1]);
        CHECK(later.starts == std::vector<int64_t>{10});
        for (const auto& [tag, scalars] : later.scalars)
            for (const Scalar& scalar : scalars) {
                CHECK(scalar.step >= 10);
                events.scalars[tag].push_back(scalar);
            }

        std::istringstream log(bytes_of(out + "/log.jsonl"));
        std::map<std::string, std::vector<double>> expected;
        std::vector<int64_t> steps;
        for (std::string line; std::getline(log, line);) {
            const auto object = nlohmann::json::parse(line);
            const std::string kind = object["kind"];
            if (kind == "setting") continue;
            if (kind == "step") steps.push_back(object["step"]);
            for (const auto& [name, value] : object.items()) {
                const std::string tag = kind + "/" + name;
                if (value.is_number() && name != "step") expected[tag].push_back(value);
                if (value.is_array()) {
                    expected[tag + "/face"].push_back(value[0]);
                    expected[tag + "/left_hand"].push_back(value[1]);
                }
            }
        }
        CHECK(expected.contains("epoch/val_alpha_st/left_hand"));
        CHECK(events.scalars.size() == expected.size());
        for (const auto& entry : expected) {
            INFO(entry.first);
            const auto& scalars = events.scalars[entry.first];
            REQUIRE(scalars.size() == entry.second.size());
            for (size_t i = 0; i < scalars.size(); ++i)
                CHECK(scalars[i].value == doctest::Approx(entry.second[i]));
        }
        const auto& losses = events.scalars.at("step/loss");
        for (size_t i = 0; i < steps.size(); ++i) CHECK(losses[i].step == steps[i]);
        const auto& epochs = events.scalars.at("epoch/val_top1");
        CHECK(epochs[0].step == 4);
        CHECK(epochs[1].step == 9);
        CHECK(epochs[2].step == 14);

        // Frames side by side, and as many squares as classes.
        REQUIRE(events.images.at("train/frames").size() == 2);
        const Image frames = decoded(events.images.at("train/frames").front().second, project);
        CHECK(frames.width == 2 * 32);
        CHECK(frames.height == 32);
        const Image confusion = decoded(events.images.at("val/confusion").front().second, project);
        CHECK(confusion.width == 3 * 24 + 1);

        // TensorBoard's own reader, which drops what a restart repeats.
        if (python_has("tensorboard.backend.event_processing.event_accumulator")) {
            const std::string script = project.file("read.py");
            write(
                script,
                "import sys, json\n"
                "from tensorboard.backend.event_processing import event_accumulator as ea\n"
                "a = ea.EventAccumulator(sys.argv[1], size_guidance={ea.SCALARS: 0, ea.IMAGES: 0, "
                "ea.TENSORS: 0})\n"
                "a.Reload()\n"
                "tags = a.Tags()\n"
                "json.dump({'scalars': {t: [[e.step, e.value] for e in a.Scalars(t)] for t in "
                "tags['scalars']},\n"
                "  'images': {t: [[e.step, e.width, e.height] for e in a.Images(t)] for t in "
                "tags['images']}}, open(sys.argv[2], 'w'))\n");
            const std::string result = project.file("read.json");
            REQUIRE(std::system((python() + " '" + script + "' '" + board + "' '" + result +
                                 "' 2>'" + result + ".err'")
                                    .c_str()) == 0);
            const auto read = nlohmann::json::parse(bytes_of(result));
            CHECK(read["scalars"].size() == expected.size());
            for (const auto& item : read["scalars"].items()) {
                const auto& scalars = item.value();
                const auto& mine = events.scalars[item.key()];
                REQUIRE(scalars.size() == mine.size());
                for (size_t i = 0; i < mine.size(); ++i) {
                    CHECK(scalars[i][0] == mine[i].step);
                    CHECK(scalars[i][1].get<double>() == doctest::Approx(mine[i].value));
                }
            }
            CHECK(read["images"]["train/frames"].size() == 3);
            CHECK(read["images"]["train/frames"][0][1] == 64);
            CHECK(read["images"]["val/confusion"].size() == 3);
        }

        // Another run does not mix its curves with these.
        const std::string other = project.file("other");
        CHECK_MISTAKE(microdualnet(project.train(other, {"--epochs", "1", "--tensorboard", board})),
                      {"--tensorboard", board, "--overwrite"});
        CHECK(!std::filesystem::exists(other));
        REQUIRE(microdualnet(
                    project.train(other, {"--epochs", "1", "--tensorboard", board, "--overwrite"}))
                    .code == 0);
        CHECK(event_files(board).size() == 1);
    }

    TEST_CASE("a box is drawn around what it holds, in the frame that it is of") {
        // Two clips of two frames; grey, so that only boxes have a colour.
        const int64_t S = 16;
        ClipTensors tensors{.frames = Tensor::zeros({2, 2, S, S, 3}),
                            .boxes = Tensor::from<float>({0, 0, 16, 16, 2, 3, 5,  7,   // clip 0
                                                          0, 0, 16, 16, 0, 0, 16, 16,  //
                                                          1, 1, 4,  4,  8, 8, 16, 16,  // clip 1
                                                          2, 2, 6,  9,  8, 8, 16, 16},
                                                         {2, 2, 2, 4}),
                            .joints = {}};
        const Image image = frames_with_boxes(tensors, 1);
        CHECK(image.width == 2 * S);
        CHECK(image.height == S);
        const auto at = [&](int64_t x, int64_t y) {
            const uint8_t* pixel = image.pixels.data() + 3 * (y * image.width + x);
            return std::array<int, 3>{pixel[0], pixel[1], pixel[2]};
        };
        const auto grey = at(0, 0), first = at(1, 1), second = at(8, 8);
        CHECK(grey == std::array<int, 3>{124, 116, 104});  // ImageNet's mean
        CHECK(first != grey);
        CHECK(second != grey);
        CHECK(first != second);
        for (const auto& place : {std::pair<int, int>{4, 1}, {1, 4}, {4, 4}, {2, 1}, {1, 3}})
            CHECK(at(place.first, place.second) == first);
        CHECK(at(2, 2) == grey);
        CHECK(at(5, 4) == grey);
        CHECK(at(15, 15) == second);  // an edge at S is on the last pixel
        CHECK(at(S + 2, 2) == first);
        CHECK(at(S + 6, 9) == first);
        CHECK(at(S + 1, 1) == grey);
        CHECK(at(S, 0) == grey);
    }

    TEST_CASE("the confusion matrix: a row per true class, darker for more, grey without clips") {
        const Image image = confusion_picture({{8, 2, 0}, {0, 0, 0}, {5, 0, 5}});
        const int64_t cell = 24;
        CHECK(image.width == 3 * cell + 1);
        const auto level = [&](int64_t truth, int64_t given) {
            const int64_t x = given * cell + cell / 2, y = truth * cell + cell / 2;
            const uint8_t* pixel = image.pixels.data() + 3 * (y * image.width + x);
            return pixel[0] + pixel[1] + pixel[2];
        };
        CHECK(level(0, 2) == 3 * 255);
        CHECK(level(0, 0) < level(0, 1));
        CHECK(level(0, 1) < level(0, 2));
        CHECK(level(2, 0) == level(2, 2));
        for (int given = 0; given < 3; ++given) CHECK(level(1, given) == 3 * 0xBB);
        CHECK(confusion_picture(std::vector<std::vector<int64_t>>(52, std::vector<int64_t>(52, 1)))
                  .width < 600);
    }
}
