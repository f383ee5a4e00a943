#include "engine/files/safetensors.h"

#include <sys/stat.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "engine/files/atomic_file.h"
#include "engine/files/crc32.h"
#include "engine/random.h"
#include "tests/data/temporary_dataset.h"
#include "tests/failing_calls.h"

using namespace mdn;
using test::Call;
using test::contains;
using test::error_of;
using test::FailingCall;
using test::TemporaryFolder;

namespace {

std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// The header's length, the header, and `data_bytes` bytes that are not zero.
std::string file_with(const std::string& header, int64_t data_bytes) {
    const uint64_t length = header.size();
    std::string file(reinterpret_cast<const char*>(&length), 8);
    return file + header + std::string(static_cast<size_t>(data_bytes), '\x3f');
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
    return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
           ",\"data_offsets\":" + offsets + "}";
}

std::string object(std::initializer_list<std::string> entries) {
    std::string text = "{";
    for (const std::string& entry : entries) text.append(text.size() > 1 ? "," : "").append(entry);
    return text.append("}");
}

struct Folder : TemporaryFolder {
    std::string path = (*this / "file.safetensors").string();

    /// The message that reading these bytes ends in.
    std::string refusal(const std::string& bytes) const {
        test::write(path, bytes);
        const std::string message = error_of([&] { read_safetensors(path); });
        CHECK_MESSAGE(contains(message, {path}), message);
        return message;
    }
    std::string refusal(const std::string& header, int64_t data_bytes) const {
        return refusal(file_with(header, data_bytes));
    }
    SafetensorsFile read(const std::string& header, int64_t data_bytes) const {
        test::write(path, file_with(header, data_bytes));
        return read_safetensors(path);
    }
};

}  // namespace

#define CHECK_REFUSED(message, ...)         \
    do {                                    \
        const std::string text = message;   \
        INFO(text);                         \
        CHECK(contains(text, __VA_ARGS__)); \
    } while (false)

TEST_SUITE("engine/files/safetensors") {
    TEST_CASE("what is written is read back: tensors, shapes, dtypes, metadata") {
        Folder folder;
        Random random(1);
        const Tensor bytes = Tensor::from<uint8_t>({1, 2, 255}, {3});
        const Tensor weight = random.normal_tensor({2, 3, 5});
        const Tensor wide = random.normal_tensor({4, 1}, 1, DType::f64);
        const Tensor scalar = Tensor::from<int64_t>({-7}, {});
        const Tensor nothing = Tensor::empty({0, 4});
        write_safetensors(
            folder.path,
            {{"u", bytes}, {"weight", weight}, {"wide", wide}, {"s", scalar}, {"none", nothing}},
            {{"config", "{\"size\": \"é\"}"}, {"epoch", "3"}});

        const SafetensorsFile file = read_safetensors(folder.path);
        CHECK(file.path == folder.path);
        CHECK(file.tensors.size() == 5);
        CHECK(file.at("u").to_vector<uint8_t>() == bytes.to_vector<uint8_t>());
        CHECK(file.at("weight").to_vector<float>() == weight.to_vector<float>());
        CHECK(file.at("weight").shape() == Shape{2, 3, 5});
        CHECK(file.at("wide").to_vector<double>() == wide.to_vector<double>());
        CHECK(file.at("s").shape().empty());
        CHECK(file.at("s").item() == -7);
        CHECK(file.at("none").shape() == Shape{0, 4});
        CHECK(file.metadata ==
              std::map<std::string, std::string>{{"config", "{\"size\": \"é\"}"}, {"epoch", "3"}});
        CHECK(!file.find("absent").defined());
        CHECK_REFUSED(error_of([&] { file.at("absent"); }), {folder.path, "'absent'"});
    }

    TEST_CASE("the header starts each tensor at a multiple of its element's size") {
        Folder folder;
        write_safetensors(folder.path, {{"u", Tensor::from<uint8_t>({9}, {1})},
                                        {"f", Tensor::from<float>({1.5f}, {1})},
                                        {"d", Tensor::from<double>({2.5}, {1})}});
        const std::string bytes = bytes_of(folder.path);
        uint64_t length = 0;
        std::memcpy(&length, bytes.data(), 8);
        CHECK(length % 8 == 0);
        double first = 0;
        std::memcpy(&first, bytes.data() + 8 + length, 8);
        CHECK(first == 2.5);
        CHECK(bytes.back() == '\x09');
    }

    TEST_CASE("F16 and BF16 become f32, every kind of number of theirs exactly") {
        Folder folder;
        const std::string header = object(
            {entry("half", "F16", "[8]", "[0,16]"), entry("brain", "BF16", "[4]", "[16,24]")});
        std::string file = file_with(header, 0);
        const uint16_t half[8] = {0x3c00, 0xc248, 0x0001, 0x8000, 0x03ff, 0x7bff, 0xfc00, 0x7e00};
        const uint16_t brain[4] = {0x3f80, 0xc049, 0x0001, 0x7f80};
        file.append(reinterpret_cast<const char*>(half), sizeof half);
        file.append(reinterpret_cast<const char*>(brain), sizeof brain);
        test::write(folder.path, file);

        const SafetensorsFile read = read_safetensors(folder.path);
        const auto h = read.at("half").to_vector<float>();
        CHECK(h[0] == 1.0f);
        CHECK(h[1] == -3.140625f);
        CHECK(h[2] == std::ldexp(1.0f, -24));
        CHECK(h[3] == 0.0f);
        CHECK(std::signbit(h[3]));
        CHECK(h[4] == 1023 * std::ldexp(1.0f, -24));
        CHECK(h[5] == 65504.0f);
        CHECK(h[6] == -std::numeric_limits<float>::infinity());
        CHECK(std::isnan(h[7]));
        const auto b = read.at("brain").to_vector<float>();
        CHECK(b[0] == 1.0f);
        CHECK(b[1] == -3.140625f);
        CHECK(b[2] == std::ldexp(1.0f, -133));
        CHECK(b[3] == std::numeric_limits<float>::infinity());
    }

    TEST_CASE("scalars, zero-sized tensors, spaces and any order of keys are accepted") {
        Folder folder;
        const std::string header =
            " { \"b\" : {\"data_offsets\":[4,12], \"shape\":[2], \"dtype\":\"F32\"},\n" +
            entry("empty", "F32", "[3,0]", "[4,4]") + "," + entry("a", "F32", "[]", "[0,4]") +
            ", \"__metadata__\": {\"k\":\"v\"}}   ";
        const SafetensorsFile file = folder.read(header, 12);
        CHECK(file.tensors.size() == 3);
        CHECK(file.tensors.front().first == "a");
        CHECK(file.tensors.back().first == "b");
        CHECK(file.at("a").numel() == 1);
        CHECK(file.at("empty").shape() == Shape{3, 0});
        CHECK(file.metadata.at("k") == "v");
        CHECK(folder.read("{}", 0).tensors.empty());
    }

    TEST_CASE("dtypes that are not read are no fault of a file: only a tensor that is wanted is") {
        // All of safetensors 0.8.0, and one that is still to come.
        for (const auto& row : {std::tuple("BOOL", "[5]", 5),
                                {"I8", "[5]", 5},
                                {"I16", "[5]", 10},
                                {"U16", "[5]", 10},
                                {"I32", "[5]", 20},
                                {"U32", "[5]", 20},
                                {"U64", "[5]", 40},
                                {"C64", "[5]", 40},
                                {"F8_E4M3", "[5]", 5},
                                {"F8_E5M2", "[5]", 5},
                                {"F8_E4M3FNUZ", "[5]", 5},
                                {"F8_E5M2FNUZ", "[5]", 5},
                                {"F8_E8M0", "[5]", 5},
                                {"F6_E2M3", "[4]", 3},
                                {"F6_E3M2", "[4]", 3},
                                {"F4", "[6]", 3},
                                {"F128", "[5]", 7}}) {
            const std::string dtype = std::get<0>(row), shape = std::get<1>(row);
            const int bytes = std::get<2>(row);
            INFO(dtype);
            Folder folder;
            const std::string end = std::to_string(bytes), whole = std::to_string(bytes + 4);
            const std::string header =
                object({entry("other", dtype, shape, "[0," + end + "]"),
                        entry("a", "F32", "[1]", "[" + end + "," + whole + "]")});
            const SafetensorsFile file = folder.read(header, bytes + 4);
            CHECK(file.tensors.size() == 1);
            CHECK(file.at("a").shape() == Shape{1});
            CHECK(file.unread == std::map<std::string, std::string>{{"other", dtype}});
            CHECK(!file.find("other").defined());
            CHECK_REFUSED(error_of([&] { file.at("other"); }), {folder.path, "'other'", dtype});
            const SafetensorsReader reader(open_file(folder.path));
            REQUIRE(reader.entries().size() == 2);
            CHECK_REFUSED(error_of([&] { reader.read(reader.entries()[0]); }),
                          {folder.path, "'other' holds " + dtype});
            CHECK(reader.read(reader.entries()[1]).to_vector<float>() ==
                  file.at("a").to_vector<float>());
        }
    }

    TEST_CASE("sizes are those of the dtype, down to four bits an element") {
        Folder folder;
        for (const auto& [dtype, shape, offsets, words] :
             {std::tuple("I32", "[5]", "[0,5]", "needs 20 bytes"),
              {"BOOL", "[5]", "[0,20]", "needs 5 bytes"},
              {"F4", "[5]", "[0,3]", "20 bits"},
              {"F6_E2M3", "[5]", "[0,4]", "30 bits"},
              {"F4", "[4]", "[0,4]", "needs 2 bytes"}})
            CHECK_REFUSED(folder.refusal(object({entry("a", dtype, shape, offsets)}), 20),
                          {"'a'", words});
    }

    TEST_CASE("a file too short for its header is refused, and one without it") {
        Folder folder;
        CHECK_REFUSED(folder.refusal(""), {"0 bytes"});
        CHECK_REFUSED(folder.refusal("1234567"), {"7 bytes"});
        const std::string whole = file_with(object({entry("a", "F32", "[2]", "[0,8]")}), 8);
        CHECK_REFUSED(folder.refusal(whole.substr(0, 30)), {"claims", "only 22 follow"});
        // A length that would take all memory if it were believed.
        CHECK_REFUSED(folder.refusal(std::string(8, '\xff') + "{}"), {"100000000"});
        const uint64_t above = 100'000'001;
        CHECK_REFUSED(folder.refusal(std::string(reinterpret_cast<const char*>(&above), 8) + "{}"),
                      {"100000001", "more than the allowed"});
        CHECK_REFUSED(error_of([&] { read_safetensors(folder.path + "x"); }),
                      {folder.path + "x", "No such file"});
        CHECK_REFUSED(error_of([&] { read_safetensors(folder.TemporaryFolder::path().string()); }),
                      {"not a regular file"});
    }

    TEST_CASE("a header that is not the JSON of the format is refused") {
        Folder folder;
        CHECK_REFUSED(folder.refusal("", 0), {"not JSON"});
        CHECK_REFUSED(folder.refusal("{\"a\":", 0), {"not JSON"});
        CHECK_REFUSED(folder.refusal("{} x", 0), {"not JSON"});
        CHECK_REFUSED(folder.refusal("{\"a\xff\":{}}", 0), {"not JSON"});
        CHECK_REFUSED(folder.refusal(std::string(100000, '['), 0), {"not JSON"});
        CHECK_REFUSED(folder.refusal("[]", 0), {"not a JSON object"});
        CHECK_REFUSED(folder.refusal("{\"a\":3}", 0), {"'a'", "not an object"});
        CHECK_REFUSED(folder.refusal("{\"a\":{\"shape\":[],\"dtype\":\"F32\"}}", 4),
                      {"'a'", "no 'data_offsets'"});
        CHECK_REFUSED(folder.refusal(object({entry("a", "", "[1]", "[0,8]")}), 8),
                      {"'a'", "dtype", "not the name of a type"});
        CHECK_REFUSED(folder.refusal(object({entry("a", "F32", "3", "[0,4]")}), 4),
                      {"'a'", "shape is not a list"});
        CHECK_REFUSED(folder.refusal(object({entry("a", "F32", "[1]", "[0,4,8]")}), 4),
                      {"'a'", "data_offsets is not a list of 2"});
        for (const char* size :
             {"-1", "1.0", "\"1\"", "null", "9223372036854775808", "18446744073709551617"}) {
            const std::string shape = std::string("[").append(size).append("]");
            const std::string offsets = std::string("[0,").append(size).append("]");
            CHECK_REFUSED(folder.refusal(object({entry("a", "F32", shape, "[0,4]")}), 4),
                          {"'a'", "its shape holds"});
            CHECK_REFUSED(folder.refusal(object({entry("a", "F32", "[1]", offsets)}), 4),
                          {"'a'", "data_offsets holds"});
        }
        CHECK_REFUSED(folder.refusal("{\"__metadata__\":[]}", 0), {"__metadata__"});
        CHECK_REFUSED(folder.refusal("{\"__metadata__\":{\"epoch\":3}}", 0), {"'epoch'"});
    }

    TEST_CASE("what a header holds besides is passed over, however deep, and bounded") {
        Folder folder;
        const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
        const SafetensorsFile file = folder.read(
            "{\"a\":{\"note\":{\"shape\":[[3],{\"dtype\":[]}]},\"dtype\":\"F32\",\"shape\":[1],"
            "\"more\":" +
                deep + ",\"data_offsets\":[0,4],\"why\":null}}",
            4);
        CHECK(file.at("a").shape() == Shape{1});
        CHECK_REFUSED(folder.refusal("{\"a\":{\"dtype\":[],\"shape\":[]}}", 0), {"dtype a list"});
        CHECK_REFUSED(folder.refusal("{\"a\":{\"dtype\":\"F32\",\"shape\":{}}}", 0),
                      {"shape is not a list"});
        CHECK_REFUSED(folder.refusal("{\"a\":" + deep + "}", 0), {"'a'", "not an object"});
        std::string ones = "1";
        for (int i = 0; i < 64; ++i) ones += ",1";
        CHECK_REFUSED(folder.refusal(object({entry("a", "F32", "[" + ones + "]", "[0,4]")}), 4),
                      {"'a'", "more than 64 axes"});
        std::string keys;
        for (int i = 0; i <= 10'000; ++i)
            keys.append(i ? ",\"" : "\"").append(std::to_string(i)).append("\":\"\"");
        CHECK_REFUSED(folder.refusal("{\"__metadata__\":{" + keys + "}}", 0), {"10000 keys"});
    }

    TEST_CASE("many entries take time in proportion") {
        Folder folder;
        std::string header = "{";
        for (int i = 0; i < 50'000; ++i)
            header.append(i ? "," : "").append(entry(std::to_string(i), "U8", "[0]", "[0,0]"));
        CHECK(folder.read(header + "}", 0).tensors.size() == 50'000);
        for (int i = 0; i <= 50'000; ++i)
            header.append(",").append(entry(std::to_string(100'000 + i), "U8", "[0]", "[0,0]"));
        CHECK_REFUSED(folder.refusal(header + "}", 0), {"more than 100000 tensors"});
    }

    TEST_CASE("a PyTorch file is named for what it is") {
        const std::string path = "tests/torch_checkpoints/containers/zip.pth";
        CHECK_REFUSED(error_of([&] { read_safetensors(path); }),
                      {path, "is a PyTorch file", "microdualnet import"});
    }

    TEST_CASE("duplicate keys are refused at every level") {
        Folder folder;
        const std::string a = entry("a", "F32", "[1]", "[0,4]");
        CHECK_REFUSED(folder.refusal(object({a, a}), 4), {"'a' twice"});
        CHECK_REFUSED(folder.refusal("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"F32\",\"shape\":[1],"
                                     "\"data_offsets\":[0,4]}}",
                                     4),
                      {"'dtype' twice"});
        CHECK_REFUSED(folder.refusal("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0),
                      {"'k' twice"});
        // The same key in two objects is none.
        CHECK(folder.read(object({a, entry("b", "F32", "[1]", "[4,8]")}), 8).tensors.size() == 2);
    }

    TEST_CASE("data that does not fill the file exactly is refused") {
        Folder folder;
        const auto two = [](const char* first, const char* second) {
            return object({entry("a", "F32", "[1]", first), entry("b", "F32", "[1]", second)});
        };
        CHECK_REFUSED(folder.refusal(two("[4,8]", "[8,12]"), 12), {"'a'", "begins at 4", "gap"});
        CHECK_REFUSED(folder.refusal(two("[0,4]", "[8,12]"), 12), {"'b'", "begins at 8", "gap"});
        CHECK_REFUSED(folder.refusal(two("[0,4]", "[2,6]"), 6), {"'b'", "overlapping"});
        CHECK_REFUSED(folder.refusal(two("[0,4]", "[0,4]"), 4), {"overlapping"});
        CHECK_REFUSED(folder.refusal(two("[0,4]", "[8,4]"), 8), {"'b'", "ends before it begins"});
        CHECK_REFUSED(folder.refusal(two("[0,4]", "[4,9]"), 9), {"'b'", "[1] F32 needs 4", "5"});
        CHECK_REFUSED(folder.refusal(two("[0,4]", "[4,7]"), 7), {"'b'", "[1] F32 needs 4", "3"});
        CHECK_REFUSED(folder.refusal(two("[0,4]", "[4,8]"), 9), {"1 bytes are left over"});
        CHECK_REFUSED(folder.refusal(two("[0,4]", "[4,8]"), 7), {"'b'", "past the end"});
        CHECK_REFUSED(folder.refusal("{}", 3), {"3 bytes are left over"});
        // A zero-sized tensor has to lie somewhere, too.
        CHECK_REFUSED(
            folder.refusal(
                object({entry("a", "F32", "[1]", "[0,4]"), entry("z", "F32", "[0]", "[2,2]")}), 4),
            {"'z'", "overlapping"});
    }

    TEST_CASE("sizes that overflow are refused before any memory is taken") {
        Folder folder;
        for (const char* shape : {"[4611686018427387904,2]", "[4294967296,4294967296]",
                                  "[9223372036854775807]", "[9223372036854775807,3,0]"})
            CHECK_REFUSED(folder.refusal(object({entry("a", "F32", shape, "[0,0]")}), 0),
                          {"'a'", "overflows"});
        // Consistent in itself, but far larger than the file.
        CHECK_REFUSED(
            folder.refusal(object({entry("a", "F32", "[1099511627776]", "[0,4398046511104]")}), 16),
            {"'a'", "past the end"});
    }

    TEST_CASE("writing refuses what could not be read back") {
        Folder folder;
        const Tensor x = Tensor::from<float>({1}, {1});
        CHECK_REFUSED(error_of([&] {
                          write_safetensors(folder.path, {{"x", x}, {"x", x}});
                      }),
                      {folder.path, "'x'"});
        CHECK_REFUSED(error_of([&] {
                          write_safetensors(folder.path, {{"__metadata__", x}});
                      }),
                      {"__metadata__"});
        CHECK_REFUSED(error_of([&] { write_safetensors(folder.path, {{"x\xff", x}}); }), {"UTF-8"});
        CHECK(!std::filesystem::exists(folder.path));
    }

    TEST_CASE("the checksums that are written are those that the header describes") {
        Folder folder;
        Random random(2);
        const Tensor large = random.normal_tensor({3, 100'003});  // more than a block
        const Tensor small = Tensor::from<uint8_t>({7, 8, 9}, {3});
        const std::map<std::string, std::string> metadata = {{"b", "two"}, {"a", "é"}, {"c", ""}};
        write_safetensors(folder.path, {{"large", large}, {"small", small}}, metadata);

        const std::string bytes = bytes_of(folder.path);
        uint64_t length = 0;
        std::memcpy(&length, bytes.data(), 8);
        auto stored = parse_safetensors_header(bytes.substr(8, length), "test").metadata;
        const auto bytes_in = [](const Tensor& x) {
            return std::string_view(static_cast<const char*>(x.raw()),
                                    static_cast<size_t>(x.bytes()));
        };
        const std::string others("a\0é\0b\0two\0c\0\0", 14);
        std::string expected = "{\"__metadata__\":";
        expected.append(std::to_string(crc32(others)));
        expected.append(",\"large\":").append(std::to_string(crc32(bytes_in(large))));
        expected.append(",\"small\":").append(std::to_string(crc32(bytes_in(small)))).append("}");
        CHECK(stored.at("tensor_crc32") == expected);
        CHECK(read_safetensors(folder.path).metadata == metadata);
        stored.erase("tensor_crc32");
        CHECK(stored == metadata);
    }

    TEST_CASE("a change of any byte behind the header's length is noticed") {
        Folder folder;
        Random random(3);
        write_safetensors(folder.path,
                          {{"w", random.normal_tensor({4, 3})}, {"b", random.normal_tensor({3})}},
                          {{"key", "value"}});
        const std::string bytes = bytes_of(folder.path);
        uint64_t length = 0;
        std::memcpy(&length, bytes.data(), 8);
        for (size_t i = 8; i < bytes.size(); ++i) {
            std::string changed = bytes;
            changed[i] ^= 1 << random.below(8);
            // Spaces after the header, and the list's own key, say nothing of the content.
            const size_t key = bytes.find("tensor_crc32");
            if (i >= key && i < key + 12) continue;
            if (i < 8 + length && bytes[i] == ' ') continue;
            CAPTURE(i);
            test::write(folder.path, changed);
            CHECK_THROWS_AS(read_safetensors(folder.path), Error);
        }
    }

    TEST_CASE("tensors that are not wanted are named and compared, but not read") {
        Folder folder;
        Random random(5);
        // Longer than the blocks in which a file is read.
        const Tensor weight = random.normal_tensor({2, 3}), state = random.normal_tensor({90'000});
        const auto wanted = [](const std::string& name) { return name.starts_with("w"); };
        write_safetensors(folder.path,
                          {{"w", weight}, {"state", state}, {"none", Tensor::empty({0})}});
        const SafetensorsFile file = read_safetensors(folder.path, wanted);
        REQUIRE(file.tensors.size() == 1);
        CHECK(file.at("w").to_vector<float>() == weight.to_vector<float>());
        CHECK(file.left_out == std::vector<std::string>{"state", "none"});
        CHECK(read_safetensors(folder.path).left_out.empty());

        const std::string bytes = bytes_of(folder.path);
        for (const size_t from_end : {1, 300'000}) {
            std::string changed = bytes;
            changed[changed.size() - from_end] ^= 16;
            test::write(folder.path, changed);
            CHECK_REFUSED(error_of([&] { read_safetensors(folder.path, wanted); }),
                          {folder.path, "tensor 'state' is not what was written"});
        }
    }

    TEST_CASE("of several tensors that are damaged, the first in the file is named") {
        Folder folder;
        std::vector<std::pair<std::string, Tensor>> tensors;
        Random random(6);
        for (int i = 0; i < 40; ++i)
            // t7 takes longest to read: another thread is done with a later one before.
            tensors.emplace_back("t" + std::to_string(i),
                                 random.normal_tensor({i == 7 ? 500'000 : 500}));
        write_safetensors(folder.path, tensors);
        std::string bytes = bytes_of(folder.path);
        for (size_t i = 1; i <= 33; ++i)
            bytes[bytes.size() - 2000 * i] ^= 1;  // the end of t7 to t39
        test::write(folder.path, bytes);
        CHECK_REFUSED(error_of([&] { read_safetensors(folder.path); }), {"tensor 't7' "});
    }

    TEST_CASE("a list of checksums that is not one is refused, and one of other tensors") {
        Folder folder;
        const auto header = [](const std::string& list) {
            return "{\"__metadata__\":{\"tensor_crc32\":\"" + list + "\"}," +
                   entry("a", "U8", "[2]", "[0,2]") + "}";
        };
        const std::string sum = std::to_string(crc32("\x3f\x3f"));
        const std::string of_nothing = "\\\"__metadata__\\\":0";
        CHECK(folder.read(header("{" + of_nothing + ",\\\"a\\\":" + sum + "}"), 2).at("a").dim(0) ==
              2);
        for (const std::string& list :
             {std::string(), std::string("7"), std::string("[]"), std::string("{"),
              std::string("{}"), "{\\\"a\\\":" + sum + "}", "{" + of_nothing + ",\\\"a\\\":-1}",
              "{" + of_nothing + ",\\\"a\\\":4294967296}", "{" + of_nothing + ",\\\"a\\\":{}}",
              "{" + of_nothing + ",\\\"a\\\":\\\"1\\\"}", std::string(100'000, '['),
              std::string(100'000, '{')})
            CHECK_REFUSED(folder.refusal(header(list), 2), {"list of checksums", "tensor_crc32"});
        CHECK_REFUSED(folder.refusal(header("{" + of_nothing + "}"), 2),
                      {"tensor 'a' was not written with it"});
        CHECK_REFUSED(
            folder.refusal(header("{" + of_nothing + ",\\\"a\\\":" + sum + ",\\\"b\\\":0}"), 2),
            {"tensor 'b' was written with it, and is missing"});
        CHECK_REFUSED(
            folder.refusal(header("{\\\"__metadata__\\\":5,\\\"a\\\":" + sum + "}"), 2),
            {"its metadata is not what was written: its CRC-32 is 00000000, not 00000005"});
        CHECK_REFUSED(folder.refusal(header("{" + of_nothing + ",\\\"a\\\":7}"), 2),
                      {"tensor 'a' is not what was written", "not 00000007"});
    }

    TEST_CASE("a write that fails leaves the old file as it was, and nothing beside it") {
        Folder folder;
        const Tensor x = Tensor::from<float>({1, 2}, {2});
        CHECK_REFUSED(error_of([&] {
                          write_safetensors(folder.path + "/no/such.safetensors", {{"x", x}});
                      }),
                      {"no/such.safetensors"});

        write_safetensors(folder.path, {{"x", x}});
        const std::string before = bytes_of(folder.path);
        {
            AtomicFile interrupted(folder.path);
            interrupted.write("half of something");
        }
        CHECK(bytes_of(folder.path) == before);
        CHECK(!std::filesystem::exists(folder.path + ".partial-1"));

        std::filesystem::create_directory(folder / "taken");
        CHECK_REFUSED(error_of([&] {
                          write_safetensors((folder / "taken").string(), {{"x", x}});
                      }),
                      {"not a regular file"});
        write_safetensors(folder.path, {{"y", x}});
        CHECK(read_safetensors(folder.path).tensors.front().first == "y");
        CHECK(!std::filesystem::exists(folder.path + ".partial-1"));
    }

    TEST_CASE("a full disk is reported and leaves the old file") {
        Folder folder;
        write_safetensors(folder.path, {{"x", Tensor::from<float>({1}, {1})}});
        const std::string before = bytes_of(folder.path);
        const FailingCall full(Call::write, ENOSPC, 1);
        CHECK_REFUSED(error_of([&] {
                          write_safetensors(folder.path, {{"x", Tensor::from<float>({2}, {1})}});
                      }),
                      {folder.path, "No space left"});
        CHECK(bytes_of(folder.path) == before);
        CHECK(!std::filesystem::exists(folder.path + ".partial-1"));
    }

    TEST_CASE("the golden files are read") {
        const SafetensorsFile file = read_safetensors("tests/golden/basic/input.safetensors");
        CHECK(file.at("frames").rank() == 5);
        CHECK(file.at("labels").dtype() == DType::i64);
    }
}
