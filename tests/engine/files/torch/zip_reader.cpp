#include "engine/files/torch/zip_reader.h"

#include "tests/data/temporary_dataset.h"
#include "tests/engine/files/torch/archive.h"

using namespace mdn;
using test::contains;
using test::error_of;
using test::Zip;

namespace {

std::shared_ptr<const ByteSource> source_of(const std::string& bytes) {
    return in_memory({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "x.zip");
}

Zip two_entries() {
    Zip zip;
    zip.entries = {{"a/first", "0123456789"}, {"a/second", "abc"}};
    return zip;
}

void check_refused(const std::string& bytes, const std::vector<std::string>& words) {
    const std::string refusal = error_of([&] { ZipReader reader(*source_of(bytes)); });
    CHECK_MESSAGE(refusal.starts_with("x.zip"), refusal);
    for (const std::string& word : words)
        CHECK_MESSAGE(refusal.find(word) != std::string::npos, refusal);
}

}  // namespace

TEST_SUITE("engine/files/torch/zip_reader") {
    TEST_CASE("entries are found through the directory, with ZIP64 and with a comment") {
        for (const bool zip64 : {false, true})
            for (const char* comment :
                 {"", "made by hand PK\x05\x06 and more than twenty-two bytes"}) {
                Zip zip = two_entries();
                zip.zip64 = zip64;
                zip.comment = comment;
                const std::string bytes = zip.bytes();
                const auto source = source_of(bytes);
                CHECK(is_zip(*source));
                const ZipReader reader(*source);
                REQUIRE(reader.entries().size() == 2);
                const StoredEntry* second = reader.find("a/second");
                REQUIRE(second);
                CHECK(bytes.substr(static_cast<size_t>(second->begin),
                                   static_cast<size_t>(second->size)) == "abc");
                CHECK(!reader.find("second"));
            }
    }

    TEST_CASE("compressed entries are known as such, and checksums are those of the directory") {
        Zip zip = two_entries();
        zip.entries[0].method = 8;
        zip.entries[1].crc = 0x352441c2;
        const ZipReader reader(*source_of(zip.bytes()));
        CHECK(reader.find("a/first")->compressed);
        CHECK(!reader.find("a/second")->compressed);
        CHECK(reader.find("a/first")->crc == 0);
        CHECK(reader.find("a/second")->crc == 0x352441c2);
    }

    TEST_CASE("whatever is cut off, it is refused") {
        for (const bool zip64 : {false, true}) {
            Zip zip = two_entries();
            zip.zip64 = zip64;
            const std::string bytes = zip.bytes();
            for (size_t size = 0; size < bytes.size(); ++size)
                check_refused(bytes.substr(0, size), {});
        }
        check_refused(two_entries().bytes().substr(0, 50), {"cut off"});
    }

    TEST_CASE("lies about sizes, places and numbers are refused") {
        Zip zip = two_entries();
        SUBCASE("an entry is larger than the file") {
            zip.zip64 = true;
            zip.entries[1].claimed_size = int64_t{1} << 62;
            check_refused(zip.bytes(), {"4611686018427387904 bytes"});
        }
        SUBCASE("an entry reaches into the directory") {
            zip.entries[1].claimed_size = 4;
            check_refused(zip.bytes(), {"'a/second' lies outside"});
        }
        SUBCASE("two entries share their bytes") {
            zip.entries[1].claimed_begin = 0;
            zip.entries[1].claimed_size = 10;
            check_refused(zip.bytes(), {"overlaps"});
        }
        SUBCASE("an entry reaches into the next") {
            zip.entries[0].claimed_size = 11;
            check_refused(zip.bytes(), {"'a/second' overlaps"});
        }
        SUBCASE("an entry begins nowhere") {
            zip.entries[1].claimed_begin = 5;
            check_refused(zip.bytes(), {"overlaps"});
        }
        SUBCASE("more entries than the directory has room for") {
            zip.zip64 = true;
            zip.claimed_count = int64_t{1} << 40;
            check_refused(zip.bytes(), {"announces"});
        }
        SUBCASE("fewer entries than there are") {
            zip.claimed_count = 1;
            check_refused(zip.bytes(), {"more than the 1 entries"});
        }
        SUBCASE("more entries than there are") {
            zip.claimed_count = 3;
            check_refused(zip.bytes(), {"announces 3 entries"});
        }
        SUBCASE("the directory is elsewhere") {
            zip.claimed_directory = 1000;
            check_refused(zip.bytes(), {"directory"});
        }
        SUBCASE("two entries of one name") {
            zip.entries[1].name = "a/first";
            check_refused(zip.bytes(), {"two entries are called 'a/first'"});
        }
        SUBCASE("encrypted") {
            zip.entries[0].flags = 1;
            check_refused(zip.bytes(), {"'a/first' is encrypted"});
        }
    }
}
