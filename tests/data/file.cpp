#include "data/file.h"

#include <utility>
#include <vector>

#include "data/formats/list_file.h"
#include "data/keypoints/light_hand.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

using Lines = std::vector<std::pair<std::size_t, std::string>>;

Lines lines_of(const std::filesystem::path& path) {
    Lines lines;
    LineReader reader(path);
    for (std::string line; reader.next(line);) lines.emplace_back(reader.number(), line);
    return lines;
}

}  // namespace

TEST_SUITE("data/file") {
    TEST_CASE("lines keep their numbers, whatever ends them and however many are blank") {
        TemporaryFolder folder;
        const auto path = folder / "list.txt";
        write(path,
              "\xEF\xBB\xBF"
              "a 1\r\n\n \t\r\nb\r\r\n  c \n\r\nd");
        CHECK(lines_of(path) == Lines{{1, "a 1"}, {4, "b\r"}, {5, "  c "}, {7, "d"}});
        LineReader reader(path);
        std::string line;
        CHECK(reader.next(line));
        CHECK(reader.next(line));
        CHECK(reader.where() == path.string() + ":4");
        CHECK(reader.count() == 7);
        for (const char* blank : {"", "\n", "\n\n\n", " \t", "\xEF\xBB\xBF"}) {
            write(path, blank);
            CHECK(lines_of(path).empty());
        }
        write(path, "x");
        CHECK(lines_of(path) == Lines{{1, "x"}});
        CHECK(contains(error_of([&] { LineReader(folder / "none"); }), {"missing file", "none"}));
    }

    TEST_CASE("rows have a bound on their fields") {
        CHECK(split_csv(std::string(999, ','), "f:1").size() == 1000);
        CHECK(
            contains(error_of([] { split_csv(std::string(1000, ','), "f:1"); }), {"f:1", "1000"}));
        CHECK(split_at("a\tb\tc\td", '\t', 3) == std::vector<std::string>{"a", "b", "c\td"});
        CHECK(split_at("a\tb\tc", '\t', 3).size() == 3);
        // A table's row of any number of fields is counted without being split.
        TemporaryFolder folder;
        write(folder / "a.csv", "0" + std::string(5000, ',').replace(1, 1, "1,") + "\n");
        const ClipFiles clip{.name = "a", .frames = {}, .keypoints = folder / "a.csv", .count = 1};
        CHECK(contains(error_of([&] { read_light_hand(clip); }), {"a.csv", "row"}));
    }

    TEST_CASE("what stays inside a folder once links are followed") {
        namespace fs = std::filesystem;
        TemporaryFolder folder, other;
        fs::create_directories(folder / "root/a/b");
        fs::create_directories(folder / "root2");
        fs::create_directory_symlink(other.path(), folder / "root/out");
        fs::create_directory_symlink(folder / "root2", folder / "root/sibling");
        fs::create_directory_symlink("a/b", folder / "root/within");
        fs::create_directory_symlink(folder / "root", folder / "link");
        CHECK(stays_inside(folder / "root", folder / "root/a/b"));
        CHECK(stays_inside(folder / "root", folder / "root/within"));
        CHECK(stays_inside(folder / "root", folder / "link/a"));
        CHECK(stays_inside(folder / "link", folder / "root/a"));
        CHECK_FALSE(stays_inside(folder / "root", folder / "root/out"));
        // A name that only begins alike is another folder.
        CHECK_FALSE(stays_inside(folder / "root", folder / "root/sibling"));
        CHECK_FALSE(stays_inside(folder / "root", folder / "root/../root2"));
        CHECK(stays_inside(folder / "root", folder / "root/nothing"));
        CHECK(stays_inside(folder / "nothing", folder / "root"));
    }
}

}  // namespace mdn::test
