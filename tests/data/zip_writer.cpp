#include "data/zip_writer.h"

#include "engine/files/crc32.h"

#include <cstdlib>

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

/// `bytes` bytes at `at`, little-endian.
std::uint64_t number(const std::string& text, std::size_t at, int bytes) {
    std::uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; --i)
        value = value << 8 | static_cast<unsigned char>(text.at(at + static_cast<std::size_t>(i)));
    return value;
}

/// Reads an archive from its end as a reader does, checking that all it says agrees.
std::vector<ZipEntry> read_archive(const std::string& archive) {
    const std::size_t end = archive.size() - 22;
    REQUIRE(archive.substr(end, 4) == "PK\5\6");
    const std::uint64_t entries = number(archive, end + 10, 2);
    CHECK(number(archive, end + 8, 2) == entries);
    std::size_t at = number(archive, end + 16, 4);
    CHECK(at + number(archive, end + 12, 4) == end);
    std::vector<ZipEntry> result;
    std::size_t expected_local = 0;
    for (std::uint64_t i = 0; i < entries; ++i) {
        REQUIRE(archive.substr(at, 4) == "PK\1\2");
        const std::size_t local = number(archive, at + 42, 4);
        CHECK(local == expected_local);
        REQUIRE(archive.substr(local, 4) == "PK\3\4");
        // From the version on both headers say the same.
        CHECK(archive.substr(at + 6, 26) == archive.substr(local + 4, 26));
        CHECK(number(archive, at + 10, 2) == 0);                      // stored
        CHECK(number(archive, at + 14, 2) == (0 << 9 | 1 << 5 | 1));  // 1980-01-01
        const std::size_t size = number(archive, at + 24, 4), name = number(archive, at + 28, 2);
        CHECK(number(archive, at + 20, 4) == size);
        ZipEntry entry{archive.substr(at + 46, name), archive.substr(local + 30 + name, size)};
        CHECK(archive.substr(local + 30, name) == entry.name);
        CHECK(number(archive, at + 16, 4) == crc32(entry.bytes));
        expected_local = local + 30 + name + size;
        at += 46 + name;
        result.push_back(entry);
    }
    CHECK(at == end);
    return result;
}

}  // namespace

TEST_SUITE("data/zip_writer") {
    TEST_CASE("CRC-32 of the standard's check string, and of nothing") {
        CHECK(crc32("123456789") == 0xCBF43926);
        CHECK(crc32("") == 0);
        CHECK(crc32(std::string(1, '\0')) == 0xD202EF8D);
    }

    TEST_CASE("entries come back as they were") {
        const std::vector<ZipEntry> entries = {{"prediction.csv", "vid,a\r\ntest0000.mp4,3\r\n"},
                                               {"empty", ""},
                                               {"folder/\xC3\xA4", std::string("a\0b\xFF", 4)}};
        const std::vector<ZipEntry> back = read_archive(zip_archive(entries));
        REQUIRE(back.size() == 3);
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(back[i].name == entries[i].name);
            CHECK(back[i].bytes == entries[i].bytes);
        }
        CHECK(read_archive(zip_archive({})).empty());
        CHECK(zip_archive(entries) == zip_archive(entries));
        CHECK(contains(error_of([] {
                           zip_archive({{std::string(70000, 'a'), ""}});
                       }),
                       {"name is too long"}));
        CHECK(contains(error_of([] { zip_archive(std::vector<ZipEntry>(70000)); }),
                       {"70000 entries"}));
    }

    TEST_CASE("Python's zipfile reads it") {
        if (std::system("python3 -c 'import zipfile' 2>/dev/null") != 0) {
            MESSAGE("python3 is not installed: not compared");
            return;
        }
        const TemporaryFolder folder;
        write(folder / "a.zip", zip_archive({{"prediction.csv", "vid\r\n"}, {"b", "\0\1"}}));
        const std::string file = (folder / "a.zip").string();
        CHECK(std::system(("python3 -m zipfile -t '" + file + "' >/dev/null").c_str()) == 0);
        CHECK(std::system(("python3 -c \"import zipfile, sys; z = zipfile.ZipFile('" + file +
                           "'); sys.exit(z.namelist() != ['prediction.csv', 'b'] or "
                           "z.read('prediction.csv') != b'vid\\r\\n' or "
                           "z.infolist()[0].date_time[0] != 1980)\"")
                              .c_str()) == 0);
    }
}

}  // namespace mdn::test
