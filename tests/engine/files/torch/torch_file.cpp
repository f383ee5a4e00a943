// Checkpoints built by hand: what PyTorch would not write, or no longer does.
#include "engine/files/torch/torch_file.h"

#include <fstream>

#include "engine/files/crc32.h"
#include "engine/random.h"
#include "tests/engine/files/torch/archive.h"
#include "tests/torch_checkpoints/fresh.h"

using namespace mdn;
using namespace mdn::test;

namespace {

std::string numbers(const std::vector<float>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

/// A file that keeps its bytes.
class Parsed {
    std::string bytes_;

  public:
    TorchFile file;

    explicit Parsed(std::string bytes)
        : bytes_(std::move(bytes)),
          file(parse_torch_file({reinterpret_cast<const uint8_t*>(bytes_.data()), bytes_.size()},
                                "x.pth")) {}
};

/// Opens it and reads every tensor.
void read_all(const std::string& bytes) {
    const Parsed parsed(bytes);
    for (const TorchTensor& tensor : parsed.file.tensors()) parsed.file.read(tensor);
}

void check_refused(const std::string& bytes, const std::vector<std::string>& words) {
    const std::string refusal = error_of([&] { read_all(bytes); });
    CHECK_MESSAGE(refusal.starts_with("x.pth"), refusal);
    for (const std::string& word : words)
        CHECK_MESSAGE(refusal.find(word) != std::string::npos, refusal);
}

const std::string six = numbers({1.5f, -2, 3, -4, 5, 6.25f});

/// A file of before 1.6: three pickles, the object, the keys, and the storage.
std::string legacy(const std::string& value, const std::string& keys, const std::string& storages) {
    return "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s + pickle("M\xe9\x03") +
           pickle(dict("little_endian", "\x88")) + pickle(value) + pickle(keys) + storages;
}
std::string legacy_storage(int64_t numel, const std::string& bytes) {
    return little_endian(numel) + bytes;
}

std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_SUITE("engine/files/torch/torch_file") {
    TEST_CASE("a tensor built by hand is read, in both containers") {
        const std::string value = dict("w", tensor(6, 0, {2, 3}, {1, 2}));
        const std::vector<float> expected = {1.5f, 3, 5, -2, -4, 6.25f};
        for (const std::string& bytes :
             {torch_zip(value, six).bytes(),
              legacy(value, "]"s + pickled(std::string("0")) + "a", legacy_storage(6, six))}) {
            const Parsed parsed(bytes);
            REQUIRE(parsed.file.tensors().size() == 1);
            CHECK(parsed.file.tensors()[0].name == "w");
            const Tensor read = parsed.file.read(parsed.file.tensors()[0]);
            CHECK(read.shape() == Shape{2, 3});
            CHECK(read.to_vector<float>() == expected);
        }
    }

    TEST_CASE("what Python 2 wrote: byte strings, ordered dicts as pairs, views of storages") {
        const std::string tensor = global("torch._utils", "_rebuild_tensor") + "((U\x07storage"s +
                                   global("torch", "FloatStorage") +
                                   "U\x01"
                                   "0U\x03"
                                   "cpuK\x06"s +
                                   "(U\x01vK\x02K\x03ttQK\x01K\x02\x85K\x01\x85tR";
        const std::string value = global("collections", "OrderedDict") + "(](](U\x06weight"s +
                                  tensor + "e](U\x05notesNeetR";
        const Parsed parsed(legacy(value,
                                   "](U\x01"
                                   "0e",
                                   legacy_storage(6, six)));
        REQUIRE(parsed.file.tensors().size() == 1);
        CHECK(parsed.file.tensors()[0].name == "weight");
        // The view begins at number 2 of its storage, the tensor at number 1 of the view.
        CHECK(parsed.file.read(parsed.file.tensors()[0]).to_vector<float>() ==
              std::vector<float>{-4, 5});
    }

    TEST_CASE("nested dicts give dotted names; what is met twice is listed once") {
        const std::string w = tensor(6, 0, {6}, {1});
        const std::string inner = dict("w", w) + "q"s + std::string(1, '\0');
        const Parsed parsed(torch_zip("}"s + pickled(std::string("a")) + inner + "s"s +
                                          pickled(std::string("b")) + "h"s + std::string(1, '\0') +
                                          "s"s + "K\x07"s + dict("w", w) + "s"s + "N"s +
                                          dict("w", w) + "s"s + pickled(std::string("x")) + w +
                                          "s"s + pickled(std::string("x")) + w + "s",
                                      six)
                                .bytes());
        std::vector<std::string> names;
        for (const TorchTensor& tensor : parsed.file.tensors()) names.push_back(tensor.name);
        CHECK(names == std::vector<std::string>{"a.w", "7.w", "x"});
    }

    TEST_CASE("a file that would call something when Python loads it calls nothing here") {
        TemporaryFolder folder;
        const std::string mark = (folder / "called").string();
        const std::string call = global("posix", "system") + pickled("touch "s + mark) + "\x85R";
        const std::string value = "}"s + pickled(std::string("w")) + tensor(6, 0, {6}, {1}) + "s"s +
                                  pickled(std::string("evil")) + call + "s";
        const Parsed parsed(torch_zip(value, six).bytes());
        CHECK(parsed.file.tensors().size() == 1);
        CHECK(parsed.file.skipped() == std::map<std::string, int64_t>{{"posix.system", 1}});
        check_refused(torch_zip(call, six).bytes(), {"an object of posix.system", "never run"});
        CHECK(!std::filesystem::exists(mark));
    }

    TEST_CASE("what holds no named tensors says what it holds") {
        for (const auto& [value, words] : {std::pair(std::string("]"), "a list"),
                                           {std::string(")"), "a tuple"},
                                           {std::string("}"), "a dict without tensors"},
                                           {std::string("K\x05"), "a number"},
                                           {std::string("N"), "something else"},
                                           {tensor(6, 0, {6}, {1}), "a single tensor"},
                                           {global("builtins", "eval"), "builtins.eval"},
                                           {dict("w", dict("w", "N")), "a dict without tensors"}})
            check_refused(torch_zip(value, six).bytes(), {"holds no named tensors", words});
        // A dict that holds itself.
        check_refused(torch_zip("}q"s + std::string(1, '\0') + pickled(std::string("k")) + "h"s +
                                    std::string(1, '\0') + "s",
                                six)
                          .bytes(),
                      {"no named tensors"});
    }

    TEST_CASE("tensors that do not fit their storage are refused by name") {
        constexpr int64_t huge = int64_t{1} << 58;
        const auto refused = [](const std::string& value, const std::vector<std::string>& words) {
            check_refused(torch_zip(dict("w", value), six).bytes(), words);
        };
        refused(tensor(6, 1, {6}, {1}), {"'w'", "reaches number 6 of a storage of 6 x float32"});
        refused(tensor(6, 0, {2, 3}, {3, 2}), {"'w'", "reaches number 7"});
        refused(tensor(6, 0, {2}, {huge}), {"'w'", "reaches number"});
        refused(tensor(6, huge, {1}, {1}), {"'w'", "reaches number"});
        refused(tensor(6, 0, {2, 2, 2}, {huge, huge, huge}), {"'w'", "reaches number"});
        refused(tensor(6, 0, {huge, huge}, {huge, huge}), {"'w'", "63 bits"});
        refused(tensor(6, 0, {huge, 2, 2}, {huge, 1, 1}), {"'w'", "overflow"});
        refused(tensor(6, -1, {2}, {1}), {"'w'", "begins before its storage"});
        refused(tensor(6, 0, {-2}, {1}), {"'w'", "not a size"});
        refused(tensor(6, 0, {2}, {-1}), {"'w'", "not a size"});
        refused(tensor(6, 0, {2, 3}, {1}), {"'w'", "one stride per axis"});
        refused(tensor(6, 0, std::vector<int64_t>(33, 1), std::vector<int64_t>(33, 1)),
                {"'w'", "not a list of numbers"});
        // More numbers than there are, out of one that is repeated: no memory is taken for them.
        refused(tensor(6, 0, {1 << 20, 1 << 20}, {0, 0}), {"'w'", "repeats the 6 x float32"});
        refused(tensor(6, 0, {huge}, {0}), {"'w'", "repeats the 6 x float32"});
        refused(tensor(7, 0, {6}, {1}), {"storage '0' has 24 bytes instead of 7 x float32"});
        refused(tensor(huge, 0, {6}, {1}), {"storage '0'"});
        refused(tensor(-1, 0, {6}, {1}), {"storage '0' has no size"});
        refused(tensor(6, 0, {6}, {1}, "OddStorage"), {"torch.OddStorage", "unknown type"});
        refused(tensor(12, 0, {6}, {1}, "ShortStorage"), {"'w' holds int16"});
    }

    TEST_CASE("what is marked as negated is read negated, other marks are refused by name") {
        const auto numbers_of = [](const std::string& type, const std::string& bytes, int64_t count,
                                   const std::string& metadata) {
            const Parsed parsed(
                torch_zip(dict("w", tensor(count, 0, {count}, {1}, type, metadata)), bytes)
                    .bytes());
            return parsed.file.read(parsed.file.tensors()[0]);
        };
        const std::string negated = dict("neg", "\x88"), plain = dict("neg", "\x89");
        CHECK(numbers_of("FloatStorage", six, 6, negated).to_vector<float>() ==
              std::vector<float>{-1.5f, 2, -3, 4, -5, -6.25f});
        CHECK(numbers_of("FloatStorage", six, 6, plain).to_vector<float>()[1] == -2);
        CHECK(numbers_of("FloatStorage", six, 6, "}").to_vector<float>()[1] == -2);
        CHECK(numbers_of("DoubleStorage", little_endian(2.5), 1, negated).to_vector<double>()[0] ==
              -2.5);
        CHECK(numbers_of("HalfStorage", little_endian<uint16_t>(0x3c00), 1, negated)
                  .to_vector<float>()[0] == -1);
        CHECK(numbers_of("LongStorage", little_endian<int64_t>(7), 1, negated)
                  .to_vector<int64_t>()[0] == -7);
        CHECK(numbers_of("LongStorage", little_endian(INT64_MIN), 1, negated)
                  .to_vector<int64_t>()[0] == INT64_MIN);
        for (const char* mark : {"conj", "of_a_later_release"})
            check_refused(
                torch_zip(dict("w", tensor(6, 0, {6}, {1}, "FloatStorage", dict(mark, "\x88"))),
                          six)
                    .bytes(),
                {"tensor 'w' bears the mark '"s + mark + "'"});
    }

    TEST_CASE("a tensor that repeats numbers is filled with them") {
        const Parsed parsed(torch_zip(dict("w", tensor(6, 1, {3, 2, 4}, {1, 2, 0})), six).bytes());
        const Tensor read = parsed.file.read(parsed.file.tensors()[0]);
        CHECK(read.to_vector<float>() ==
              std::vector<float>{-2, -2, -2, -2, -4,    -4,    -4,    -4,  //
                                 3,  3,  3,  3,  5,     5,     5,     5,   //
                                 -4, -4, -4, -4, 6.25f, 6.25f, 6.25f, 6.25f});
    }

    TEST_CASE("tensors whose numbers are not read are listed, and say why when they are wanted") {
        const std::string float8 =
            global("torch._utils", "_rebuild_tensor_v3") + "("s + "("s +
            pickled(std::string("storage")) + global("torch.storage", "UntypedStorage") +
            pickled(std::string("0")) + pickled(std::string("cpu")) + pickled(int64_t{24}) + "tQ"s +
            pickled(int64_t{0}) + pickled(std::vector<int64_t>{24}) +
            pickled(std::vector<int64_t>{1}) + "\x89)"s + global("torch", "float8_e4m3fn") + "tR";
        const std::string meta = global("torch._utils", "_rebuild_meta_tensor_no_storage") + "("s +
                                 global("torch", "float32") + pickled(std::vector<int64_t>{2, 3}) +
                                 pickled(std::vector<int64_t>{3, 1}) + "\x89tR";
        const std::string sparse = global("torch._utils", "_rebuild_sparse_tensor") + "NN\x86R";
        const Parsed parsed(torch_zip("}("s + pickled(std::string("f")) + float8 +
                                          pickled(std::string("m")) + meta +
                                          pickled(std::string("s")) + sparse + "u",
                                      six)
                                .bytes());
        const auto& tensors = parsed.file.tensors();
        REQUIRE(tensors.size() == 3);
        CHECK(tensors[0].shape == Shape{24});
        CHECK(tensors[1].shape == Shape{2, 3});
        CHECK(parsed.file.skipped().empty());
        for (const auto& row : {std::pair(size_t{0}, "'f' holds float8_e4m3fn"),
                                {1, "'m' was on the device 'meta'"},
                                {2, "'s' is sparse"}}) {
            const TorchTensor& tensor = tensors[row.first];
            const std::string refusal = error_of([&] { parsed.file.read(tensor); });
            CHECK_MESSAGE(contains(refusal, {"x.pth", row.second}), refusal);
        }
    }

    TEST_CASE("numbers that were never written, or changed since, are refused by name") {
        const std::string value = dict("w", tensor(6, 0, {6}, {1}));
        const std::string zeros(24, '\0');
        const auto file = [&](uint32_t pickle_crc, uint32_t storage_crc, const std::string& bytes) {
            Zip zip = torch_zip(value, bytes);
            zip.entries[0].crc = pickle_crc;
            zip.entries[2].crc = storage_crc;
            return zip.bytes();
        };
        const uint32_t some = crc32(pickle(value));
        // torch.serialization.skip_data leaves zeros and no checksum.
        check_refused(file(some, 0, zeros), {"'w' has no numbers", "skip_data"});
        check_refused(file(some, crc32(six), zeros),
                      {"'w' does not hold the numbers", "storage '0'"});
        std::string changed = six;
        changed[13] ^= 4;
        check_refused(file(some, crc32(six), changed), {"'w' does not hold the numbers"});
        // Right, filled in later, without checksums at all, and zeros that are meant.
        read_all(file(some, crc32(six), six));
        read_all(file(some, 0, six));
        read_all(file(0, 0, zeros));
        read_all(file(some, crc32(zeros), zeros));
    }

    TEST_CASE("pickle protocol 1 is read in both containers, protocol 0 is refused by name") {
        // As torch.save(..., pickle_protocol=1) writes it.
        const std::string value =
            "}q"s + std::string(1, '\0') + "X\x01\0\0\0wq\x01"s +
            "ctorch._utils\n_rebuild_tensor_v2\nq\x02((X\x07\0\0\0storageq\x03"s +
            "ctorch\nFloatStorage\nq\x04X\x01\0\0\0"s +
            "0q\x05X\x03\0\0\0cpuq\x06K\x06tq\x07QK\0"s +
            "(K\x06tq\x08(K\x01tq\x09I00\nccollections\nOrderedDict\nq\x0a)Rq\x0btq\x0cRq\x0ds";
        Zip zip = torch_zip("", six);
        zip.entries[0].bytes = value + ".";
        const std::string legacy =
            "L119547037146038801333356L\n.M\xe9\x03.}q\0X\x0d\0\0\0little_endianq\x01I01\ns."s +
            value + ".]q\0X\x01\0\0\0"s + "0q\x01"s + "a."s + legacy_storage(6, six);
        for (const std::string& bytes : {zip.bytes(), legacy}) {
            const Parsed parsed(bytes);
            REQUIRE(parsed.file.tensors().size() == 1);
            CHECK(parsed.file.read(parsed.file.tensors()[0]).to_vector<float>() ==
                  std::vector<float>{1.5f, -2, 3, -4, 5, 6.25f});
        }
        zip.entries[0].bytes =
            "(dp0\nVw\np1\nctorch._utils\n_rebuild_tensor_v2\np2\n(P('storage', <class "
            "'torch.FloatStorage'>, '0', 'cpu', 6)\n";
        check_refused(zip.bytes(), {"pickle protocol 0"});
    }

    TEST_CASE("archives that are not a checkpoint's are refused") {
        const std::string value = dict("w", tensor(6, 0, {6}, {1}));
        Zip zip = torch_zip(value, six);
        SUBCASE("no pickle") {
            zip.entries.erase(zip.entries.begin());
            check_refused(zip.bytes(), {"no data.pkl"});
        }
        SUBCASE("two pickles") {
            zip.entries.push_back({"other/data.pkl", pickle(value)});
            check_refused(zip.bytes(), {"two checkpoints"});
        }
        SUBCASE("TorchScript") {
            zip.entries.push_back({"archive/constants.pkl", pickle(")")});
            check_refused(zip.bytes(), {"TorchScript"});
        }
        SUBCASE("TorchScript as it is written, with compressed code") {
            zip.entries.push_back({"archive/code/__torch__.py", "x", 8});
            zip.entries.push_back({"archive/constants.pkl", pickle(")")});
            check_refused(zip.bytes(), {"TorchScript"});
        }
        SUBCASE("packed again with compression") {
            zip.entries[2].method = 8;
            check_refused(zip.bytes(), {"'archive/data/0' is compressed", "zip -0"});
            zip.entries[2].method = 0;
            zip.entries[0].method = 8;
            check_refused(zip.bytes(), {"'archive/data.pkl' is compressed"});
        }
        SUBCASE("no storage") {
            zip.entries.erase(zip.entries.begin() + 2);
            check_refused(zip.bytes(), {"storage '0' is not in the archive"});
        }
        SUBCASE("no byte order that exists") {
            zip.entries[1].bytes = "middle";
            check_refused(zip.bytes(), {"byteorder is 'middle'"});
        }
        SUBCASE("neither container") { check_refused("\x80\x02}.", {"not a PyTorch file"}); }
        SUBCASE("nothing") { check_refused("", {"not a PyTorch file"}); }
    }

    TEST_CASE("legacy files that disagree with themselves are refused") {
        const std::string value = dict("w", tensor(6, 0, {6}, {1}));
        const std::string key = pickled(std::string("0")), data = legacy_storage(6, six);
        read_all(legacy(value, "]"s + key + "a", data));
        check_refused(legacy(value, "]", data), {"storage '0' is not in the file"});
        check_refused(legacy(value, "]("s + key + key + "e", data + data), {"listed twice"});
        check_refused(legacy(value, "]"s + pickled(std::string("1")) + "a", data), {"storage '1'"});
        check_refused(legacy(value, "]"s + key + "a", legacy_storage(5, six)),
                      {"5 numbers instead of 6 x float32"});
        check_refused(legacy(value, "]"s + key + "a", legacy_storage(int64_t{1} << 62, six)),
                      {"instead of 6"});
    }

    TEST_CASE("cut off or changed anywhere, a file that PyTorch wrote is read or refused") {
        Random random(4);
        for (const char* name : {"zip", "legacy", "whole_model", "legacy_protocol4"}) {
            const std::string whole = bytes_of(torch_checkpoints + "containers/"s + name + ".pth");
            int refused = 0;
            const auto try_to_read = [&](const std::string& bytes) {
                try {
                    const Parsed parsed(bytes);
                    for (const TorchTensor& tensor : parsed.file.tensors())
                        if (tensor.storage.type->read_as &&
                            element_count(tensor.shape) <= tensor.storage.numel)
                            parsed.file.read(tensor);
                } catch (const Error& error) {
                    CHECK(std::string(error.what()).size() < 20'000);
                    ++refused;
                }
            };
            int cuts = 0;
            for (size_t size = 0; size < whole.size(); size += 7, ++cuts)
                try_to_read(whole.substr(0, size));
            CHECK(refused == cuts);
            for (int i = 0; i < 2000; ++i) {
                std::string changed = whole;
                for (int change = 0; change < 1 + i % 4; ++change)
                    changed[random.bits() % changed.size()] = static_cast<char>(random.bits());
                try_to_read(changed);
            }
        }
    }
}
